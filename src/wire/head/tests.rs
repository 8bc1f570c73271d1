use super::*;
use crate::wire::{fuzzing, testing::Random};

/// What a head should come out as: `method target version name=value|…`.
type Expected<'a> = Result<&'a str, HeadError>;

fn show_fields(fields: Fields<'_>) -> String {
    let show = |(name, value): (&str, &[u8])| format!("{name}={}", value.escape_ascii());
    fields.iter().map(show).collect::<Vec<_>>().join("|")
}

fn parse_with(bytes: &[u8], limits: &Limits) -> Result<Parsed<(String, usize)>, HeadError> {
    let mut room = storage();
    Ok(match parse_request(bytes, &mut room, limits)? {
        Parsed::Partial => Parsed::Partial,
        Parsed::Complete(head) => {
            let fields = show_fields(head.fields);
            let text = format!("{} {} {:?} {fields}", head.method, head.target, head.version);
            Parsed::Complete((text, head.len))
        }
    })
}

/// Also byte by byte: no prefix may say anything else, and the scanner has to wake the parser exactly in time.
#[track_caller]
fn check_with(limits: &Limits, input: impl AsRef<[u8]>, expected: Expected<'_>) {
    let bytes = input.as_ref();
    let whole = parse_with(bytes, limits);
    match (&whole, expected) {
        (Ok(Parsed::Complete((text, len))), Ok(expected)) => {
            assert_eq!(text, expected);
            assert_eq!(*len, bytes.len(), "bytes of the head");
        }
        (Err(error), Err(expected)) => assert_eq!(*error, expected, "{}", bytes.escape_ascii()),
        _ => panic!("{whole:?} for {}", bytes.escape_ascii()),
    }
    let mut scanner = HeadScanner::default();
    for end in 0..=bytes.len() {
        let now = parse_with(&bytes[..end], limits);
        let scanned = scanner.scan(&bytes[..end], limits);
        if now != Ok(Parsed::Partial) {
            assert_eq!(now, whole, "after {end} bytes");
            assert!(scanned || now.is_err());
            break;
        }
        assert!(!scanned);
    }
    // What follows changes nothing.
    if whole.is_ok() {
        let mut more = bytes.to_vec();
        more.extend_from_slice(b"GET / HTTP/1.1\r\n\0");
        assert_eq!(parse_with(&more, limits), whole);
    }
    fuzzing::request_head(bytes);
}

#[track_caller]
fn check(input: impl AsRef<[u8]>, expected: Expected<'_>) {
    check_with(&Limits::DEFAULT, input, expected);
}

#[track_caller]
fn check_response(input: impl AsRef<[u8]>, expected: Expected<'_>) {
    let parse = |bytes: &[u8]| {
        let mut room = storage();
        Ok::<_, HeadError>(match parse_response(bytes, &mut room, &Limits::DEFAULT)? {
            Parsed::Partial => Parsed::Partial,
            Parsed::Complete(head) => {
                let (reason, fields) = (head.reason.escape_ascii(), show_fields(head.fields));
                assert_eq!(head.len, bytes.len().min(head.len));
                Parsed::Complete(format!("{:?} {} {reason} {fields}", head.version, head.status.as_str()))
            }
        })
    };
    let bytes = input.as_ref();
    let whole = parse(bytes);
    assert_eq!(whole, expected.map(|text| Parsed::Complete(text.to_owned())), "{}", bytes.escape_ascii());
    for end in 0..bytes.len() {
        let now = parse(&bytes[..end]);
        assert!(now == Ok(Parsed::Partial) || (now.is_err() && now == whole), "after {end} bytes: {now:?}");
    }
    fuzzing::response_head(bytes);
}

#[test]
fn requests() {
    check("GET / HTTP/1.1\r\n\r\n", Ok("GET / Http11 "));
    check("GET / HTTP/1.0\r\nHost: a\r\n\r\n", Ok("GET / Http10 Host=a"));
    check("get /a?b=c HTTP/1.1\r\nA:1\r\nB: \t2 \t\r\n\r\n", Ok("get /a?b=c Http11 A=1|B=2"));
    check("M-SEARCH * HTTP/1.1\r\n\r\n", Err(HeadError::Target));
    check("OPTIONS * HTTP/1.1\r\n\r\n", Ok("OPTIONS * Http11 "));
    check("GET http://a:1/b HTTP/1.1\r\n\r\n", Ok("GET http://a:1/b Http11 "));
    check("CONNECT a:443 HTTP/1.1\r\n\r\n", Ok("CONNECT a:443 Http11 "));
    check("CONNECT [::1]:443 HTTP/1.1\r\n\r\n", Ok("CONNECT [::1]:443 Http11 "));
    check("GET /ä HTTP/1.1\r\n\r\n", Ok("GET /ä Http11 "));
}

