//! The ordinary, against httpbin: it says what it was asked, or answers as it is told.

use std::{fs, io::Read, time::Duration};

use sockeye::{
    Error, ErrorKind, Result,
    urllib::{Opener, Request, Response, urlencode},
};

use crate::support::httpbin_server;

/// Its JSON without blanks.
fn said(response: Response) -> Result<String> {
    Ok(response.text()?.split_ascii_whitespace().collect())
}

#[track_caller]
fn check(said: &str, expected: &[&str]) {
    for part in expected {
        assert!(said.contains(part), "no {part} in {said}");
    }
}

fn status(error: &Error) -> Option<u16> {
    error.response().map(Response::getcode)
}

#[test]
fn methods_headers_and_data() -> Result<()> {
    let Some(peer) = httpbin_server() else { return Ok(()) };
    let opener = Opener::new();
    let get = said(opener.open(peer.url("/get?a=1&b=x%20y&a=2"))?)?;
    check(&get, &[r#""a":["1","2"]"#, r#""b":"xy""#, r#""User-Agent":"sockeye/"#]);
    let form = Request::new(peer.url("/post"))?.data(urlencode([("name", "Ada & Co"), ("year", "1843")]));
    check(&said(opener.open(form)?)?, &[r#""form":{"name":"Ada&Co","year":"1843"}"#]);
    let put = Request::new(peer.url("/put"))?.method("PUT").data(r#"{"n":[1,2]}"#);
    let put = said(opener.open(put.add_header("Content-Type", "application/json"))?)?;
    check(&put, &[r#""json":{"n":[1,2]}"#, r#""Content-Type":"application/json""#]);
    for method in ["PATCH", "DELETE"] {
        let request = Request::new(peer.url(&format!("/{}", method.to_lowercase())))?;
        check(&said(opener.open(request.method(method).data("x"))?)?, &[r#""form":{"x":""}"#]);
    }
    let headers =
        Request::new(peer.url("/headers"))?.add_header("X-One", "first").add_header("X-Two", "a, b");
    check(&said(opener.open(headers)?)?, &[r#""X-One":"first""#, r#""X-Two":"a,b""#]);
    let response = opener.open(peer.url("/response-headers?X-Answer=42&X-Twice=a&X-Twice=b"))?;
    assert_eq!(response.headers()["x-answer"], "42");
    assert_eq!(response.headers().get_all("x-twice").iter().count(), 2);
    Ok(())
}

#[test]
fn statuses_and_conditions() -> Result<()> {
    let Some(peer) = httpbin_server() else { return Ok(()) };
    let opener = Opener::new();
    let error = opener.open(peer.url("/status/418")).unwrap_err();
    assert_eq!((error.kind(), status(&error)), (ErrorKind::Status, Some(418)));
    assert!(error.into_response()?.text()?.contains("teapot"));
    for (path, expected) in [("/status/204", 204), ("/status/201", 201)] {
        assert_eq!(opener.open(peer.url(path))?.getcode(), expected);
    }
    let response = opener.open(peer.url("/etag/abc"))?;
    assert_eq!((response.getcode(), response.headers()["etag"].to_str().ok()), (200, Some("abc")));
    let ask = |name: &'static str, tag: &str| {
        opener.open(Request::new(peer.url("/etag/abc"))?.add_header(name, tag))
    };
    let known = ask("If-None-Match", "\"abc\"")?;
    assert_eq!(known.getcode(), 304);
    assert_eq!(known.text()?, "");
    assert_eq!(ask("If-None-Match", "\"other\"")?.getcode(), 200);
    assert_eq!(status(&ask("If-Match", "\"other\"").unwrap_err()), Some(412));
    let cached = Request::new(peer.url("/cache"))?.add_header("If-Modified-Since", "x");
    assert_eq!(opener.open(cached)?.getcode(), 304);
    Ok(())
}

#[test]
fn redirects() -> Result<()> {
    let Some(peer) = httpbin_server() else { return Ok(()) };
    let opener = Opener::new();
    for path in ["/redirect/5", "/relative-redirect/5", "/absolute-redirect/5"] {
        let response = opener.open(peer.url(path))?;
        assert_eq!((response.geturl(), response.history().len()), (&*peer.url("/get"), 5), "{path}");
    }
    let error = opener.open(peer.url("/redirect/11")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Redirect);
    for (code, kept) in [(301, false), (302, false), (303, false), (307, true), (308, true)] {
        let to = urlencode([("url", "/anything"), ("status_code", &code.to_string())]);
        let request = Request::new(peer.url(&format!("/redirect-to?{to}")))?.data("a=b");
        let said = said(opener.open(request)?)?;
        let expected = if kept {
            [r#""method":"POST""#, r#""form":{"a":"b"}"#]
        } else {
            [r#""method":"GET""#, r#""form":{}"#]
        };
        check(&said, &expected);
    }
    Ok(())
}

#[cfg(feature = "cookies")]
#[test]
fn cookies_are_set_and_read() -> Result<()> {
    use sockeye::urllib::{CookieHandler, CookieJar, build_opener};

    let Some(peer) = httpbin_server() else { return Ok(()) };
    let jar = CookieJar::new();
    let opener = build_opener().add_handler(CookieHandler::new(jar.clone())).build();
    let set = said(opener.open(peer.url("/cookies/set?a=1&b=2"))?)?;
    check(&set, &[r#""cookies":{"a":"1","b":"2"}"#]);
    check(&said(opener.open(peer.url("/cookies/delete?a"))?)?, &[r#""cookies":{"b":"2"}"#]);
    assert_eq!(jar.len(), 1);
    check(&said(Opener::new().open(peer.url("/cookies"))?)?, &[r#""cookies":{}"#]);
    Ok(())
}

#[test]
fn users() -> Result<()> {
    let Some(peer) = httpbin_server() else { return Ok(()) };
    let opener = Opener::new();
    let with_user = |path: &str| peer.url(path).replace("http://", "http://me:pw@");
    for path in ["/basic-auth/me/pw", "/hidden-basic-auth/me/pw"] {
        check(&said(opener.open(with_user(path))?)?, &[r#""user":"me""#]);
    }
    let wrong = opener.open(with_user("/basic-auth/me/other")).unwrap_err();
    assert_eq!(status(&wrong), Some(401));
    let bearer = Request::new(peer.url("/bearer"))?.bearer_auth("t0k.en");
    check(&said(opener.open(bearer)?)?, &[r#""token":"t0k.en""#]);
    assert_eq!(status(&opener.open(peer.url("/bearer")).unwrap_err()), Some(401));
    Ok(())
}

#[cfg(feature = "digest")]
#[test]
fn digests() -> Result<()> {
    use sockeye::urllib::{DigestAuthHandler, build_opener};

    let Some(peer) = httpbin_server() else { return Ok(()) };
    let opener = build_opener().add_handler(DigestAuthHandler::default()).build();
    for quality in ["auth", "auth-int"] {
        for algorithm in ["MD5", "SHA-256"] {
            let path = format!("/digest-auth/{quality}/me/pw/{algorithm}");
            let url = peer.url(&path).replace("http://", "http://me:pw@");
            check(&said(opener.open(&url)?)?, &[r#""authenticated":true"#]);
            let wrong = opener.open(url.replace("me:pw@", "me:no@")).unwrap_err();
            assert_eq!(status(&wrong), Some(401), "{path}");
        }
    }
    Ok(())
}

#[test]
fn bodies() -> Result<()> {
    let Some(peer) = httpbin_server() else { return Ok(()) };
    let opener = Opener::new();
    for (coding, is_built_in) in [
        ("gzip", cfg!(feature = "gzip")),
        ("deflate", cfg!(feature = "gzip")),
        ("brotli", cfg!(feature = "brotli")),
    ] {
        if is_built_in {
            let name = if coding == "gzip" { r#""gzipped":true"# } else { coding };
            check(&said(opener.open(peer.url(&format!("/{coding}")))?)?, &[name, "true"]);
        }
    }
    let mut stream = opener.open(peer.url("/stream/20"))?;
    assert_eq!(stream.headers()["transfer-encoding"], "chunked");
    assert_eq!(stream.readlines()?.len(), 20);
    let mut bytes = Vec::new();
    for path in ["/stream-bytes/5000?seed=1&chunk_size=7", "/bytes/5000?seed=1"] {
        bytes.clear();
        assert_eq!(opener.open(peer.url(path))?.read_to_end(&mut bytes)?, 5000, "{path}");
    }
    bytes.clear();
    opener.open(peer.url("/image/png"))?.read_to_end(&mut bytes)?;
    assert!(bytes.starts_with(b"\x89PNG\r\n") && bytes.ends_with(b"IEND\xaeB`\x82"));
    let page = opener.open(peer.url("/encoding/utf8"))?.text()?;
    assert!(page.contains("ᚻᛖ ᚳᚹᚫᚦ ᚦᚫᛏ") && page.contains("Οὐχὶ"));
    Ok(())
}

#[test]
fn slow_answers() -> Result<()> {
    let Some(peer) = httpbin_server() else { return Ok(()) };
    let opener = Opener::new();
    let drip = opener.open(peer.url("/drip?duration=0.2&numbytes=10&delay=0"))?;
    assert_eq!(drip.text()?, "**********");
    let late = Request::new(peer.url("/delay/10"))?.timeout(Duration::from_millis(100));
    assert!(opener.open(late).unwrap_err().is_timeout());
    let slow = Request::new(peer.url("/drip?duration=10&numbytes=10&delay=0"))?;
    let slow = opener.open(slow.timeout(Duration::from_millis(500)));
    assert!(slow.and_then(Response::text).unwrap_err().is_timeout());
    Ok(())
}

/// Its tag lacks the quotes and so tells no version: a part of a file is asked for by hand.
#[test]
fn ranges_and_files() -> Result<()> {
    let Some(peer) = httpbin_server() else { return Ok(()) };
    let opener = Opener::new();
    let url = peer.url("/range/1024");
    let mut whole = String::new();
    opener.open(&url)?.read_to_string(&mut whole)?;
    let part = opener.open(Request::new(&url)?.add_header("Range", "bytes=1000-"))?;
    assert_eq!(
        (part.getcode(), part.headers()["content-range"].to_str().ok()),
        (206, Some("bytes 1000-1023/1024"))
    );
    assert_eq!(part.text()?, whole[1000..]);
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("letters");
    opener.resume(&url, &path, |_| ())?;
    assert_eq!(fs::read_to_string(&path)?, whole);
    // An error leaves what is there.
    let error =
        opener.resume(peer.url("/drip?numbytes=2&duration=0&delay=0&code=500"), &path, |_| ()).unwrap_err();
    assert_eq!(status(&error), Some(500));
    assert_eq!(fs::read_to_string(&path)?, whole);
    let beyond = opener.open(Request::new(&url)?.add_header("Range", "bytes=2000-")).unwrap_err();
    assert_eq!(status(&beyond), Some(416));
    Ok(())
}
