//! Doors for fuzzers and benchmarks; no public API, and gone or different in any release.
//!
//! The first three functions take any bytes and panic if a promise of the parsers is broken. The suite's own
//! tests feed them too. Those in [`measure`] do what a server or a client does with each message.

// Without the feature only this crate's tests come here.
#![allow(unreachable_pub, missing_docs)]

use super::{
    body::{BodyError, Decoder},
    fields::{Fields, storage},
    framing::{Framing, expectation, persistence, request_framing, response_framing},
    head::{HeadError, HeadScanner, Parsed, RequestHead, ResponseHead, parse_request, parse_response},
    limits::Limits,
    write,
};

use ::http::Method;

/// Small enough for inputs of a fuzzer to reach them.
const TIGHT: Limits = Limits {
    method: 8,
    target: 64,
    head: 512,
    fields: 6,
    blank_lines: 2,
    chunk_line: 20,
    chunk_overhead: 64,
    trailers: 64,
    interim: 2,
};

/// A request's head: the same whether it comes at once or in pieces; strict as a twin that is too simple to be
/// wrong; and the same again when it is written and parsed once more.
pub fn request_head(bytes: &[u8]) {
    for limits in [&Limits::DEFAULT, &TIGHT] {
        let outcome = with_request(bytes, limits, outcome_of_request);
        prefixes(bytes, limits, &outcome, |bytes| with_request(bytes, limits, outcome_of_request));
        if let Ok(Parsed::Complete(outcome)) = &outcome {
            let mut text = bytes[..outcome.len].to_vec();
            while text.starts_with(b"\r\n") {
                text.drain(..2);
            }
            strict(&text, limits);
            let written = with_request(&text, limits, write_request);
            if let Ok(Parsed::Complete(Some(written))) = written {
                let again = with_request(&written, &roomy(limits), outcome_of_request);
                let Ok(Parsed::Complete(again)) = again else { panic!("written, but not parsed: {again:?}") };
                assert_eq!((&again.lines, &again.framing), (&outcome.lines, &outcome.framing));
            }
        }
    }
}

/// A response's head: as for requests.
pub fn response_head(bytes: &[u8]) {
    for limits in [&Limits::DEFAULT, &TIGHT] {
        let outcome = with_response(bytes, limits, outcome_of_response);
        prefixes(bytes, limits, &outcome, |bytes| with_response(bytes, limits, outcome_of_response));
        if let Ok(Parsed::Complete(outcome)) = &outcome {
            strict(&bytes[..outcome.len], limits);
            let written = with_response(bytes, limits, write_response);
            let Ok(Parsed::Complete(written)) = written else { panic!("parsed once only") };
            let again = with_response(&written, &roomy(limits), outcome_of_response);
            let Ok(Parsed::Complete(again)) = again else { panic!("written, but not parsed: {again:?}") };
            assert_eq!(again.lines, outcome.lines);
        }
    }
}

/// A chunked body: the same however it is split, and the same as what a simple twin makes of it.
pub fn chunked(bytes: &[u8]) {
    for limits in [&Limits::DEFAULT, &TIGHT] {
        let whole = decode(bytes, limits, usize::MAX);
        for piece in [1, 2, 3, 7] {
            let pieces = decode(bytes, limits, piece);
            assert_eq!(pieces, whole, "in pieces of {piece}");
        }
        let mut buffer = bytes.to_vec();
        let mut decoder = Decoder::new(Framing::Chunked, limits);
        if let Ok(compacted) = decoder.compact(&mut buffer) {
            assert_eq!(&buffer[..compacted.written], whole.data);
            assert_eq!(&buffer[compacted.consumed..], &bytes[compacted.consumed..]);
        }
        if let Ok(()) = whole.end {
            assert_eq!(naive_chunks(bytes), Some((whole.data, whole.consumed)), "the twin disagrees");
        }
    }
}

/// What a server and a client do with each message; the results only keep the work from being optimised away.
/// For benchmarks alone: the suite doesn't come here.
#[cfg(feature = "unstable-fuzzing")]
pub mod measure {
    use super::*;

    pub fn request(bytes: &[u8]) -> usize {
        let mut room = storage();
        let Ok(Parsed::Complete(head)) = parse_request(bytes, &mut room, &Limits::DEFAULT) else { return 0 };
        let Ok(framing) = request_framing(&head) else { return 0 };
        let all = (framing, persistence(head.version, head.fields), expectation(&head));
        std::hint::black_box(all);
        head.len
    }

    pub fn request_parse_only(bytes: &[u8]) -> usize {
        let mut room = storage();
        match parse_request(bytes, &mut room, &Limits::DEFAULT) {
            Ok(Parsed::Complete(head)) => head.len,
            _ => 0,
        }
    }

