//! hyper 1 on tokio's multi-thread runtime, one task per connection.

use std::{convert::Infallible, thread};

use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    header,
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use sockeye_bench_peers::{HELLO, NAP, address};
use tokio::net::TcpListener;

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = match request.uri().path() {
        "/sleep" => {
            tokio::time::sleep(NAP).await;
            Bytes::from_static(HELLO.as_bytes())
        }
        "/block" => {
            thread::sleep(NAP);
            Bytes::from_static(HELLO.as_bytes())
        }
        "/echo" => request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default(),
        _ => Bytes::from_static(HELLO.as_bytes()),
    };
    Ok(Response::builder().header(header::CONTENT_TYPE, "text/plain").body(Full::new(body)).unwrap())
}

#[tokio::main]
async fn main() {
    let listener = TcpListener::bind(address()).await.unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let _ = stream.set_nodelay(true);
        let service = service_fn(answer);
        tokio::spawn(
            http1::Builder::new().pipeline_flush(true).serve_connection(TokioIo::new(stream), service),
        );
    }
}
