//! The head of an answer: what the handler says, and what the server adds.

use ::http::StatusCode;

use crate::{
    error::{Error, Result},
    wire::{
        chunk::CRLF,
        framing::{content_length, says_close},
        write,
    },
};

use super::{
    super::{
        exchange::{Exchange, Written},
        field::FieldValue,
    },
    Output, Stage, misuse,
};

/// How the head says where the body ends.
#[derive(Clone, Copy)]
pub(super) enum BodyFraming {
    None,
    Length(u64),
    Chunked,
    UntilClose,
}

impl Output {
    pub(in super::super) fn status(&mut self, status: StatusCode) {
        self.answer.stage = Stage::Head;
        self.answer.status = status;
        if status.is_informational() {
            self.fail(misuse("an interim status can't be an answer"));
        }
        write::status_line(&mut self.bytes, status);
    }

    /// Whether the answer's status allows no content (RFC 9110 §6.4.1, and §15.3.6 for 205).
    pub(in super::super) fn has_no_content(&self) -> bool {
        matches!(self.answer.status.as_u16(), 100..=199 | 204 | 205 | 304)
    }

    /// Writes a field, or keeps the first error for the head's end.
    pub(in super::super) fn header(&mut self, name: &str, value: &dyn FieldValue) {
        let line = self.bytes.len();
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.extend_from_slice(b": ");
        let value_at = self.bytes.len();
        value.append_to(&mut self.bytes);
        if let Err(error) = write::check_field(name, &self.bytes[value_at..]) {
            self.bytes.truncate(line);
            return self.fail(error.into());
        }
        if self.is_ours(name, value_at) {
            self.bytes.truncate(line);
        } else {
            self.bytes.extend_from_slice(CRLF);
        }
    }

    /// Notes the fields that concern the framing; true for those that are written with the head's end.
    fn is_ours(&mut self, name: &str, value_at: usize) -> bool {
        let value = &self.bytes[value_at..];
        match name.len() {
            4 if name.eq_ignore_ascii_case("date") => self.answer.has_date = true,
            6 if name.eq_ignore_ascii_case("server") => self.answer.has_server = true,
            10 if name.eq_ignore_ascii_case("connection") => {
                if says_close(value) {
                    self.answer.closes = true;
                    return true;
                }
                return value.trim_ascii().eq_ignore_ascii_case(b"keep-alive");
            }
            14 if name.eq_ignore_ascii_case("content-length") => {
                match content_length(value.trim_ascii()) {
                    Ok(length) if self.answer.declared.is_none_or(|other| other == length) => {
                        self.answer.declared = Some(length);
                    }
                    Ok(_) => self.fail(misuse("two different Content-Lengths")),
                    Err(_) => self.fail(misuse("Content-Length must be a number")),
                }
                return true;
            }
            17 if name.eq_ignore_ascii_case("transfer-encoding") => {
                self.fail(misuse("Transfer-Encoding is the server's business"));
                return true;
            }
            _ => {}
        }
        false
    }

    fn fail(&mut self, error: Error) {
        self.answer.fault.get_or_insert(error);
    }

    /// Ends the head, for a body of a length that only the handler knows unless it has declared it.
    pub(in super::super) fn end_headers(&mut self, exchange: &Exchange<'_>, written: Written) -> Result<()> {
        if let Some(fault) = self.answer.fault.take() {
            return Err(fault);
        }
        let declared = self.answer.declared;
        self.answer.stage = if self.has_no_content() {
            self.end_head(exchange, self.framing_of_nothing());
            Stage::Forbidden
        } else if exchange.asked.head_only {
            match declared {
                Some(length) => {
                    self.end_head(exchange, BodyFraming::Length(length));
                    Stage::Dropped
                }
                None => Stage::Counting,
            }
        } else {
            match declared {
                Some(length) => {
                    self.answer.written = written;
                    self.end_head(exchange, BodyFraming::Length(length));
                    Stage::Sized { left: length }
                }
                None => Stage::Collecting { head_end: self.bytes.len() },
            }
        };
        Ok(())
    }

    /// A 304 may say the length that a 200 would have; 204 must not say any (RFC 9110 §8.6).
    fn framing_of_nothing(&self) -> BodyFraming {
        match (self.answer.status, self.answer.declared) {
            (StatusCode::NOT_MODIFIED, Some(length)) => BodyFraming::Length(length),
            (StatusCode::RESET_CONTENT, _) => BodyFraming::Length(0),
            _ => BodyFraming::None,
        }
    }

    /// Ends the head for a body of that length.
    pub(super) fn end_headers_with(&mut self, exchange: &Exchange<'_>, length: u64) -> Result<()> {
        match self.answer.declared {
            // What a HEAD is told may be the length of a body that nobody made.
            Some(declared) if declared != length && !exchange.asked.head_only && !self.has_no_content() => {
                self.fail(misuse("Content-Length is not the body's length"));
            }
            Some(_) => {}
            None if self.has_no_content() => {}
            None => self.answer.declared = Some(length),
        }
        self.end_headers(exchange, Written::Whole)
    }

    /// Puts the head's last lines between the open head and the body behind it; says where the body is then.
    pub(super) fn end_head_at(
        &mut self,
        exchange: &Exchange<'_>,
        head_end: usize,
        framing: BodyFraming,
    ) -> usize {
        let body_end = self.bytes.len();
        self.end_head(exchange, framing);
        let lines = self.bytes.len() - body_end;
        self.bytes[head_end..].rotate_right(lines);
        head_end + lines
    }

    /// The head's last lines: what the server adds.
    pub(super) fn end_head(&mut self, exchange: &Exchange<'_>, framing: BodyFraming) {
        let until_close = matches!(framing, BodyFraming::UntilClose);
        self.answer.until_close = until_close;
        self.answer.closes |= until_close || exchange.must_close(self.answer.written);
        let out = &mut self.bytes;
        if !self.answer.has_server && !exchange.settings.server.is_empty() {
            out.extend_from_slice(b"Server: ");
            out.extend_from_slice(exchange.settings.server.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
        if !self.answer.has_date {
            out.extend_from_slice(b"Date: ");
            out.extend_from_slice(exchange.date);
            out.extend_from_slice(b"\r\n");
        }
        match framing {
            BodyFraming::Length(length) => write::content_length(out, length),
            BodyFraming::Chunked => out.extend_from_slice(b"Transfer-Encoding: chunked\r\n"),
            BodyFraming::None | BodyFraming::UntilClose => {}
        }
        if self.answer.closes {
            out.extend_from_slice(b"Connection: close\r\n");
        } else if !exchange.asked.http11 {
            out.extend_from_slice(b"Connection: keep-alive\r\n");
        }
        write::end(out);
    }
}
