//! Openers that answer from a script.

use sockeye::{
    ErrorKind, Result,
    urllib::{
        Data, Method, Request, RetryHandler, build_opener,
        testing::{Answer, Script},
    },
};

#[test]
fn answers_come_in_turn_and_by_method() -> Result<()> {
    let script = Script::new().on("http://h.example/", "one").on("http://h.example/", "two").on_method(
        &Method::PUT,
        "http://h.example/",
        Answer::new("made").status(201).header("X-A", "b"),
    );
    let opener = script.opener();
    for expected in ["one", "two", "two"] {
        assert_eq!(opener.open("http://h.example/#part")?.text()?, expected);
    }
    let put = Request::new("http://me:secret@h.example/")?.method("PUT").data(Data::reader(&b"data"[..]));
    let response = opener.open(put)?;
    assert_eq!((response.getcode(), &response.headers()["x-a"]), (201, &"b".parse().unwrap()));
    let asked = script.requests();
    assert_eq!((asked.len(), &asked[3].method, asked[3].data.as_slice()), (4, &Method::PUT, &b"data"[..]));
    assert_eq!(asked[3].headers["authorization"], "Basic bWU6c2VjcmV0");
    let head = opener.open(Request::new("http://h.example/")?.method("HEAD"))?;
    assert_eq!((head.headers()["content-length"].to_str().unwrap(), head.bytes_left()), ("3", Some(0)));
    Ok(())
}

#[test]
fn failures_are_scripted_too() -> Result<()> {
    let refused = || Answer::fail(ErrorKind::ConnectionRefused);
    let script = Script::new().on("http://h.example/", refused()).on("http://h.example/", "up again");
    let retry = RetryHandler::new().backoff(Default::default(), Default::default());
    let opener = build_opener().add_handler(script.clone()).add_handler(retry).build();
    assert_eq!(opener.open("http://h.example/")?.text()?, "up again");
    assert_eq!(script.requests().len(), 2);
    Ok(())
}

#[test]
fn nothing_else_is_answered() {
    let error = Script::new().opener().open("http://h.example/x").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().ends_with("nothing is scripted for GET http://h.example/x"), "{error}");
    for script in [
        Script::new().on("h.example", "x"),
        Script::new().on("http://h.example/", Answer::new("").status(7)),
        Script::new().on("http://h.example/", Answer::new("").header("a b", "c")),
    ] {
        let error = script.opener().open("http://h.example/").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        assert!(error.to_string().contains("the script: "), "{error}");
    }
}

/// As from the wire: what a redirect dropped isn't shown, nor what isn't this request's to say.
#[test]
fn what_is_not_sent_is_not_shown() -> Result<()> {
    let script = Script::new()
        .on("http://a.example/", Answer::new("").status(302).header("Location", "http://b.example/"))
        .on("http://b.example/", "there");
    let opener = build_opener()
        .add_header("Authorization", "Bearer secret")
        .add_header("X-Open", "shown")
        .add_handler(script.clone())
        .build();
    let request = Request::new("http://a.example/")?.add_header("Proxy-Authorization", "secret");
    assert_eq!(opener.open(request)?.text()?, "there");
    let asked = script.requests();
    assert_eq!(asked[0].headers["authorization"], "Bearer secret");
    assert_eq!(
        (asked[1].headers.get("authorization"), &asked[1].headers["x-open"]),
        (None, &"shown".parse().unwrap())
    );
    assert!(!asked[0].headers.contains_key("proxy-authorization"));
    Ok(())
}
