//! What benchmarks and hostile peers talk to, one path for each thing that a handler may do: `bench_hello [PORT]`.

use std::{env, fmt::Write as _, io, io::Write, process, thread, time::Duration};

use sockeye::Result;
use sockeye::http::{HttpServer, Request, Response, StatusCode, handler};

const HELLO: &str = "Hello, World!";

fn text(response: Response<'_>, body: impl AsRef<[u8]>) -> Result<()> {
    response.send_response(StatusCode::OK).send_header("Content-Type", "text/plain").body(body)
}

fn late(millis: u64, response: Response<'_>, body: &str) -> Result<()> {
    thread::sleep(Duration::from_millis(millis));
    text(response, body)
}

fn dump(request: &Request<'_>) -> String {
    let mut lines = format!("M {}\nT {}\nV {:?}\n", request.method(), request.target(), request.version());
    for (name, value) in request.fields() {
        let _ = writeln!(lines, "H {name}: {}", value.escape_ascii());
    }
    lines
}

fn answer(request: &mut Request<'_>, response: Response<'_>) -> Result<()> {
    match (request.method().as_str(), request.path()) {
        ("GET" | "HEAD" | "POST", "/") => text(response, HELLO),
        ("GET", "/block" | "/sleep") => late(20, response, HELLO),
        ("GET", "/slow") => late(700, response, "slow"),
        ("POST", "/echo") => {
            io::copy(request, &mut response.send_response(StatusCode::OK).end_headers()?)?;
            Ok(())
        }
        ("POST", "/ignore") => text(response, "ignored"),
        ("GET", "/stream") => {
            let mut body = response.send_response(StatusCode::OK).end_headers()?;
            Ok(["stream ", "of ", "parts"].iter().try_for_each(|part| body.write_all(part.as_bytes()))?)
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

fn main() -> Result<()> {
    let Ok(port) = env::args().nth(1).map_or(Ok(8000), |port| port.parse::<u16>()) else {
        eprintln!("usage: bench_hello [PORT], with a port from 0 to 65535");
        process::exit(2);
    };
    let server = HttpServer::bind(("", port))?.max_connections(20_000);
    println!("listening on {}", server.addr()?);
    server.serve_forever(handler(answer))
}
