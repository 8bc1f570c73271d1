//! Hostile URLs by the thousand: nothing panics, nothing hangs, and what is promised holds.

mod random;
mod wire;

use sockeye::{
    ErrorKind,
    urllib::{
        QueryOptions, Request, SplitResult, parse_qs, parse_qsl, quote, quote_from_bytes, quote_plus,
        quote_safe,
        testing::{Answer, Script},
        unquote, unquote_plus, unquote_to_bytes, urldefrag, urlencode, urljoin, urlsplit, urlunsplit,
    },
};

use random::Random;

/// Where redirects begin.
const START: &str = "http://h.example/start/here?q";

#[test]
fn requests_are_clean_or_refused() {
    let mut random = Random::new(1);
    for _ in 0..40_000 {
        let text = random.text();
        let request = match Request::new(&text) {
            Ok(request) => request,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::InvalidInput, "{text:?}");
                continue;
            }
        };
        let url = request.full_url();
        assert!(url.bytes().all(|byte| byte.is_ascii_graphic()), "{text:?}: {url:?}");
        assert_eq!(Request::new(url).unwrap().full_url(), url, "{text:?}");
        if matches!(request.url().scheme(), "http" | "https") {
            assert!(request.selector().starts_with('/') && !request.selector().contains('#'), "{text:?}");
            assert!(!request.url().host_str().unwrap().is_empty(), "{text:?}");
        }
    }
}

#[test]
fn parts_are_put_together_again() {
    let mut random = Random::new(2);
    for _ in 0..40_000 {
        let text = random.text();
        let Ok(parts) = urlsplit(&text) else { continue };
        let (_, _, _) = (parts.username(), parts.password(), parts.hostname());
        let _ = parts.port();
        let whole = urlunsplit(&parts);
        let again = urlsplit(&whole).unwrap();
        assert!(is_same(&parts, &again), "{text:?}: {whole:?}");
        assert_eq!(urlunsplit(&again), whole, "{text:?}");
        let (bare, fragment) = urldefrag(&text).unwrap();
        assert_eq!(fragment, parts.fragment, "{text:?}");
        assert!(!bare.contains('#'), "{text:?}: {bare}");
    }
}

/// No part moves into another one; but that a scheme with hosts gets a slash before its path.
fn is_same(parts: &SplitResult, again: &SplitResult) -> bool {
    let path = &again.path;
    let others = SplitResult { path: parts.path.clone(), ..again.clone() };
    others == *parts && (*path == parts.path || path.strip_prefix('/') == Some(&parts.path))
}

#[test]
fn a_reference_without_a_host_stays_with_the_base() {
    let mut random = Random::new(3);
    for _ in 0..40_000 {
        let (base, reference) = (random.text(), random.text());
        let Ok(joined) = urljoin(&base, &reference) else {
            assert!(urlsplit(&base).is_err() || urlsplit(&reference).is_err(), "{base:?} {reference:?}");
            continue;
        };
        let parts = urlsplit(&reference).unwrap_or_default();
        if base.is_empty() || reference.is_empty() || !parts.scheme.is_empty() || !parts.netloc.is_empty() {
            continue;
        }
        let from = urlsplit(&base).unwrap();
        let to = urlsplit(&joined).unwrap();
        assert!(to.netloc == from.netloc || joined == reference, "{base:?} {reference:?}: {joined:?}");
    }
}

#[test]
fn what_is_quoted_comes_back() {
    let mut random = Random::new(4);
    for _ in 0..20_000 {
        let (text, other, bytes) = (random.text(), random.text(), random.url());
        for quoted in [quote(&text), quote_safe(&text, ""), quote_safe(&text, ":/?#[]@")] {
            assert!(quoted.bytes().all(|byte| byte.is_ascii_graphic()), "{quoted}");
            assert_eq!(unquote(&quoted), text);
        }
        assert_eq!(unquote_plus(&quote_plus(&text)), text);
        assert_eq!(unquote_to_bytes(&quote_from_bytes(&bytes)), bytes);
        let (_, _) = (unquote(&text), unquote_plus(&text));
        let query = urlencode([(&text, &other), (&other, &text)]);
        let pairs: Vec<_> = parse_qsl(&query).collect();
        let sent = [(text.as_str(), other.as_str()), (&other, &text)];
        assert!(pairs.iter().map(|(name, value)| (&**name, &**value)).eq(sent), "{query}");
        let read = QueryOptions::new().strict().parse_qsl(&query).unwrap();
        assert!(read.iter().map(|(name, value)| (name.as_str(), value.as_str())).eq(sent), "{query}");
        assert!(parse_qs(&text).len() <= text.split('&').count());
        let few = QueryOptions::new().separator(';').max_num_fields(3).parse_qs(&text);
        assert_eq!(few.is_err(), text.matches(';').count() > 2, "{text:?}");
    }
}

/// Each as a `Location`, by a script: the next request is a clean one, and of another place none that knows the secret.
#[test]
fn redirects_lead_to_clean_places() {
    let mut random = Random::new(5);
    let mut followed = 0;
    for _ in 0..20_000 {
        let location = random.url();
        let script = Script::new().on(START, Answer::new("").status(302).header("Location", &location[..]));
        let request = Request::new(START).unwrap().add_header("X-Api-Key", "secret");
        let error = script.opener().open(request).unwrap_err();
        let asked = script.requests();
        let [first, rest @ ..] = &asked[..] else { panic!("{error}") };
        for next in rest {
            followed += 1;
            assert!(next.url.as_str().bytes().all(|byte| byte.is_ascii_graphic()), "{}", next.url);
            let stays = next.url.origin() == first.url.origin();
            assert_eq!(next.headers.contains_key("x-api-key"), stays, "{}", next.url);
        }
    }
    assert!(followed > 5_000, "{followed}");
}

/// What the fuzzer checks, on ways of several hops.
#[cfg(feature = "unstable-fuzzing")]
#[test]
fn ways_by_redirects_are_safe() {
    let mut random = Random::new(6);
    for _ in 0..10_000 {
        let mut way = if random.below(4) == 0 { random.url() } else { START.into() };
        for _ in 0..random.below(5) {
            way.push(b'\n');
            way.extend(random.url());
        }
        sockeye::fuzzing::redirect(&way);
    }
}
