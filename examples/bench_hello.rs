//! What benchmarks and hostile peers talk to: one path for each thing that a handler may do.
//!
//! `cargo run --release --example bench_hello [PORT]`

use std::{env, fmt::Write as _, io::Write, thread, time::Duration};

use sockeye::{
    Result,
    http::{Handler, HttpServer, Request, Response, StatusCode},
};

struct Bench;

fn text(response: Response<'_>, body: impl AsRef<[u8]>) -> Result<()> {
    response.send_response(StatusCode::OK).send_header("Content-Type", "text/plain").body(body)
}

fn dump(request: &Request<'_>) -> String {
    let mut lines = format!("M {}\nT {}\nV {:?}\n", request.method(), request.target(), request.version());
    for (name, value) in request.fields() {
        let _ = writeln!(lines, "H {name}: {}", value.escape_ascii());
    }
    lines
}

impl Handler for Bench {
    fn handle(&self, request: &mut Request<'_>, response: Response<'_>) -> Result<()> {
        match (request.method().as_str(), request.path()) {
            ("GET" | "HEAD" | "POST", "/") => text(response, "Hello, World!"),
            ("GET", "/block" | "/sleep") => {
                thread::sleep(Duration::from_millis(20));
                text(response, "Hello, World!")
            }
            ("GET", "/slow") => {
                thread::sleep(Duration::from_millis(700));
                text(response, "slow")
            }
            ("POST", "/echo") => {
                let mut body = response.send_response(StatusCode::OK).end_headers()?;
                std::io::copy(request, &mut body)?;
                Ok(())
            }
            ("POST", "/ignore") => text(response, "ignored"),
            ("GET", "/stream") => {
                let mut body = response.send_response(StatusCode::OK).end_headers()?;
                ["stream ", "of ", "parts"].iter().try_for_each(|part| body.write_all(part.as_bytes()))?;
                Ok(())
            }
            ("GET", "/dump") => text(response, dump(request)),
            ("GET", "/204") => response.send_response(StatusCode::NO_CONTENT).body(""),
            ("GET", "/304") => response.send_response(StatusCode::NOT_MODIFIED).body(""),
            ("GET", "/panic") => panic!("as it was asked to"),
            ("GET", "/inject") => {
                response.send_response(StatusCode::OK).send_header("X-A", "a\r\nX-Injected: 1").body("")
            }
            _ => response.send_error(StatusCode::NOT_FOUND, None),
        }
    }
}

fn main() -> Result<()> {
    let port = env::args().nth(1).and_then(|port| port.parse().ok()).unwrap_or(8000);
    HttpServer::bind(("", port))?.serve_forever(Bench)
}
