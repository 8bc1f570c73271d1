//! curl and Python's `urllib.request` and `http.client` read from our server.

use std::{
    fs,
    io::{Read, Write},
    process::Command,
};

use sockeye::{
    Result,
    http::{FileHandler, Handler, Request, Response, StatusCode},
};
use tempfile::tempdir;

use crate::support::{Program, Serving, peer, serve};

/// One answer of each framing.
struct App;

impl Handler for App {
    fn do_get(&self, request: &mut Request<'_>, response: Response<'_>) -> Result<()> {
        match request.path() {
            "/stream" => {
                let mut body = response.send_response(StatusCode::OK).end_headers()?;
                for part in ["a stream ", "of ", "parts"] {
                    body.write_all(part.as_bytes())?;
                    body.flush()?;
                }
                Ok(())
            }
            "/204" => response.send_response(StatusCode::NO_CONTENT).body(""),
            "/agent" => {
                let agent = request.header("User-Agent").unwrap_or("nobody").to_owned();
                response.send_response(StatusCode::OK).body(agent)
            }
            "/moved" => {
                response.send_response(StatusCode::FOUND).send_header("Location", "/agent").body("over there")
            }
            _ => response.send_error(StatusCode::NOT_FOUND, None),
        }
    }

    fn do_post(&self, request: &mut Request<'_>, response: Response<'_>) -> Result<()> {
        match request.path() {
            "/ignore" => response.send_response(StatusCode::OK).body("ignored"),
            _ => {
                let mut body = Vec::new();
                request.read_to_end(&mut body)?;
                response.send_response(StatusCode::OK).body(body)
            }
        }
    }
}

/// What curl printed; `None` without curl.
#[track_caller]
fn curl(arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(peer("curl")?);
    command.args(["--silent", "--show-error", "--max-time", "30", "--noproxy", "*"]).args(arguments);
    Some(Program::start(&mut command).finish().success())
}

/// A body that fills many buffers.
fn big() -> String {
    (0..200_000).map(|n| format!("{n} ")).collect()
}

#[test]
fn curl_reads_every_framing() {
    let server = serve(App);
    let Some(stream) = curl(&[&server.url("/stream")]) else { return };
    assert_eq!(stream, "a stream of parts");
    let old = curl(&["--http1.0", "--include", &server.url("/stream")]).unwrap();
    assert!(old.ends_with("a stream of parts") && !old.to_lowercase().contains("chunked"), "{old}");
    let head = curl(&["--head", &server.url("/agent")]).unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK") && !head.contains("curl"), "{head}");
    assert!(curl(&["--include", &server.url("/204")]).unwrap().starts_with("HTTP/1.1 204 No Content"));
    assert!(curl(&["--location", &server.url("/moved")]).unwrap().starts_with("curl/"));
    assert_eq!(
        curl(&["--write-out", "%{http_code}", "--output", "/dev/null", &server.url("/")]).unwrap(),
        "404"
    );
}

#[test]
fn curl_sends_bodies_in_every_way() {
    let (server, folder) = (serve(App), tempdir().unwrap());
    let file = folder.path().join("big");
    fs::write(&file, big()).unwrap();
    let (from_file, echo) = (format!("@{}", file.display()), server.url("/echo"));
    let Some(small) = curl(&["--data", "name=value", &echo]) else { return };
    assert_eq!(small, "name=value");
    // A length and `Expect: 100-continue`; then chunks; then the old protocol.
    for more in [vec![], vec!["--header", "Transfer-Encoding: chunked"], vec!["--http1.0"]] {
        let arguments = [&["--data-binary", &from_file], &more[..], &[echo.as_str()]].concat();
        assert!(curl(&arguments).unwrap() == big(), "{more:?}");
    }
    let ignored = curl(&["--data-binary", &from_file, &server.url("/ignore")]).unwrap();
    assert_eq!(ignored, "ignored");
}

#[test]
fn curl_keeps_its_connection() {
    let server = serve(App);
    let url = server.url("/agent");
    let made = ["--output", "/dev/null", "--write-out", "%{num_connects}"];
    let arguments = [&made[..], &[url.as_str()], &["--next"], &made[..], &[url.as_str()]].concat();
    let Some(connections) = curl(&arguments) else { return };
    assert_eq!(connections, "10");
}

#[test]
fn curl_downloads_parts_of_files_and_changes_only() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("file.txt"), "0123456789").unwrap();
    fs::write(folder.path().join("half"), "01234").unwrap();
    let server = serve(FileHandler::new(folder.path()));
    let (url, half) = (server.url("/file.txt"), folder.path().join("half").display().to_string());
    let Some(whole) = curl(&[&url]) else { return };
    assert_eq!(whole, "0123456789");
    assert_eq!(curl(&["--range", "2-4", &url]).unwrap(), "234");
    assert_eq!(curl(&["--range", "-3", &url]).unwrap(), "789");
    curl(&["--continue-at", "-", "--output", &half, &url]).unwrap();
    assert_eq!(fs::read_to_string(&half).unwrap(), "0123456789");
    let etag = folder.path().join("etag").display().to_string();
    curl(&["--etag-save", &etag, &url]).unwrap();
    let again = ["--etag-compare", &etag, "--write-out", "%{http_code}", &url];
    assert_eq!(curl(&again).unwrap(), "304");
    let outside =
        curl(&["--path-as-is", "--write-out", "%{http_code}", &server.url("/../../etc/passwd")]).unwrap();
    assert!(outside.ends_with("404") || outside.ends_with("400"), "{outside}");
}

/// Runs the script of that name beside this file.
#[track_caller]
fn python(script: &str, server: &Serving) {
    let Some(python) = peer("python3") else { return };
    let path = format!("{}/tests/it/interop/{script}", env!("CARGO_MANIFEST_DIR"));
    Program::start(Command::new(python).args([&path, &server.addr().to_string()])).finish().success();
}

#[test]
fn python_urllib_and_http_client() {
    python("client.py", &serve(App));
}