    pub fn response(bytes: &[u8]) -> usize {
        let mut room = storage();
        let Ok(Parsed::Complete(head)) = parse_response(bytes, &mut room, &Limits::DEFAULT) else { return 0 };
        let Ok(framing) = response_framing(&Method::GET, &head) else { return 0 };
        std::hint::black_box((framing, persistence(head.version, head.fields)));
        head.len
    }

    pub fn dripping_head(bytes: &[u8]) -> usize {
        let mut scanner = HeadScanner::default();
        (1..=bytes.len()).filter(|&end| scanner.scan(&bytes[..end], &Limits::DEFAULT)).count()
    }

    pub fn decode_chunks(input: &[u8]) -> usize {
        let mut decoder = Decoder::new(Framing::Chunked, &Limits::DEFAULT);
        let (mut at, mut data) = (0, 0);
        while at < input.len() && !decoder.is_done() {
            let Ok(step) = decoder.decode(&input[at..]) else { return 0 };
            data += step.data.len();
            at += step.consumed;
        }
        data
    }

    pub fn compact_chunks(buffer: &mut [u8]) -> usize {
        let mut decoder = Decoder::new(Framing::Chunked, &Limits::DEFAULT);
        decoder.compact(buffer).map_or(0, |compacted| compacted.written)
    }

    pub fn encode_chunks(out: &mut Vec<u8>, data: &[u8], size: usize) {
        for part in data.chunks(size) {
            super::super::chunk::chunk(out, part);
        }
        out.extend_from_slice(super::super::chunk::LAST_CHUNK);
    }

    #[derive(Debug, Default)]
    pub struct Clock(super::super::date::DateCache);

    impl Clock {
        pub fn response_head(&mut self, out: &mut Vec<u8>, now: std::time::SystemTime, length: u64) {
            write::status_line(out, ::http::StatusCode::OK);
            let _ = write::field(out, "Date", self.0.value(now));
            let _ = write::field(out, "Content-Type", b"text/html; charset=utf-8");
            write::content_length(out, length);
            write::end(out);
        }
    }
}

/// What is written may be longer than what was parsed: `A:b` becomes `A: b`.
fn roomy(limits: &Limits) -> Limits {
    Limits { head: usize::MAX, ..limits.clone() }
}

/// What came out of a head; owned, to be compared.
#[derive(Debug, PartialEq)]
struct Outcome {
    lines: Vec<(Vec<u8>, Vec<u8>)>,
    framing: String,
    len: usize,
}

