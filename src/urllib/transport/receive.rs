//! A response's head: interim answers are counted, and what follows the final one is decided.

use std::{sync::OnceLock, time::Duration};

use ::http::{HeaderMap, HeaderValue, Method, StatusCode, header::UPGRADE};

use super::connection::{Connection, Wait};
use crate::{
    error::{Error, ErrorKind, Result},
    urllib::{
        Request,
        dialogue::{Dialogue, Told},
        response::{Head, NameLengths, Phrase},
        term::Limit,
    },
    wire::{
        fields::{Fields, members},
        framing::{Framing, Persistence, persistence, response_framing},
        head::{HeadScanner, Parsed, ResponseHead, parse_response, storage},
        limits::Limits,
    },
};

/// Where an answer's status stands: behind `HTTP/1.1 `.
const STATUS: usize = 9;

/// A head, and what comes after it.
pub(super) struct Answer {
    pub(super) head: Head,
    pub(super) framing: Framing,
    pub(super) persistence: Persistence,
}

/// Why there is no answer.
pub(super) enum Silence {
    /// The connection ended before the first byte of it: on a reused one, the server closed it meanwhile.
    Dead(Error),
    /// It is wrong, late or cut short.
    Broken(Error),
}

/// Hears the answers to one request: interim ones (RFC 9110 §15.2), of which there may be a few, and the final one.
/// `101 Switching Protocols` is a final one where that was asked for, else it is refused.
pub(super) struct Listener<'l> {
    method: Method,
    pub(super) limits: &'l Limits,
    told: Option<Told>,
    /// To what the connection may be switched.
    upgrade: Option<HeaderValue>,
    interim: usize,
}

/// One answer.
pub(super) enum Said {
    Interim(StatusCode),
    Final(Answer),
}

impl Silence {
    pub(super) fn error(&self) -> &Error {
        match self {
            Silence::Dead(error) | Silence::Broken(error) => error,
        }
    }

    pub(super) fn into_error(self) -> Error {
        match self {
            Silence::Dead(error) | Silence::Broken(error) => error,
        }
    }
}