#[test]
fn targets_have_a_known_form() {
    for target in
        ["/", "/a?b", "//", "/http:///", "http://a", "http://a?b", "http://a/?http:///", "HTTP://[::1]:80/b"]
    {
        check(format!("GET {target} HTTP/1.1\r\n\r\n"), Ok(&format!("GET {target} Http11 ")));
    }
    for target in [
        "*",
        "a",
        "http:",
        "http:/a",
        "http://",
        "http:///dump",
        "http://?a",
        "http://:80/",
        "http://[zz/dump",
        "http://[::1/",
        "http://[zz]/",
        "http://u@a/",
        "http://a:b/",
        "http://a\"b/",
        "1http://a/",
        "://a/",
        "/a#frag",
        "/#",
        "/a?b#c",
        "http://a/#b",
        "http://a#b",
    ] {
        check(format!("GET {target} HTTP/1.1\r\n\r\n"), Err(HeadError::Target));
    }
}

#[test]
fn blank_lines_before_a_request_are_few() {
    check("\r\nGET / HTTP/1.1\r\n\r\n", Ok("GET / Http11 "));
    check("\r\n\r\nGET / HTTP/1.1\r\n\r\n", Ok("GET / Http11 "));
    check("\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n", Err(HeadError::BlankLines));
    check("\nGET / HTTP/1.1\r\n\r\n", Err(HeadError::BareLineFeed));
    check("\r\n\nGET / HTTP/1.1\r\n\r\n", Err(HeadError::BareLineFeed));
    check("\rGET / HTTP/1.1\r\n\r\n", Err(HeadError::BareCarriageReturn));
}

#[test]
fn first_lines_are_strict() {
    for (line, expected) in [
        (&b" GET / HTTP/1.1"[..], HeadError::Method),
        (b"G(T / HTTP/1.1", HeadError::Method),
        (b"\0 / HTTP/1.1", HeadError::Method),
        (b"GET\t/ HTTP/1.1", HeadError::Method),
        (b"GET", HeadError::Method),
        (b"GET  / HTTP/1.1", HeadError::Target),
        (b"GET \t/ HTTP/1.1", HeadError::Target),
        (b"GET /", HeadError::Target),
        (b"GET /\0 HTTP/1.1", HeadError::Target),
        (b"GET /\x7f HTTP/1.1", HeadError::Target),
        (b"GET /\t HTTP/1.1", HeadError::Target),
        (b"GET /\xff HTTP/1.1", HeadError::Target),
        (b"GET index.html HTTP/1.1", HeadError::Target),
        (b"GET * HTTP/1.1", HeadError::Target),
        (b"GET a:443 HTTP/1.1", HeadError::Target),
        (b"GET ://a/ HTTP/1.1", HeadError::Target),
        (b"GET 1http://a/ HTTP/1.1", HeadError::Target),
        (b"GET http:// HTTP/1.1", HeadError::Target),
        (b"CONNECT / HTTP/1.1", HeadError::Target),
        (b"CONNECT a HTTP/1.1", HeadError::Target),
        (b"CONNECT a: HTTP/1.1", HeadError::Target),
        (b"CONNECT :443 HTTP/1.1", HeadError::Target),
        (b"CONNECT u@a:443 HTTP/1.1", HeadError::Target),
        (b"CONNECT a:4x HTTP/1.1", HeadError::Target),
        (b"GET /  HTTP/1.1", HeadError::Version),
        (b"GET / http/1.1", HeadError::Version),
        (b"GET / HTTP/1.1 ", HeadError::Version),
        (b"GET / HTTP/1.1\t", HeadError::Version),
        (b"GET / HTTP/1.10", HeadError::Version),
        (b"GET / HTTP/1.x", HeadError::Version),
        (b"GET / HTTP/1.2 ", HeadError::Version),
        (b"GET / HTTP/1.20", HeadError::Version),
        (b"GET / HTTP/1.2\rX", HeadError::BareCarriageReturn),
        (b"GET / HTTP/01.1", HeadError::Version),
        (b"GET / HTTP/1.", HeadError::Version),
        (b"GET / HTTP/3", HeadError::Version),
        (b"GET / HTTP/0.9", HeadError::UnsupportedVersion),
        (b"GET / HTTP/2.0", HeadError::UnsupportedVersion),
        (b"GET / HTTP/1.1\rX", HeadError::BareCarriageReturn),
    ] {
        let mut head = line.to_vec();
        head.extend_from_slice(b"\r\nHost: a\r\n\r\n");
        check(head, Err(expected));
    }
}

