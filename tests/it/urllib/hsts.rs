//! Hosts that want TLS are asked by https.

use std::sync::{Arc, Mutex};

use sockeye::{
    ErrorKind, Result,
    urllib::{
        Exchange, Handler, HeaderValue, HstsHandler, Request, Response, Url, build_opener,
        testing::{Answer, Script},
    },
};

/// Answers everything, as hosts do that want TLS, and remembers what it was asked.
#[derive(Clone, Default)]
struct Web(Arc<Mutex<Vec<String>>>);

impl Handler for Web {
    fn open(&self, request: &mut Request, _: &mut Exchange<'_>) -> Option<Result<Response>> {
        self.0.lock().unwrap().push(request.full_url().to_owned());
        let mut response = Response::new(request.url().clone(), std::io::empty());
        let value = HeaderValue::from_static("max-age=100; includeSubDomains");
        response.headers_mut().insert("strict-transport-security", value);
        Some(Ok(response))
    }
}

#[test]
fn http_becomes_https_once_the_host_said_so() -> Result<()> {
    let (web, hsts) = (Web::default(), HstsHandler::new());
    let opener = build_opener().add_handler(web.clone()).add_handler(hsts.clone()).build();
    for url in [
        "http://example.org/",
        "https://example.org/a",
        "http://example.org/b?c",
        "http://www.example.org:8080/",
        "http://other.example/",
        "https://127.0.0.1/",
        "http://127.0.0.1/",
    ] {
        opener.open(url)?;
    }
    let asked = web.0.lock().unwrap().clone();
    let expected = [
        // Over http it counts for nothing.
        "http://example.org/",
        "https://example.org/a",
        "https://example.org/b?c",
        "https://www.example.org:8080/",
        "http://other.example/",
        "https://127.0.0.1/",
        "http://127.0.0.1/",
    ];
    assert_eq!(asked, expected);
    assert!(hsts.covers(&Url::parse("http://example.org/").unwrap()));
    Ok(())
}

#[test]
fn a_redirect_to_http_becomes_https_before_it_is_judged() -> Result<()> {
    let script = Script::new()
        .on("https://a.example/", Answer::new("").status(302).header("Location", "http://b.example/x"))
        .on("https://b.example/x", "there");
    let hsts = HstsHandler::new();
    let opener = build_opener().add_handler(script).add_handler(hsts.clone()).build();
    assert_eq!(opener.open("https://a.example/").unwrap_err().kind(), ErrorKind::Redirect);
    hsts.remember("b.example", "max-age=100");
    let response = opener.open("https://a.example/")?;
    assert_eq!((response.geturl(), response.history().len()), ("https://b.example/x", 1));
    Ok(())
}
