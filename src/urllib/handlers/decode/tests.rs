use std::io::Cursor;
#[cfg(any(feature = "gzip", feature = "zstd"))]
use std::io::Write;

use super::*;
use crate::urllib::build_opener;

/// Gives one byte at a time.
struct Drip(Cursor<Vec<u8>>);

impl Read for Drip {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let room = buf.len().min(1);
        self.0.read(&mut buf[..room])
    }
}

/// Answers everything with these coded bytes, whole or in drops.
struct Coded {
    coding: &'static str,
    bytes: Vec<u8>,
    drip: bool,
    status: StatusCode,
}

impl Handler for Coded {
    fn open(&self, request: &mut Request, _: &mut Exchange<'_>) -> Option<Result<Response>> {
        let bytes = Cursor::new(self.bytes.clone());
        let url = request.url().clone();
        let response = if self.drip { Response::new(url, Drip(bytes)) } else { Response::new(url, bytes) };
        let mut response = response.with_status(self.status);
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static(self.coding));
        Some(Ok(response))
    }
}

fn open(coded: Coded, decode: DecodeHandler, request: Request) -> Result<Response> {
    build_opener().add_handler(coded).add_handler(decode).build().open(request)
}

fn read(coding: &'static str, bytes: &[u8], decode: DecodeHandler) -> Result<Vec<u8>> {
    let mut outcomes = [false, true].into_iter().map(|drip| {
        let coded = Coded { coding, bytes: bytes.to_vec(), drip, status: StatusCode::OK };
        let mut response = open(coded, decode.clone(), Request::new("http://h/")?)?;
        assert!(!response.headers().contains_key(CONTENT_ENCODING));
        let mut out = Vec::new();
        if drip {
            let mut byte = [0];
            while response.read(&mut byte)? == 1 {
                out.push(byte[0]);
            }
        } else {
            response.read_to_end(&mut out)?;
        }
        Ok::<_, Error>(out)
    });
    let (whole, dripped) = (outcomes.next().unwrap(), outcomes.next().unwrap());
    assert_eq!(whole.as_ref().map_err(Error::kind), dripped.as_ref().map_err(Error::kind));
    whole
}

fn kind(coding: &'static str, bytes: &[u8]) -> Result<(), ErrorKind> {
    read(coding, bytes, DecodeHandler::new()).map(drop).map_err(|error| error.kind())
}

const TEXT: &[u8] = b"hello, hello, hello, and once more hello";

#[cfg(feature = "gzip")]
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[cfg(feature = "brotli")]
fn br(mut bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    brotli::BrotliCompress(&mut bytes, &mut out, &brotli::enc::BrotliEncoderParams::default()).unwrap();
    out
}

#[cfg(feature = "zstd")]
fn zst(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Each coding: its name, the text coded.
fn coded() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        #[cfg(feature = "gzip")]
        ("gzip", gzip(TEXT)),
        #[cfg(feature = "gzip")]
        ("X-GZIP", gzip(TEXT)),
        #[cfg(feature = "gzip")]
        ("deflate", {
            let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(TEXT).unwrap();
            encoder.finish().unwrap()
        }),
        #[cfg(feature = "gzip")]
        ("deflate, identity", {
            let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(TEXT).unwrap();
            encoder.finish().unwrap()
        }),
        #[cfg(feature = "brotli")]
        ("br", br(TEXT)),
        #[cfg(feature = "zstd")]
        ("zstd", zst(TEXT)),
    ]
}

#[test]
fn every_coding_is_undone() {
    for (coding, bytes) in coded() {
        assert_eq!(read(coding, &bytes, DecodeHandler::new()).unwrap(), TEXT, "{coding}");
        assert_eq!(kind(coding, b""), Ok(()), "an empty body isn't coded: {coding}");
    }
}

#[test]
fn every_cut_is_seen() {
    for (coding, bytes) in coded() {
        for end in 1..bytes.len() {
            assert_eq!(kind(coding, &bytes[..end]), Err(ErrorKind::UnexpectedEof), "{coding} {end}");
        }
    }
}

#[test]
fn what_comes_after_the_end_is_an_error() {
    for (coding, mut bytes) in coded() {
        bytes.extend_from_slice(b"garbage");
        assert_eq!(kind(coding, &bytes), Err(ErrorKind::Protocol), "{coding}");
    }
}

#[test]
fn random_bytes_give_an_error_or_a_value() {
    let mut seed = 1u32;
    for (coding, bytes) in coded() {
        for round in 0..60 {
            let mut bytes = bytes.clone();
            for _ in 0..=round % 4 {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let at = seed as usize % bytes.len();
                bytes[at] = (seed >> 16) as u8;
            }
            let _ = kind(coding, &bytes);
        }
    }
}

#[cfg(feature = "gzip")]
#[test]
fn gzip_has_a_checksum_and_members() {
    let mut wrong = gzip(TEXT);
    let crc = wrong.len() - 8;
    wrong[crc] ^= 1;
    assert_eq!(kind("gzip", &wrong), Err(ErrorKind::Protocol));
    let mut wrong = gzip(TEXT);
    let length = wrong.len() - 1;
    wrong[length] ^= 1;
    assert_eq!(kind("gzip", &wrong), Err(ErrorKind::Protocol));
    let two = [gzip(b"one "), gzip(b"two")].concat();
    assert_eq!(read("gzip", &two, DecodeHandler::new()).unwrap(), b"one two");
    assert_eq!(kind("gzip", &two[..two.len() - 1]), Err(ErrorKind::UnexpectedEof));
}