/// RFC 9110 §2.5; and strict like any other.
#[test]
fn a_higher_minor_version_is_taken_for_the_highest_known() {
    check("GET / HTTP/1.2\r\nHost: a\r\nB:\r\n\r\n", Ok("GET / Http11 Host=a|B="));
    check("\r\nGET / HTTP/1.9\r\n\r\n", Ok("GET / Http11 "));
    check("GET / HTTP/1.2\n\r\n", Err(HeadError::BareLineFeed));
    check("GET / HTTP/1.2\r\nA: b\n\r\n", Err(HeadError::BareLineFeed));
    check("GET / HTTP/1.2\r\nA: b\r\n c\r\n\r\n", Err(HeadError::ObsFold));
    check("GET a HTTP/1.2\r\n\r\n", Err(HeadError::Target));
    check_response("HTTP/1.2 200 OK\r\nA: b\r\n\r\n", Ok("Http11 200 OK A=b"));
    check_response("HTTP/1.3 204\r\n\r\n", Ok("Http11 204  "));
    check_response("HTTP/1.2 200 OK\n\r\n", Err(HeadError::BareLineFeed));
    check_response("HTTP/1.2 2x0 OK\r\n\r\n", Err(HeadError::StatusLine));
    check_response("HTTP/1.2 200 OK\r\nA : b\r\n\r\n", Err(HeadError::SpaceBeforeColon));
    let limits = Limits { method: 4, target: 10, head: 100, fields: 2, ..Limits::DEFAULT };
    check_with(&limits, "POSTS / HTTP/1.2\r\n\r\n", Err(HeadError::MethodTooLong));
    check_with(&limits, "GET /2345678901 HTTP/1.2\r\n\r\n", Err(HeadError::TargetTooLong));
    check_with(&limits, "GET / HTTP/1.2\r\nA: b\r\nC: d\r\nE: f\r\n\r\n", Err(HeadError::TooManyFields));
    check_with(&limits, format!("GET / HTTP/1.2\r\nA: {}\r\n\r\n", "x".repeat(99)), Err(HeadError::TooLong));
}

#[test]
fn field_lines_are_strict() {
    for (line, expected) in [
        (&b"A : b"[..], HeadError::SpaceBeforeColon),
        (b"A\t: b", HeadError::SpaceBeforeColon),
        (b" A: b", HeadError::ObsFold),
        (b"A: b\r\n c", HeadError::ObsFold),
        (b"A: b\r\n\tc: d", HeadError::ObsFold),
        (b": b", HeadError::FieldName),
        (b"A", HeadError::FieldName),
        (b"A\r: b", HeadError::FieldName),
        (b"A\0: b", HeadError::FieldName),
        (b"A(: b", HeadError::FieldName),
        (b"\xc3\xa4: b", HeadError::FieldName),
        (b"A: b\0", HeadError::FieldValue),
        (b"A: \x0bb", HeadError::FieldValue),
        (b"A: b\x7f", HeadError::FieldValue),
        (b"A: b\rc", HeadError::BareCarriageReturn),
        (b"A: \rc", HeadError::BareCarriageReturn),
        (b"A:\r\r\nB: c", HeadError::BareCarriageReturn),
        (b"A: b\nC: d", HeadError::BareLineFeed),
        (b"A: b \t\nC: d", HeadError::BareLineFeed),
        (b"A:\nC: d", HeadError::BareLineFeed),
        (b"A:  \nC: d", HeadError::BareLineFeed),
    ] {
        for around in [&b"\r\n"[..], b"\r\nX: y\r\n"] {
            let head = [b"GET / HTTP/1.1", around, line, around, b"\r\n"].concat();
            check(head, Err(expected));
            let head = [b"HTTP/1.1 200 OK", around, line, around, b"\r\n"].concat();
            check_response(head, Err(expected));
        }
    }
    check("GET / HTTP/1.1\nA: b\r\n\r\n", Err(HeadError::BareLineFeed));
    check("GET / HTTP/1.1\r\nA: b\r\n\n", Err(HeadError::BareLineFeed));
    check("GET / HTTP/1.1\r\nA: b\n\n", Err(HeadError::BareLineFeed));
    check("GET / HTTP/1.1\r\nA: b\n\r\n", Err(HeadError::BareLineFeed));
    check("GET / HTTP/1.1\n\n", Err(HeadError::BareLineFeed));
    check("GET / HTTP/1.1\r\n\rX", Err(HeadError::BareCarriageReturn));
    check("GET / HTTP/1.1\r\nA: b\r\n\rX", Err(HeadError::BareCarriageReturn));
}

