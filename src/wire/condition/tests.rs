use super::*;

const TAG: &[u8] = b"\"abc\"";
/// Sun, 06 Nov 1994 08:49:37 GMT.
const CHANGED: u64 = 784_111_777;
const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
const AFTER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";

fn now() -> Validators<'static> {
    Validators { tag: EntityTag::parse(TAG), modified: Some(CHANGED), now: CHANGED + 100 }
}

fn outcome_of<'h>(
    method: &Method,
    fields: &'h [(&'h str, &'h str)],
    current: &Validators<'_>,
) -> Outcome<'h> {
    evaluate(method, fields.iter().map(|&(name, value)| (name, value.as_bytes())), current)
}

#[track_caller]
fn check(fields: &[(&str, &str)], expected: Outcome<'_>) {
    assert_eq!(outcome_of(&Method::GET, fields, &now()), expected, "GET {fields:?}");
}

#[test]
fn tags() {
    let tag = |text: &'static str| EntityTag::parse(text.as_bytes());
    for bad in [
        "",
        "\"",
        "abc",
        "\"a",
        "a\"",
        "\"a\"b",
        "w/\"a\"",
        "W\"a\"",
        "W/a",
        "\"a b\"",
        "\"a\x7f\"",
        "\"a\"\"",
        "*",
    ] {
        assert_eq!(tag(bad), None, "{bad:?}");
    }
    assert!(EntityTag::parse(b"\"\xe9\"").is_some(), "obs-text");
    // The table of RFC 9110 §8.8.3.2.
    for (a, b, exactly, like) in [
        ("W/\"1\"", "W/\"1\"", false, true),
        ("W/\"1\"", "W/\"2\"", false, false),
        ("W/\"1\"", "\"1\"", false, true),
        ("\"1\"", "\"1\"", true, true),
        ("\"\"", "\"\"", true, true),
    ] {
        let (one, other) = (tag(a).unwrap(), tag(b).unwrap());
        assert_eq!((one.is_exactly(&other), one.is_like(&other)), (exactly, like), "{a} {b}");
        assert_eq!((other.is_exactly(&one), other.is_like(&one)), (exactly, like), "{b} {a}");
    }
}

#[test]
fn if_match() {
    for good in ["*", " * ", "\"abc\"", "\"x\", \"abc\"", ",, \"abc\"", "\"x\",\"a,b\" ,\"abc\" ,junk"] {
        check(&[("If-Match", good)], Outcome::Whole);
    }
    for bad in ["\"x\"", "W/\"abc\"", "abc", "", "*, \"abc\"", "\"x\" \"abc\"", "junk, \"abc\""] {
        check(&[("If-Match", bad)], Outcome::Failed);
    }
    // Two lines are one list.
    check(&[("If-Match", "\"x\""), ("if-match", "\"abc\"")], Outcome::Whole);
    // Then If-Unmodified-Since isn't looked at.
    check(&[("If-Match", "*"), ("If-Unmodified-Since", BEFORE)], Outcome::Whole);
    // What has no tag matches `*` alone.
    let untagged = Validators { tag: None, ..now() };
    assert_eq!(outcome_of(&Method::GET, &[("If-Match", "\"abc\"")], &untagged), Outcome::Failed);
    assert_eq!(outcome_of(&Method::GET, &[("If-Match", "*")], &untagged), Outcome::Whole);
}

#[test]
fn if_unmodified_since() {
    check(&[("If-Unmodified-Since", DATE)], Outcome::Whole);
    check(&[("If-Unmodified-Since", AFTER)], Outcome::Whole);
    check(&[("If-Unmodified-Since", BEFORE)], Outcome::Failed);
    check(&[("If-Unmodified-Since", "yesterday")], Outcome::Whole);
    check(&[("If-Unmodified-Since", BEFORE), ("If-Unmodified-Since", BEFORE)], Outcome::Whole);
    let undated = Validators { modified: None, ..now() };
    assert_eq!(outcome_of(&Method::GET, &[("If-Unmodified-Since", BEFORE)], &undated), Outcome::Whole);
}

