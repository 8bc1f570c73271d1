//! Hosts that want TLS are asked by https.

use std::sync::{Arc, Mutex};

use sockeye::{
    Result,
    urllib::{Exchange, Handler, HeaderValue, HstsHandler, Request, Response, Url, build_opener},
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