#[test]
fn every_byte_in_every_place() {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    for byte in 0..=255_u8 {
        let accepts = |head: &[u8]| {
            fuzzing::request_head(head);
            matches!(parse_with(head, &Limits::DEFAULT), Ok(Parsed::Complete(_)))
        };
        let with = |before: &[u8], after: &[u8]| [before, &[byte], after].concat();
        assert_eq!(accepts(&with(b"G", b"T / HTTP/1.1\r\n\r\n")), token(byte), "method {byte:#x}");
        assert_eq!(
            accepts(&with(b"GET /", b" HTTP/1.1\r\n\r\n")),
            matches!(byte, b'!'..=b'~') && byte != b'#',
            "target {byte:#x}"
        );
        let name = accepts(&with(b"GET / HTTP/1.1\r\nA", b"B: c\r\n\r\n"));
        assert_eq!(name, token(byte) || byte == b':', "name {byte:#x}");
        let value = accepts(&with(b"GET / HTTP/1.1\r\nA: b", b"c\r\n\r\n"));
        assert_eq!(value, matches!(byte, b'\t' | b' '..=b'~' | 0x80..), "value {byte:#x}");
        let end = accepts(&with(b"GET / HTTP/1.1", b"\nA: b\r\n\r\n"));
        assert_eq!(end, byte == b'\r', "line end {byte:#x}");
    }
}

#[test]
fn limits_of_requests() {
    let limits = Limits { method: 4, target: 10, head: 100, fields: 2, ..Limits::DEFAULT };
    check_with(&limits, "POST /234567890 HTTP/1.1\r\n\r\n", Ok("POST /234567890 Http11 "));
    check_with(&limits, "POSTS / HTTP/1.1\r\n\r\n", Err(HeadError::MethodTooLong));
    check_with(&limits, "POSTS\0 / HTTP/1.1\r\n\r\n", Err(HeadError::MethodTooLong));
    check_with(&limits, "GET /2345678901 HTTP/1.1\r\n\r\n", Err(HeadError::TargetTooLong));
    check_with(&limits, "GET /23456789abcdef\0 HTTP/1.1\r\n\r\n", Err(HeadError::TargetTooLong));
    check_with(&limits, "GET / HTTP/1.1\r\nA: b\r\nC: d\r\n\r\n", Ok("GET / Http11 A=b|C=d"));
    check_with(&limits, "GET / HTTP/1.1\r\nA: b\r\nC: d\r\nE: f\r\n\r\n", Err(HeadError::TooManyFields));
    let padded = |len: usize| format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "x".repeat(len - 23));
    assert!(matches!(parse_with(padded(100).as_bytes(), &limits), Ok(Parsed::Complete((_, 100)))));
    check_with(&limits, padded(101), Err(HeadError::TooLong));
    // The fault lies behind the limit, so nobody looks at it.
    let broken = padded(200).replace("\r\n\r\n", "\0\r\n\r\n");
    check_with(&limits, broken, Err(HeadError::TooLong));
}