fn with_request<T>(
    bytes: &[u8],
    limits: &Limits,
    then: impl Fn(&RequestHead<'_>) -> T,
) -> Result<Parsed<T>, HeadError> {
    let mut room = storage();
    Ok(match parse_request(bytes, &mut room, limits)? {
        Parsed::Complete(head) => Parsed::Complete(then(&head)),
        Parsed::Partial => Parsed::Partial,
    })
}

fn with_response<T>(
    bytes: &[u8],
    limits: &Limits,
    then: impl Fn(&ResponseHead<'_>) -> T,
) -> Result<Parsed<T>, HeadError> {
    let mut room = storage();
    Ok(match parse_response(bytes, &mut room, limits)? {
        Parsed::Complete(head) => Parsed::Complete(then(&head)),
        Parsed::Partial => Parsed::Partial,
    })
}

fn outcome_of_request(head: &RequestHead<'_>) -> Outcome {
    let mut lines =
        vec![(head.method.into(), head.target.into()), (format!("{:?}", head.version).into(), vec![])];
    push_fields(&mut lines, head.fields);
    let rest = (request_framing(head), persistence(head.version, head.fields), expectation(head));
    Outcome { lines, framing: format!("{rest:?}"), len: head.len }
}

fn outcome_of_response(head: &ResponseHead<'_>) -> Outcome {
    let mut lines = vec![(head.status.as_str().into(), vec![])];
    push_fields(&mut lines, head.fields);
    let framings = [Method::GET, Method::HEAD, Method::CONNECT].map(|method| response_framing(&method, head));
    let rest = (framings, persistence(head.version, head.fields));
    Outcome { lines, framing: format!("{rest:?}"), len: head.len }
}

fn push_fields(lines: &mut Vec<(Vec<u8>, Vec<u8>)>, fields: Fields<'_>) {
    for (name, value) in fields.iter() {
        assert!(fields.get(name).is_some());
        lines.push((name.into(), value.into()));
    }
    assert_eq!(fields.to_header_map().len(), fields.iter().len());
}

/// `None` for what this side never writes: HTTP/1.0, and targets that aren't ASCII.
fn write_request(head: &RequestHead<'_>) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    if head.version < super::head::Version::Http11 || !head.target.is_ascii() {
        return None;
    }
    let method = Method::from_bytes(head.method.as_bytes()).expect("a token");
    assert_eq!(write::request_line(&mut out, &method, head.target), Ok(()));
    write_fields(&mut out, head.fields);
    Some(out)
}

fn write_response(head: &ResponseHead<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    write::status_line(&mut out, head.status);
    write_fields(&mut out, head.fields);
    out
}

fn write_fields(out: &mut Vec<u8>, fields: Fields<'_>) {
    for (name, value) in fields.iter() {
        assert_eq!(write::field(out, name, value), Ok(()), "what was parsed can be written");
    }
    write::end(out);
}

/// No beginning of `bytes` says anything else than the whole, and the scanner wakes the parser in time.
fn prefixes(
    bytes: &[u8],
    limits: &Limits,
    whole: &Result<Parsed<Outcome>, HeadError>,
    parse: impl Fn(&[u8]) -> Result<Parsed<Outcome>, HeadError>,
) {
    let mut scanner = HeadScanner::default();
    for end in 0..=bytes.len().min(2048) {
        let scanned = scanner.scan(&bytes[..end], limits);
        match parse(&bytes[..end]) {
            Ok(Parsed::Partial) => assert!(!scanned, "woken too early at {end}"),
            Ok(complete) => {
                assert!(scanned, "not woken at {end}");
                assert_eq!(Ok(&complete), whole.as_ref(), "after {end} bytes");
                return;
            }
            Err(error) => {
                assert!(scanned || error != HeadError::TooLong, "not woken at the limit");
                assert_eq!(Err(&error), whole.as_ref(), "after {end} bytes");
                return;
            }
        }
    }
    if bytes.len() <= 2048 {
        assert_eq!(whole, &Ok(Parsed::Partial));
    }
}

/// The rules of a head's lines, as simple as they can be put.
fn strict(head: &[u8], limits: &Limits) {
    assert!(head.len() <= limits.head && head.ends_with(b"\r\n\r\n"));
    let lines: Vec<&[u8]> = head[..head.len() - 4].split(|&byte| byte == b'\n').collect();
    let (last, others) = lines.split_last().expect("a split gives one part at least");
    let inner = others.iter().map(|line| line.strip_suffix(b"\r").expect("LF only after CR"));
    let lines: Vec<&[u8]> = inner.chain([*last]).collect();
    assert!(lines.len() <= limits.fields + 1);
    for line in &lines {
        assert!(!line.is_empty(), "an empty line ends the head");
        assert!(line.iter().all(|&byte| byte == b'\t' || (byte >= b' ' && byte != 0x7f)));
    }
    for line in &lines[1..] {
        let colon = line.iter().position(|&byte| byte == b':').expect("a colon in each field line");
        assert!(write::is_token(&line[..colon]));
    }
}

/// What came out of a chunked body.
#[derive(Debug, PartialEq)]
struct Decoded {
    data: Vec<u8>,
    consumed: usize,
    end: Result<(), BodyError>,
}

fn decode(bytes: &[u8], limits: &Limits, piece: usize) -> Decoded {
    let mut decoder = Decoder::new(Framing::Chunked, limits);
    let mut decoded = Decoded { data: Vec::new(), consumed: 0, end: Ok(()) };
    while decoded.consumed < bytes.len() && !decoder.is_done() {
        let rest = &bytes[decoded.consumed..];
        let input = &rest[..rest.len().min(piece)];
        match decoder.decode(input) {
            Ok(step) => {
                assert!(step.consumed > 0 && step.data.end <= step.consumed && step.consumed <= input.len());
                decoded.data.extend_from_slice(&input[step.data]);
                decoded.consumed += step.consumed;
            }
            Err(error) => {
                assert_eq!(decoder.decode(b"x"), Err(error), "an error stays");
                // How far it came before depends on the pieces; what came before doesn't.
                decoded.consumed = 0;
                decoded.end = Err(error);
                return decoded;
            }
        }
    }
    decoded.end = decoder.finish();
    decoded
}

/// The coding read in the simplest way; `None` if anything is wrong or missing.
fn naive_chunks(mut bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let all = bytes.len();
    let mut data = Vec::new();
    let line = |bytes: &mut &[u8]| {
        let end = bytes.windows(2).position(|pair| pair == b"\r\n")?;
        let line = &bytes[..end];
        *bytes = &bytes[end + 2..];
        Some(line.to_vec())
    };
    loop {
        let size = line(&mut bytes)?;
        let digits = size.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let size = usize::from_str_radix(std::str::from_utf8(&size[..digits]).ok()?, 16).ok()?;
        if size == 0 {
            break;
        }
        data.extend_from_slice(bytes.get(..size)?);
        bytes = bytes.get(size..)?.strip_prefix(b"\r\n")?;
    }
    while !line(&mut bytes)?.is_empty() {}
    Some((data, all - bytes.len()))
}
