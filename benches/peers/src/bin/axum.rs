//! axum 0.8 on tokio's multi-thread runtime.

use std::thread;

use axum::{
    Router,
    body::Bytes,
    extract::DefaultBodyLimit,
    routing::{get, post},
    serve::ListenerExt,
};
use sockeye_bench_peers::{HELLO, NAP, address};
use tokio::net::TcpListener;

async fn sleep() -> &'static str {
    tokio::time::sleep(NAP).await;
    HELLO
}

async fn block() -> &'static str {
    thread::sleep(NAP);
    HELLO
}

#[tokio::main]
async fn main() {
    let app = Router::new()
        .route("/", get(async || HELLO))
        .route("/sleep", get(sleep))
        .route("/block", get(block))
        .route("/echo", post(async |body: Bytes| body))
        .layer(DefaultBodyLimit::max(16 << 20));
    let listener = TcpListener::bind(address()).await.unwrap().tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, app).await.unwrap();
}
