//! An HTTP server that says hello. Run it, then open http://127.0.0.1:8000/ in a browser.
//!
//! `cargo run --example http_hello [PORT]`

use std::{env, io::Write};

use sockeye::{
    Result,
    http::{Handler, HttpServer, Request, Response, StatusCode},
};

struct Sample;

impl Handler for Sample {
    fn do_get(&self, request: &mut Request<'_>, response: Response<'_>) -> Result<()> {
        if request.path() != "/" {
            return response.send_error(StatusCode::NOT_FOUND, None);
        }
        let contents = "Hello World";
        let mut body = response
            .send_response(StatusCode::OK)
            .send_header("Content-Type", "text/html; charset=utf-8")
            .send_header("Content-Length", contents.len())
            .end_headers()?;
        body.write_all(contents.as_bytes())?;
        Ok(())
    }
}

fn main() -> Result<()> {
    let port = env::args().nth(1).and_then(|port| port.parse().ok()).unwrap_or(8000);
    let server = HttpServer::bind(("", port))?;
    for address in server.addrs()? {
        println!("listening on {address}");
    }
    server.serve_forever(Sample)
}
