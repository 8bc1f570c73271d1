//! Headers that are somebody's secret stay with the scheme, host and port that they were given for.

use sockeye::{
    Result,
    urllib::{HeaderName, HeaderValue, Request, build_opener},
};

use super::{hear, moved, ok, one, text};

const SECRETS: [&str; 5] = ["authorization", "cookie", "x-api-key", "x-session", "x-marked"];

fn request(url: &str) -> Result<Request> {
    let mut request = Request::new(url)?.add_header("X-Open", "shown");
    for name in &SECRETS[..4] {
        request.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static("secret"));
    }
    let mut marked = HeaderValue::from_static("secret");
    marked.set_sensitive(true);
    Ok(request.add_header("X-Marked", marked))
}

/// What is for a proxy goes to no server at all.
#[test]
fn what_a_proxy_is_shown_is_for_a_proxy() -> Result<()> {
    let server = one([hear(), ok("direct")]);
    let opener = build_opener().add_header("Proxy-Authorization", "secret").build();
    let request = Request::new(server.url("/"))?.add_unredirected_header("Proxy-Authorization", "secret");
    assert_eq!(text(opener.open(request)?)?, "direct");
    let heard = server.heard();
    assert!(!heard[0].contains("roxy") && !heard[0].contains("secret"), "{heard:?}");
    Ok(())
}

#[test]
fn secrets_stay_at_another_port_and_dont_come_back() -> Result<()> {
    let opener = build_opener().sensitive_header("X-Session").add_header("X-Api-Key", "secret").build();
    let other = one([hear(), ok("there")]);
    let first = one([hear(), moved(307, &other.url("/x"))]);
    assert_eq!(text(opener.open(request(&first.url("/"))?)?)?, "there");
    let (first, other) = (first.heard(), other.heard());
    for name in SECRETS {
        assert!(first[0].contains(&format!("{name}: secret\r\n")), "{first:?}");
        assert!(!other[0].contains(name), "{other:?}");
    }
    assert!(other[0].contains("x-open: shown") && !other[0].contains("secret"), "{other:?}");
    Ok(())
}

#[test]
fn a_second_hop_has_none_of_them() -> Result<()> {
    let opener = build_opener().sensitive_header("X-Session").add_header("X-Api-Key", "secret").build();
    let last = one([hear(), ok("back")]);
    // From the second server on to a third: nothing that was dropped at the first hop is there again.
    let second = one([hear(), moved(302, &last.url("/"))]);
    let first = one([hear(), moved(302, &second.url("/"))]);
    assert_eq!(text(opener.open(request(&first.url("/"))?)?)?, "back");
    for heard in [second.heard(), last.heard()] {
        assert!(!heard[0].contains("secret"), "{heard:?}");
    }
    Ok(())
}

#[test]
fn the_same_place_keeps_them() -> Result<()> {
    let opener = build_opener().sensitive_header("X-Session").build();
    let server = one([hear(), moved(302, "/x"), hear(), ok("same")]);
    assert_eq!(text(opener.open(request(&server.url("/"))?)?)?, "same");
    assert_eq!(server.heard()[0].matches("secret").count(), 2 * SECRETS.len());
    Ok(())
}

#[test]
fn well_known_names_are_secret() -> Result<()> {
    let names = [
        "api-key",
        "api-token",
        "apikey",
        "cookie2",
        "dd-api-key",
        "dd-application-key",
        "job-token",
        "ocp-apim-subscription-key",
        "private-token",
        "x-access-token",
        "x-api-token",
        "x-auth-key",
        "x-functions-key",
        "x-github-token",
        "x-goog-api-key",
        "x-session-token",
        "x-shopify-access-token",
        "x-vault-token",
        "x-xsrf-token",
    ];
    let other = one([hear(), ok("there")]);
    let first = one([hear(), moved(302, &other.url("/"))]);
    let mut request = Request::new(first.url("/"))?;
    for name in names {
        request.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static("secret"));
    }
    assert_eq!(text(build_opener().build().open(request)?)?, "there");
    assert_eq!(first.heard()[0].matches("secret").count(), names.len());
    let heard = other.heard();
    assert!(!heard[0].contains("secret"), "{heard:?}");
    Ok(())
}