#[test]
fn default_limits() {
    let many = |count: usize| format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(count));
    assert!(matches!(parse_with(many(100).as_bytes(), &Limits::DEFAULT), Ok(Parsed::Complete(_))));
    assert_eq!(parse_with(many(101).as_bytes(), &Limits::DEFAULT), Err(HeadError::TooManyFields));
    let target = |len: usize| format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(len - 1));
    assert!(matches!(parse_with(target(8192).as_bytes(), &Limits::DEFAULT), Ok(Parsed::Complete(_))));
    assert_eq!(parse_with(target(8193).as_bytes(), &Limits::DEFAULT), Err(HeadError::TargetTooLong));
    let endless = "x".repeat(10_000);
    assert_eq!(parse_with(endless.as_bytes(), &Limits::DEFAULT), Err(HeadError::MethodTooLong));
    let endless = format!("GET / HTTP/1.1\r\nA: {}", "x".repeat(70_000));
    assert_eq!(parse_with(endless.as_bytes(), &Limits::DEFAULT), Err(HeadError::TooLong));
    // A limit above what there is room for is no panic.
    let limits = Limits { fields: 1000, ..Limits::DEFAULT };
    assert_eq!(parse_with(many(101).as_bytes(), &limits), Err(HeadError::TooManyFields));
    assert_eq!(parse_with(b"GET / HTTP/1.1\r\n\r\n", &Limits { head: 0, ..limits }), Err(HeadError::TooLong));
}

#[test]
fn statuses() {
    for (error, status) in [
        (HeadError::Method, 400),
        (HeadError::BareLineFeed, 400),
        (HeadError::Version, 400),
        (HeadError::TargetTooLong, 414),
        (HeadError::TooLong, 431),
        (HeadError::TooManyFields, 431),
        (HeadError::MethodTooLong, 501),
        (HeadError::UnsupportedVersion, 505),
    ] {
        assert_eq!(error.status().as_u16(), status, "{error}");
    }
}

#[test]
fn responses() {
    check_response("HTTP/1.1 200 OK\r\n\r\n", Ok("Http11 200 OK "));
    check_response("HTTP/1.0 404 Not Found\r\nA: b\r\n\r\n", Ok("Http10 404 Not Found A=b"));
    check_response("HTTP/1.1 200 \r\n\r\n", Ok("Http11 200  "));
    check_response("HTTP/1.1 200\r\n\r\n", Ok("Http11 200  "));
    check_response(b"HTTP/1.1 404 Pas trouv\xe9\r\n\r\n", Ok("Http11 404 Pas trouv\\xe9 "));
    check_response("HTTP/1.1 999  two  spaces\r\n\r\n", Ok("Http11 999  two  spaces "));
    for (line, expected) in [
        ("", HeadError::StatusLine),
        ("HTTP/1.1 099 X", HeadError::StatusLine),
        ("HTTP/1.1 20 X", HeadError::StatusLine),
        ("HTTP/1.1 2000 X", HeadError::StatusLine),
        ("HTTP/1.1 2x0 X", HeadError::StatusLine),
        ("HTTP/1.1 200\tX", HeadError::StatusLine),
        ("HTTP/1.1 200 X\0", HeadError::StatusLine),
        ("HTTP/1.1 200 X\rY", HeadError::StatusLine),
        ("HTTP/1.1  200 X", HeadError::StatusLine),
        ("HTTP/1.1", HeadError::Version),
        ("HTTP/2.0 200 OK", HeadError::UnsupportedVersion),
        ("ICY 200 OK", HeadError::Version),
        (" HTTP/1.1 200 OK", HeadError::Version),
    ] {
        check_response(format!("{line}\r\nA: b\r\n\r\n"), Err(expected));
    }
    check_response("HTTP/1.1 200 OK\n\r\n", Err(HeadError::BareLineFeed));
    check_response("HTTP/1.1 200\n\r\n", Err(HeadError::BareLineFeed));
    check_response(b"HTTP/1.1 200 \xe9\n\r\n", Err(HeadError::BareLineFeed));
    check_response("HTTP/1.1 200 OK\r\n\n", Err(HeadError::BareLineFeed));
    check_response("\r\nHTTP/1.1 200 OK\r\n\r\n", Err(HeadError::StatusLine));
}