impl<'l> Listener<'l> {
    pub(super) fn new(method: &Method, limits: &'l Limits) -> Listener<'l> {
        Listener { method: method.clone(), limits, told: None, upgrade: None, interim: 0 }
    }

    /// Hears the answers to that request, of an opener that has that to say.
    pub(super) fn to(request: &Request, opener: &Dialogue, limits: &'l Limits) -> Listener<'l> {
        Listener {
            told: request.dialogue().told(opener),
            upgrade: request.own(&UPGRADE).cloned(),
            ..Listener::new(request.get_method(), limits)
        }
    }

    /// Reads the final answer's head and takes it out of the buffer. Its beginning has a limit of its own, which begins
    /// now.
    pub(super) fn answer(
        &mut self,
        conn: &mut Connection,
        wait: Wait,
        first_byte: Option<Duration>,
    ) -> Result<Answer, Silence> {
        let first = wait.within(Limit::FirstByte, first_byte);
        loop {
            if let Said::Final(answer) = self.next(conn, first, wait)? {
                return Ok(answer);
            }
        }
    }

    /// Reads the next head, whatever its kind: until it shows that it is the final one, and the others.
    pub(super) fn next(&mut self, conn: &mut Connection, begun: Wait, wait: Wait) -> Result<Said, Silence> {
        let mut scanner = HeadScanner::default();
        let mut heard = !conn.input.is_empty() || self.interim > 0;
        loop {
            if let Some((said, len)) = self.parse(conn.input.bytes()).map_err(Silence::Broken)? {
                conn.input.consume(len);
                return Ok(said);
            }
            loop {
                let first = conn.input.is_empty();
                let limit = if self.is_final(conn.input.bytes()) { wait } else { begun };
                // Where a byte is always there, nobody else looks at the clock.
                let late = if first { Ok(()) } else { limit.term.check() };
                match late.and_then(|()| conn.fill(limit)) {
                    Ok(0) => return Err(ended(heard)),
                    Ok(_) => heard = true,
                    Err(error) if !heard && (is_loss(&error) || is_cut(&error)) => {
                        return Err(Silence::Dead(error));
                    }
                    Err(error) => return Err(Silence::Broken(error)),
                }
                // Most heads come whole and are parsed at once. One that drips in waits for its end, so that it
                // isn't parsed at every byte.
                if first || scanner.scan(conn.input.bytes(), self.limits) {
                    break;
                }
            }
        }
    }

    /// The head that is in the buffer, and how long it is; nothing if it isn't complete.
    pub(super) fn parse(&mut self, bytes: &[u8]) -> Result<Option<(Said, usize)>> {
        if bytes.is_empty() {
            return Ok(None);
        }
        let mut slots = storage();
        let head = match parse_response(bytes, &mut slots, self.limits)? {
            Parsed::Complete(head) => head,
            Parsed::Partial => return Ok(None),
        };
        if head.status == StatusCode::SWITCHING_PROTOCOLS {
            check_switch(self.upgrade.as_ref(), head.fields)?;
        } else if head.status.is_informational() {
            self.count_interim()?;
            if let Some(told) = &self.told {
                told(head.status, &head.fields.to_header_map());
            }
            return Ok(Some((Said::Interim(head.status), head.len)));
        }
        let answer = Answer {
            framing: response_framing(&self.method, &head)?,
            persistence: persistence(head.version, head.fields),
            head: Head {
                status: head.status,
                phrase: Phrase::Sent,
                version: head.version.to_http(),
                bytes: bytes[..head.len].into(),
                lengths: NameLengths::of(head.fields.iter().map(|(name, _)| name)),
                map: OnceLock::new(),
            },
        };
        Ok(Some((Said::Final(answer), head.len)))
    }

    /// Whether the status of the final answer has begun to come. What is an interim one, or may still become one, is no
    /// beginning of it.
    fn is_final(&self, head: &[u8]) -> bool {
        let status = &head[head.len().min(STATUS)..];
        match status.first() {
            None => false,
            Some(b'1') => self.upgrade.is_some() && status.starts_with(b"101"),
            Some(_) => true,
        }
    }

    fn count_interim(&mut self) -> Result<()> {
        self.interim += 1;
        if self.interim > self.limits.interim {
            let message = format!("more than {} interim answers", self.limits.interim);
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        Ok(())
    }
}

/// Whether the connection was lost, rather than slow or cancelled.
pub(super) fn is_loss(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::NotConnected)
}

/// Whether TLS ended without a goodbye: few servers say it on a connection that was idle for too long.
fn is_cut(error: &Error) -> bool {
    error.kind() == ErrorKind::UnexpectedEof
}

/// A server may switch only to what it was asked for, and has to say to what (RFC 9110 §7.8).
fn check_switch(asked: Option<&HeaderValue>, fields: Fields<'_>) -> Result<()> {
    let Some(asked) = asked else {
        return Err(Error::new(ErrorKind::Protocol, "the server switched protocols unasked"));
    };
    let said = fields.get("upgrade").unwrap_or_default();
    let fits = |name: &[u8]| members(asked.as_bytes()).any(|asked| asked.eq_ignore_ascii_case(name));
    if members(said).next().is_none() || !members(said).all(fits) {
        let said = String::from_utf8_lossy(said);
        let message = format!("asked for {asked:?}, the server switched to {said:?}");
        return Err(Error::new(ErrorKind::Protocol, message));
    }
    Ok(())
}

fn ended(heard: bool) -> Silence {
    if heard {
        let message = "the connection closed within the head of the answer";
        return Silence::Broken(Error::new(ErrorKind::UnexpectedEof, message));
    }
    Silence::Dead(Error::new(ErrorKind::UnexpectedEof, "the connection closed without an answer"))
}

impl Head {
    /// The map; it is made when it is first asked for.
    pub(in crate::urllib) fn map(&self) -> &HeaderMap {
        self.map.get_or_init(|| Box::new(self.parse()))
    }

    pub(in crate::urllib) fn parse(&self) -> HeaderMap {
        self.again(|head| head.fields.to_header_map())
    }

    /// What the server calls its status: UTF-8, or else Latin-1, as Python reads it. Control characters,
    /// which may not be there (RFC 9112 §4), could do something to a terminal.
    pub(in crate::urllib) fn phrase(&self) -> String {
        let phrase = self.again(|head| match std::str::from_utf8(head.reason) {
            Ok(text) => text.to_owned(),
            Err(_) => head.reason.iter().copied().map(char::from).collect(),
        });
        phrase.replace(|c: char| c.is_control() && c != '\t', "\u{fffd}")
    }

    /// Parses it once more: nothing can be wrong with what was parsed before.
    fn again<T: Default>(&self, look: impl FnOnce(&ResponseHead<'_>) -> T) -> T {
        let mut slots = storage();
        match parse_response(&self.bytes, &mut slots, &Limits::DEFAULT) {
            Ok(Parsed::Complete(head)) => look(&head),
            _ => T::default(),
        }
    }
}
