//! Trailer fields (RFC 9110 §6.5), as this side sends them: which may stand there, and how a body ends with them.

use ::http::{
    HeaderMap, HeaderName,
    header::{
        ACCEPT, ACCEPT_CHARSET, ACCEPT_ENCODING, ACCEPT_LANGUAGE, AGE, AUTHORIZATION, CACHE_CONTROL,
        CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, COOKIE, DATE, EXPECT,
        EXPIRES, HOST, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, LOCATION,
        MAX_FORWARDS, PRAGMA, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, RANGE, RETRY_AFTER, SET_COOKIE, TE,
        TRAILER, TRANSFER_ENCODING, UPGRADE, VARY, VIA, WARNING, WWW_AUTHENTICATE,
    },
};

use super::{chunk::LAST_CHUNK, write};

/// What has to be known before the body, RFC 9110 §6.5.1: whoever merges trailers into the head would act on them, and
/// whoever doesn't would not.
const BEFOREHAND: [HeaderName; 40] = [
    // Framing, and the connection.
    TRANSFER_ENCODING,
    CONTENT_LENGTH,
    TRAILER,
    TE,
    CONNECTION,
    UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    // Routing.
    HOST,
    MAX_FORWARDS,
    VIA,
    // Who asks.
    AUTHORIZATION,
    PROXY_AUTHORIZATION,
    WWW_AUTHENTICATE,
    PROXY_AUTHENTICATE,
    COOKIE,
    SET_COOKIE,
    // What changes a request.
    ACCEPT,
    ACCEPT_CHARSET,
    ACCEPT_ENCODING,
    ACCEPT_LANGUAGE,
    CACHE_CONTROL,
    EXPECT,
    IF_MATCH,
    IF_MODIFIED_SINCE,
    IF_NONE_MATCH,
    IF_RANGE,
    IF_UNMODIFIED_SINCE,
    PRAGMA,
    RANGE,
    // What controls a response.
    AGE,
    DATE,
    EXPIRES,
    LOCATION,
    RETRY_AFTER,
    VARY,
    WARNING,
    // What the content is.
    CONTENT_ENCODING,
    CONTENT_RANGE,
    CONTENT_TYPE,
];

/// Whether a field of that name may come after the body.
pub(crate) fn may_trail(name: &HeaderName) -> bool {
    !BEFOREHAND.contains(name)
}

/// Writes the end of a chunked body, with these trailers.
pub(crate) fn last_chunk(out: &mut Vec<u8>, trailers: &HeaderMap) {
    let (size, end) = LAST_CHUNK.split_at(LAST_CHUNK.len() - 2);
    out.extend_from_slice(size);
    for (name, value) in trailers {
        write::header(out, name, value);
    }
    out.extend_from_slice(end);
}

#[cfg(test)]
mod tests {
    use ::http::HeaderValue;

    use super::*;
    use crate::wire::{chunk, chunk::ChunkDecoder, limits::Limits};

    fn trailers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        pairs.iter().map(pair).collect()
    }

    /// What is written is read, whole and byte by byte.
    #[test]
    fn it_comes_back_as_it_went() {
        for trailers in [trailers(&[]), trailers(&[("x-sum", "1a"), ("x-empty", ""), ("x-tab", "a\tb")])] {
            let mut body = Vec::new();
            chunk::chunk(&mut body, b"hello");
            last_chunk(&mut body, &trailers);
            for size in [1, 2, body.len()] {
                let (mut decoder, mut data) = (ChunkDecoder::new(&Limits::DEFAULT), Vec::new());
                for piece in body.chunks(size) {
                    let mut left = piece;
                    while !left.is_empty() && !decoder.is_done() {
                        let step = decoder.decode(left).unwrap();
                        data.extend_from_slice(&left[step.data.clone()]);
                        left = &left[step.consumed..];
                    }
                }
                assert!(decoder.is_done());
                assert_eq!((data.as_slice(), decoder.trailers()), (&b"hello"[..], trailers.clone()));
            }
        }
    }

    #[test]
    fn without_any_it_is_the_plain_end() {
        let mut end = Vec::new();
        last_chunk(&mut end, &HeaderMap::new());
        assert_eq!(end, LAST_CHUNK);
        last_chunk(&mut end, &trailers(&[("x-a", "b")]));
        assert_eq!(end, b"0\r\n\r\n0\r\nx-a: b\r\n\r\n");
    }

    #[test]
    fn what_must_be_known_beforehand_is_not_one() {
        for name in
            ["content-length", "transfer-encoding", "host", "authorization", "content-type", "if-match"]
        {
            assert!(!may_trail(&HeaderName::from_static(name)), "{name}");
        }
        for name in ["digest", "content-digest", "x-checksum", "server-timing", "etag"] {
            assert!(may_trail(&HeaderName::from_static(name)), "{name}");
        }
    }
}