#[test]
fn if_none_match() {
    for known in ["*", "\"abc\"", "W/\"abc\"", "\"x\", W/\"abc\""] {
        check(&[("If-None-Match", known)], Outcome::NotModified);
        assert_eq!(outcome_of(&Method::HEAD, &[("If-None-Match", known)], &now()), Outcome::NotModified);
        assert_eq!(outcome_of(&Method::PUT, &[("If-None-Match", known)], &now()), Outcome::Failed);
    }
    for other in ["\"x\"", "abc", "", "\"abc"] {
        check(&[("If-None-Match", other)], Outcome::Whole);
    }
    // Then If-Modified-Since isn't looked at.
    check(&[("If-None-Match", "\"x\""), ("If-Modified-Since", AFTER)], Outcome::Whole);
}

#[test]
fn if_modified_since() {
    check(&[("If-Modified-Since", DATE)], Outcome::NotModified);
    check(&[("If-Modified-Since", AFTER)], Outcome::NotModified);
    check(&[("If-Modified-Since", BEFORE)], Outcome::Whole);
    // The two obsolete forms (RFC 9110 §5.6.7).
    check(&[("If-Modified-Since", "Sunday, 06-Nov-94 08:49:37 GMT")], Outcome::NotModified);
    check(&[("If-Modified-Since", "Sun Nov  6 08:49:37 1994")], Outcome::NotModified);
    for junk in ["", "0", "junk", "Sun, 06 Nov 1994 08:49:37", "Sun, 99 Nov 1994 08:49:37 GMT", "é"] {
        check(&[("If-Modified-Since", junk)], Outcome::Whole);
    }
    assert_eq!(outcome_of(&Method::POST, &[("If-Modified-Since", AFTER)], &now()), Outcome::Whole);
}

#[test]
fn the_order_of_the_steps() {
    // A failed If-Match wins over a matching If-None-Match.
    check(&[("If-None-Match", "\"abc\""), ("If-Match", "\"x\"")], Outcome::Failed);
    check(&[("If-None-Match", "\"abc\""), ("If-Match", "\"abc\"")], Outcome::NotModified);
    check(&[("If-Modified-Since", DATE), ("If-Unmodified-Since", BEFORE)], Outcome::Failed);
    // A 304 wins over a range.
    check(&[("Range", "bytes=0-1"), ("If-None-Match", "\"abc\"")], Outcome::NotModified);
    check(&[("Range", "bytes=0-1"), ("If-Match", "\"abc\"")], Outcome::Ranges(b"bytes=0-1"));
}

#[test]
fn if_range() {
    let range = ("Range", "bytes=0-1");
    check(&[range], Outcome::Ranges(b"bytes=0-1"));
    for same in ["\"abc\"", DATE, "Sunday, 06-Nov-94 08:49:37 GMT"] {
        check(&[range, ("If-Range", same)], Outcome::Ranges(b"bytes=0-1"));
    }
    for other in ["\"x\"", "W/\"abc\"", "*", "", "abc", BEFORE, AFTER, "\"abc\", \"x\""] {
        check(&[range, ("If-Range", other)], Outcome::Whole);
    }
    check(&[("If-Range", "\"abc\"")], Outcome::Whole);
    check(&[range, ("If-Range", "\"abc\""), ("If-Range", "\"abc\"")], Outcome::Whole);
    check(&[range, range], Outcome::Whole);
    assert_eq!(outcome_of(&Method::HEAD, &[range], &now()), Outcome::Whole);

    // A second change may hide in the current second: the date proves nothing.
    let fresh = Validators { now: CHANGED, ..now() };
    assert_eq!(outcome_of(&Method::GET, &[range, ("If-Range", DATE)], &fresh), Outcome::Whole);
    // A weak tag of ours can't prove anything either.
    let weak = Validators { tag: EntityTag::parse(b"W/\"abc\""), ..now() };
    assert_eq!(outcome_of(&Method::GET, &[range, ("If-Range", "W/\"abc\"")], &weak), Outcome::Whole);
    assert_eq!(outcome_of(&Method::GET, &[range, ("If-Range", "\"abc\"")], &weak), Outcome::Whole);
}

#[test]
fn nothing_panics() {
    let mut seed = 7_u64;
    for _ in 0..20_000 {
        let mut text = Vec::new();
        for _ in 0..24 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let pool = b"\"\"W/,, *abcSun, 06 Nov 1994:- GMT\x00\xff";
            text.push(pool[(seed >> 33) as usize % pool.len()]);
        }
        for name in
            ["if-match", "if-none-match", "if-range", "if-modified-since", "range", "if-unmodified-since"]
        {
            let fields = [(name, &text[..]), ("range", b"bytes=0-1")];
            let _ = evaluate(&Method::GET, fields.iter().copied(), &now());
        }
    }
}
