//! Tests of [`Request`]: nothing unclean, and what a redirect takes along.

use super::*;

fn request(url: &str) -> Request {
    Request::new(url).unwrap()
}

fn refused(mut request: Request) -> bool {
    request.take_fault().is_err_and(|error| error.kind() == ErrorKind::InvalidInput)
}

#[test]
fn unclean_parts_are_refused() {
    for bad in ["a\r\nX: y", "a\nb", "a\rb", "a\0b"] {
        assert!(refused(request("http://h/").add_header("X-A", bad)), "{bad:?}");
        assert!(refused(request("http://h/").add_unredirected_header("X-A", bad)), "{bad:?}");
        assert!(refused(request("http://h/").add_header(bad, "v")), "{bad:?}");
        assert!(refused(request("http://h/").method(bad)), "{bad:?}");
    }
    for bad in ["", "a b", "a:"] {
        assert!(refused(request("http://h/").add_header(bad, "v")), "{bad:?}");
    }
    for bad in ["", "GET /", "CONNECT"] {
        assert!(refused(request("http://h/").method(bad)), "{bad:?}");
    }
    assert!(!refused(request("http://h/").add_header("X-A", "a b\tc").method("PURGE")));
}

#[test]
fn the_method_follows_the_data() {
    assert_eq!(request("http://h/").get_method(), "GET");
    assert_eq!(request("http://h/").data("x").get_method(), "POST");
    assert_eq!(request("http://h/").data("x").method("PUT").get_method(), "PUT");
}

#[test]
fn a_redirect_within_the_origin_keeps_credentials() {
    let mut request = request("http://h/a")
        .add_header("Authorization", "secret")
        .add_header("X-A", "1")
        .add_unredirected_header("X-B", "2");
    request.redirect_to(Url::parse("http://h:80/b").unwrap());
    assert!(request.has_header("authorization") && request.has_header("x-a") && !request.has_header("x-b"));
    assert_eq!((request.origin_host(), request.is_unverifiable()), ("h", true));
}

#[test]
fn a_redirect_elsewhere_drops_them_for_good() {
    for elsewhere in ["http://g/", "http://h:81/", "https://h/"] {
        let mut request = request("http://h/a")
            .add_header("Authorization", "secret")
            .add_header("Cookie", "a=b")
            .add_header("Proxy-Authorization", "secret")
            .add_header("Host", "h")
            .add_header("X-A", "1");
        let mut target = Url::parse(elsewhere).unwrap();
        target.set_username("me").unwrap();
        target.set_password(Some("secret")).unwrap();
        request.redirect_to(target);
        assert_eq!(request.full_url(), elsewhere);
        request.redirect_to(Url::parse("http://h/a").unwrap());
        let names: Vec<_> = request.headers().keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["x-a"], "{elsewhere}");
        assert_eq!((request.origin_host(), request.is_unverifiable()), ("h", true));
    }
}

#[test]
fn a_get_has_no_data_and_says_nothing_of_it() {
    let mut request = request("http://h/")
        .data("x")
        .add_header("Content-Type", "text/plain")
        .add_unredirected_header("Content-Length", 1)
        .add_header("X-A", "1");
    request.make_get();
    assert_eq!(request.get_method(), "GET");
    assert!(request.data_ref().is_none() && request.unredirected_headers().is_empty());
    assert_eq!(request.headers().len(), 1);
}

#[test]
fn debug_shows_no_secrets() {
    let request = request("http://me:secret@h/").add_header("Authorization", "secret").data("secret");
    assert!(!format!("{request:?}").contains("secret"));
}