#[cfg(feature = "zstd")]
#[test]
fn zstd_has_a_checksum_and_a_bounded_window() {
    let mut wrong = zst(TEXT);
    let checksum = wrong.len() - 1;
    wrong[checksum] ^= 1;
    assert_eq!(kind("zstd", &wrong), Err(ErrorKind::Protocol));
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(24).unwrap();
    encoder.write_all(&vec![b'x'; 1 << 16]).unwrap();
    encoder.flush().unwrap();
    encoder.write_all(TEXT).unwrap();
    assert_eq!(kind("zstd", &encoder.finish().unwrap()), Err(ErrorKind::Protocol));
}

#[cfg(feature = "gzip")]
#[test]
fn codings_are_undone_in_turn_and_are_few() {
    let twice = gzip(&gzip(TEXT));
    assert_eq!(read("gzip, gzip", &twice, DecodeHandler::new()).unwrap(), TEXT);
    let four = gzip(&gzip(&gzip(&gzip(TEXT))));
    assert_eq!(kind("gzip, gzip,gzip ,gzip", &four), Err(ErrorKind::TooLarge));
    // A truncation of the outer one isn't hidden by the inner one's end.
    assert_eq!(kind("gzip, gzip", &twice[..twice.len() - 3]), Err(ErrorKind::UnexpectedEof));
}

#[cfg(feature = "gzip")]
#[test]
fn bombs_have_limits() {
    let zeros = gzip(&vec![0; 8 << 20]);
    let error = read("gzip", &zeros, DecodeHandler::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    let allowed = DecodeHandler::new().max_ratio(u64::MAX);
    assert_eq!(read("gzip", &zeros, allowed).unwrap().len(), 8 << 20);
    let small = DecodeHandler::new().max_size(TEXT.len() as u64 - 1);
    assert_eq!(read("gzip", &gzip(TEXT), small).unwrap_err().kind(), ErrorKind::TooLarge);
    let exact = DecodeHandler::new().max_size(TEXT.len() as u64).max_ratio(0);
    assert_eq!(read("gzip", &gzip(TEXT), exact).unwrap(), TEXT);
}

#[test]
fn what_was_not_asked_for_is_left_alone() {
    let (coding, bytes) = coded().swap_remove(0);
    let left = |request: Request, decode, coding, status| {
        let coded = Coded { coding, bytes: bytes.clone(), drip: false, status };
        let mut response = open(coded, decode, request).unwrap();
        let mut out = Vec::new();
        response.read_to_end(&mut out).unwrap();
        out == bytes && response.headers().contains_key(CONTENT_ENCODING)
    };
    let get = || Request::new("http://h/").unwrap();
    let (on, ok) = (DecodeHandler::new, StatusCode::OK);
    assert!(!left(get(), on(), coding, ok));
    assert!(left(get().method("HEAD"), on(), coding, ok));
    assert!(left(get(), on(), coding, StatusCode::NO_CONTENT));
    assert!(left(get(), on(), coding, StatusCode::NOT_MODIFIED));
    assert!(left(get(), on(), "compress", ok));
    assert!(left(get().add_header("Accept-Encoding", "gzip"), on(), coding, ok));
    assert!(left(get().add_header("Range", "bytes=0-"), on(), coding, StatusCode::PARTIAL_CONTENT));
    assert!(left(get(), DecodeHandler::off(), coding, ok));
}

/// What is coded inside costs work too, though nothing of it comes out.
#[cfg(feature = "gzip")]
#[test]
fn what_gives_nothing_has_limits_too() {
    let nothing = gzip(b"").repeat(60_000);
    let thrice = gzip(&gzip(&nothing));
    assert!(thrice.len() < 1000);
    assert_eq!(kind("gzip, gzip, gzip", &thrice), Err(ErrorKind::TooLarge));
    let any_ratio = DecodeHandler::new().max_ratio(u64::MAX);
    assert_eq!(read("gzip, gzip, gzip", &thrice, any_ratio.clone()).unwrap(), b"");
    assert_eq!(
        read("gzip, gzip, gzip", &thrice, any_ratio.max_size(1)).unwrap_err().kind(),
        ErrorKind::TooLarge
    );
    // As it was sent, each member is paid for.
    assert_eq!(kind("gzip", &nothing), Ok(()));
}

#[cfg(feature = "gzip")]
#[test]
fn a_token_ends_work_that_gives_nothing() {
    let token = crate::cancel::CancelToken::new().unwrap();
    let nothing = gzip(b"").repeat(10);
    let coded = Coded { coding: "gzip", bytes: nothing, drip: false, status: StatusCode::OK };
    let request = Request::new("http://h/").unwrap().cancel_token(&token);
    let mut response = open(coded, DecodeHandler::new(), request).unwrap();
    token.cancel();
    let error = Error::from(response.read(&mut [0; 9]).unwrap_err());
    assert_eq!(error.kind(), ErrorKind::Cancelled);
}
