use super::*;

#[test]
fn unclean_urls_are_refused() {
    for text in
        ["http://h/a b", "http://h/\r\nX: y", "http://h/\0", "http://h\t/", " http://h/", "http://h/\x7f"]
    {
        assert_eq!(parse(text).map_err(|e| e.kind()), Err(ErrorKind::InvalidInput), "{text:?}");
    }
    for (text, advice) in [("http://h/\r\n", "trim"), (" http://h/", "trim"), ("http://h/a b\n", "percent")] {
        let error = parse(text).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(advice), "{error}");
    }
}

#[test]
fn strange_urls_never_panic() {
    for text in ["", ":", "//", "http:", "http://", "http://h:99999/", "http://[::1", "http://%00/", "a:b"] {
        let _ = parse(text);
    }
}

#[test]
fn a_missing_scheme_is_named() {
    for text in ["localhost/x", "127.0.0.1:80/", "[::1]:80"] {
        let said = parse(text).map_or_else(|error| error.to_string(), |url| url.to_string());
        assert_eq!(said, format!("the URL {text:?} has no scheme: perhaps http://{text}"));
    }
    let error = parse("http//h/x").err().map(|error| error.to_string()).unwrap_or_default();
    assert!(error.ends_with("has no scheme: perhaps http://h/x"), "{error}");
    for text in ["", "/x", "//h/x"] {
        let said = parse(text).map_or_else(|error| error.to_string(), |url| url.to_string());
        assert_eq!(said, format!("the URL {text:?} has no scheme"));
    }
    for (text, is) in [
        ("localhost:8000", true),
        ("localhost:8000/x", true),
        ("h:80?q", true),
        ("data:,1", false),
        ("file:///1", false),
        ("x:", false),
        ("x:1y", false),
    ] {
        assert_eq!(parse(text).map(|url| is_host_and_port(&url)).ok(), Some(is), "{text}");
    }
}

#[test]
fn an_origin_is_scheme_host_and_port() -> Result<()> {
    let base = parse("http://h/")?;
    for (text, same) in
        [("http://H:80/x", true), ("http://h:81/", false), ("https://h/", false), ("http://g/", false)]
    {
        assert_eq!(same_origin(&base, &*parse(text)?), same, "{text}");
    }
    Ok(())
}

#[test]
fn passwords_are_not_shown() -> Result<()> {
    assert_eq!(without_user_info(&*parse("http://me:secret@h/x")?), "http://h/x");
    for text in
        ["me:secret@h:80/x?q", "me:se@cret@h:80/x?q", "me:secret/2@h:80/x?q", "me:1/secret?#@h:80/x?q"]
    {
        let url = parse(text)?;
        assert_eq!(without_user_info(&url), "…@h:80/x?q");
        let error = check_scheme(&url).unwrap_err().to_string();
        assert_eq!(error, "the URL has no scheme: perhaps http:// is missing before …@h:80/x?q");
    }
    assert_eq!(without_user_info(&*parse("data:,me@h")?), "data:,me@h");
    for text in [
        "http://me:secret@h/a b",
        "http://me:se/cret:secret@h:99999/",
        "secret@h/x",
        "//me:secret@h",
        "my_user:secret@h/?u=http://x/",
        "1me:se//cret:secret@h//x y",
    ] {
        let error = parse(text).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("@h") && !error.contains("secret"), "{error}");
    }
    Ok(())
}