#[test]
fn fields_are_found_in_any_case_and_in_order() {
    let bytes = b"GET / HTTP/1.1\r\nAccept: a\r\nX: \r\naCCEPT: b\xe9\r\n\r\n";
    let mut room = storage();
    let Ok(Parsed::Complete(head)) = parse_request(bytes, &mut room, &Limits::DEFAULT) else { panic!() };
    assert_eq!(head.fields.get("accept"), Some(&b"a"[..]));
    assert_eq!(head.fields.get("Accep"), None);
    assert_eq!(head.fields.get("x"), Some(&b""[..]));
    let map = head.fields.to_header_map();
    assert_eq!(
        map.get_all("accept").iter().map(|value| value.as_bytes()).collect::<Vec<_>>(),
        [&b"a"[..], b"b\xe9"]
    );
}

#[test]
fn blank_lines_begin_no_head() {
    for (bytes, begun) in [
        ("", false),
        ("\r", false),
        ("\r\n\r\n", false),
        ("\r\n\r\n\r", true),
        ("G", true),
        ("\r\n\r\nG", true),
        ("GET / HTTP/1.1\r\n", true),
    ] {
        let (mut whole, mut dripping) = (HeadScanner::default(), HeadScanner::default());
        assert!(!whole.scan(bytes.as_bytes(), &Limits::DEFAULT));
        for end in 0..=bytes.len() {
            assert!(!dripping.scan(&bytes.as_bytes()[..end], &Limits::DEFAULT));
        }
        assert_eq!((whole.has_begun(), dripping.has_begun()), (begun, begun), "{bytes:?}");
    }
}

#[test]
fn a_dripping_head_costs_linear_time() {
    // Each byte is looked at once: no clock needed to see that, as the scanner remembers how far it came.
    let bytes = format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "x".repeat(60_000));
    let mut scanner = HeadScanner::default();
    for end in 0..bytes.len() {
        assert!(!scanner.scan(&bytes.as_bytes()[..end], &Limits::DEFAULT));
    }
    assert!(scanner.scan(bytes.as_bytes(), &Limits::DEFAULT));
    assert!(scanner.scan(bytes.as_bytes(), &Limits::DEFAULT), "still so");
}

#[test]
fn a_head_without_end_wakes_the_parser_at_the_limit() {
    let limits = Limits { head: 100, ..Limits::DEFAULT };
    let endless = format!("GET / HTTP/1.1\r\nA: {}", "x".repeat(200));
    let mut scanner = HeadScanner::default();
    for end in 0..100 {
        assert!(!scanner.scan(&endless.as_bytes()[..end], &limits));
    }
    assert!(scanner.scan(&endless.as_bytes()[..100], &limits));
    assert_eq!(parse_with(&endless.as_bytes()[..100], &limits), Err(HeadError::TooLong));
}

const PIECES: &[&[u8]] = &[
    b"GET ",
    b"POST ",
    b"CONNECT ",
    b"/",
    b"/a?b",
    b"*",
    b"a:1",
    b"http://a/",
    b" HTTP/1.1\r\n",
    b" HTTP/1.0\r\n",
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"\r",
    b" ",
    b"\t",
    b":",
    b"Host: a\r\n",
    b"Content-Length: 5\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Connection: close\r\n",
    b"Expect: 100-continue\r\n",
    b"A:b\r\n",
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 ",
    b"204",
    b"\xe9",
];

#[test]
fn anything_is_an_error_or_a_head() {
    let mut random = Random::new(1);
    for _ in 0..3_000 {
        let len = random.below(200);
        let bytes = random.bytes(len);
        fuzzing::request_head(&bytes);
        fuzzing::response_head(&bytes);
        let text = random.text(PIECES, 12);
        fuzzing::request_head(&text);
        fuzzing::response_head(&text);
    }
}

#[test]
fn nearly_right_heads_are_an_error_or_a_head() {
    let mut random = Random::new(2);
    for _ in 0..5_000 {
        let fields = random.text(&PIECES[17..24], 8);
        let mut request = [b"GET /a HTTP/1.1\r\n", &fields[..], b"\r\n"].concat();
        let mut response = [b"HTTP/1.1 200 OK\r\n", &fields[..], b"\r\n"].concat();
        random.mutate(&mut request);
        random.mutate(&mut response);
        fuzzing::request_head(&request);
        fuzzing::response_head(&response);
    }
}
