//! A chosen variant as an answer: conditions, ranges, headers, bytes.

use std::{
    collections::hash_map::RandomState,
    fs::File,
    hash::{BuildHasher, Hasher},
    io::Write,
    ops::Range,
    time::{Duration, UNIX_EPOCH},
};

use ::http::StatusCode;

use crate::{
    error::{Error, ErrorKind, Result},
    sys,
    wire::{
        condition::{EntityTag, Outcome, Validators, evaluate},
        range::{Multipart, Selection, content_range, select, unsatisfied_range},
    },
};

use super::{
    super::{Head, Request, Response, error_page},
    variant::{Negotiation, Variant},
};

/// How much of a file is read at a time for an answer of several parts.
const PIECE: u64 = 64 * 1024;

/// Answers with the file, a part of it, or what the conditions want instead.
pub(super) fn send(
    request: &Request<'_>,
    response: Response<'_>,
    media_type: &str,
    variant: Variant,
) -> Result<()> {
    let validators = Validators {
        tag: EntityTag::parse(variant.tag.as_bytes()),
        modified: variant.modified,
        now: variant.now,
    };
    let selection = match evaluate(request.method(), request.fields(), &validators) {
        Outcome::Failed => return response.send_error(StatusCode::PRECONDITION_FAILED, None),
        Outcome::NotModified => {
            let head = response.send_response(StatusCode::NOT_MODIFIED);
            return with_validators(head, &variant).body("");
        }
        Outcome::Whole => Selection::Whole,
        Outcome::Ranges(ranges) => select(ranges, variant.length),
    };
    match selection {
        Selection::Whole => {
            let head = with_headers(response.send_response(StatusCode::OK), &variant);
            head.send_header("Content-Type", media_type).send_file(variant.file, 0, variant.length)
        }
        Selection::One(range) => {
            let head = with_headers(response.send_response(StatusCode::PARTIAL_CONTENT), &variant);
            head.send_header("Content-Type", media_type)
                .send_header("Content-Range", content_range(&range, variant.length))
                .send_file(variant.file, range.start, range.end - range.start)
        }
        Selection::Several(ranges) => send_parts(response, media_type, &variant, &ranges),
        Selection::Unsatisfiable => {
            let status = StatusCode::RANGE_NOT_SATISFIABLE;
            response
                .send_response(status)
                .send_header("Content-Range", unsatisfied_range(variant.length))
                .send_header("Content-Type", error_page::CONTENT_TYPE)
                .body(error_page::render(status, None))
        }
    }
}

/// What a 304 repeats (RFC 9110 §15.4.5).
fn with_validators<'a>(head: Head<'a>, variant: &Variant) -> Head<'a> {
    let head = head.send_header("ETag", &variant.tag);
    let head = match variant.modified {
        Some(seconds) => head.send_header("Last-Modified", UNIX_EPOCH + Duration::from_secs(seconds)),
        None => head,
    };
    match variant.negotiation {
        Negotiation::ByEncoding => head.send_header("Vary", "Accept-Encoding"),
        Negotiation::None => head,
    }
}

fn with_headers<'a>(head: Head<'a>, variant: &Variant) -> Head<'a> {
    let head = with_validators(head, variant).send_header("Accept-Ranges", "bytes");
    match variant.coding {
        Some(coding) => head.send_header("Content-Encoding", coding.name()),
        None => head,
    }
}

/// Several parts as `multipart/byteranges`, of a length that is known before (RFC 9110 §14.6).
fn send_parts(
    response: Response<'_>,
    media_type: &str,
    variant: &Variant,
    ranges: &[Range<u64>],
) -> Result<()> {
    let boundary = boundary();
    let multipart = Multipart { boundary: &boundary, media_type, length: variant.length };
    let head = with_headers(response.send_response(StatusCode::PARTIAL_CONTENT), variant);
    let mut body = head
        .send_header("Content-Type", multipart.content_type())
        .send_header("Content-Length", multipart.body_length(ranges))
        .end_headers()?;
    for range in ranges {
        body.write_all(multipart.part_head(range).as_bytes())?;
        copy(&variant.file, range, &mut body)?;
    }
    body.write_all(multipart.end().as_bytes())?;
    Ok(())
}

/// Copies a part of a file; one that has become shorter is an error, which breaks the connection.
fn copy(file: &File, range: &Range<u64>, out: &mut impl Write) -> Result<()> {
    let mut buffer = vec![0; PIECE.min(range.end - range.start) as usize];
    let mut at = range.start;
    while at < range.end {
        // At most PIECE, which is a usize.
        let piece = PIECE.min(range.end - at) as usize;
        let read = sys::read_at(file, &mut buffer[..piece], at)?;
        if read == 0 {
            return Err(Error::new(ErrorKind::UnexpectedEof, "the file became shorter while it was sent"));
        }
        out.write_all(&buffer[..read])?;
        at += read as u64;
    }
    Ok(())
}

/// What separates the parts: 128 bits that nobody who writes files can foresee, as std seeds its hashers by chance.
fn boundary() -> String {
    let half = |salt: u8| {
        let mut hasher = RandomState::new().build_hasher();
        hasher.write_u8(salt);
        hasher.finish()
    };
    format!("{:016x}{:016x}", half(0), half(1))
}
