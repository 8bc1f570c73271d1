//! An HTTP server that says hello: `http_hello [PORT]`, by default 8000; then open http://127.0.0.1:8000/.

use std::{env, io::Write, process};

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
    let Ok(port) = env::args().nth(1).map_or(Ok(8000), |port| port.parse::<u16>()) else {
        eprintln!("usage: http_hello [PORT], with a port from 0 to 65535");
        process::exit(2);
    };
    let server = HttpServer::bind(("", port))?;
    println!("listening on {}", server.addr()?);
    server.serve_forever(Sample)
}
