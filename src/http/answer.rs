//! One request: understood, handed to the handler, answered.

use std::time::{Duration, Instant};

use ::http::Method;

use crate::{
    error::{Error, ErrorKind, Result},
    server::engine::{classes::Class, service::Begin},
    socket::{SO_LINGER, SOL_SOCKET},
    stream::Stream,
    wire::{
        body::{BodyError, Decoder},
        fields::storage,
        framing::{Expectation, Framing, Persistence, expectation, persistence, request_framing},
        head::{HeadScanner, Parsed, RequestHead, Version, parse_request},
    },
};

use super::{
    Handler, LogEntry, Request, Response,
    connection::{Chunks, Collect, Drain, End, Next, Phase, SMALL, find_end},
    exchange::{Asked, CONTINUE, Exchange, Unread},
    input::{Input, Rest},
    log::{Kept, RequestLine},
    output::{FilePart, HIGH_WATER, Output},
    refusal::{Refusal, write_error},
    service::{HttpService, Turn},
};

/// What became of the bytes that a request may begin with.
pub(super) enum Done {
    /// Answered; the next request begins after so many bytes.
    Answered(usize),
    /// Answered; its body was longer than what is here. What came behind it is in the connection's state.
    Streamed,
    /// It isn't all here.
    Short(Phase),
    /// The answers before it must go out first.
    Flush,
    /// A thread that may block shall serve it.
    Handover,
    /// The connection has no next request, or not yet.
    Last(Next),
}

/// Files up to that size are copied behind the head: one system call more than that is `sendfile`'s price.
const SMALL_FILE: u64 = 32 * 1024;

/// What has come of a request.
struct Arrived<'b> {
    /// The head's length.
    head: usize,
    bytes: &'b [u8],
    awaits_continue: bool,
}

/// A request that is ready for its handler.
struct Ready<'b> {
    head: RequestHead<'b>,
    method: Method,
    decoder: Decoder,
    /// What stands behind the head.
    behind: &'b [u8],
    unread: Unread,
    awaits_continue: bool,
}

impl<H: Handler> Turn<'_, '_, H> {
    /// Serves the request that these bytes begin with.
    pub(super) fn request(&mut self, bytes: &[u8]) -> Done {
        let settings = &self.service.settings;
        let mut room = storage();
        let head = match parse_request(bytes, &mut room, &settings.limits) {
            Ok(Parsed::Complete(head)) => head,
            Ok(Parsed::Partial) => {
                let mut scanner = HeadScanner::default();
                let _ = scanner.scan(bytes, &settings.limits);
                return Done::Short(if scanner.has_begun() { Phase::Head(scanner) } else { Phase::Idle });
            }
            Err(error) => return self.refuse(error),
        };
        let framing = match request_framing(&head) {
            Ok(Framing::Length(length)) if length > settings.body => {
                return self.refuse_request(&head, Refusal::BodyTooLarge);
            }
            Ok(framing) => framing,
            Err(error) => return self.refuse_request(&head, error),
        };
        let Ok(method) = Method::from_bytes(head.method.as_bytes()) else {
            return self.refuse_request(&head, Refusal::Method);
        };
        let behind = &bytes[head.len..];
        let awaits_continue = match expectation(&head) {
            Expectation::None => false,
            // One who sends without waiting needn't be told (RFC 9110 §10.1.1).
            Expectation::Continue => behind.is_empty(),
            Expectation::Unknown => return self.refuse_request(&head, Refusal::Expectation),
        };
        let arrived = Arrived { head: head.len, bytes, awaits_continue };
        let unread = match self.unread(framing, arrived) {
            Ok(unread) => unread,
            Err(Wanted::More(end)) => {
                if awaits_continue {
                    self.output.bytes.extend_from_slice(CONTINUE);
                }
                return Done::Short(Phase::Body(Collect { end, since: self.desk.now() }));
            }
            Err(Wanted::Refusal(error)) => return self.refuse_request(&head, error),
        };
        if unread != Unread::Nothing && !self.output.bytes.is_empty() {
            return Done::Flush;
        }
        if self.desk.begin(class(&head)) == Begin::Handover {
            return Done::Handover;
        }
        let decoder = Decoder::new(framing, &settings.limits);
        let awaits_continue = awaits_continue && unread != Unread::Nothing;
        self.answer(Ready { head, method, decoder, behind, unread, awaits_continue })
    }

    /// How much of the body isn't here. All of a small one has to be, before its handler runs, and the beginning of a
    /// larger one, unless the peer waits for leave to send it.
    fn unread(&self, framing: Framing, arrived: Arrived<'_>) -> Result<Unread, Wanted> {
        let Arrived { head, bytes, awaits_continue } = arrived;
        let here = bytes.len() - head;
        match framing {
            Framing::None | Framing::UntilClose => Ok(Unread::Nothing),
            Framing::Length(length) => match length.checked_sub(here as u64) {
                None | Some(0) => Ok(Unread::Nothing),
                Some(_) if length <= SMALL as u64 => Err(Wanted::More(End::Until(head + length as usize))),
                Some(_) if here < SMALL && !awaits_continue => Err(Wanted::More(End::Until(head + SMALL))),
                Some(left) => Ok(Unread::Bytes(left)),
            },
            Framing::Chunked => {
                let mut decoder = Decoder::new(framing, &self.service.settings.limits);
                let mut seen = head;
                match find_end(&mut decoder, bytes, &mut seen) {
                    Ok(true) => Ok(Unread::Nothing),
                    Ok(false) if here > SMALL => Ok(Unread::Unknown),
                    Ok(false) => {
                        Err(Wanted::More(End::Chunks(Box::new(Chunks { decoder, seen, most: head + SMALL }))))
                    }
                    Err(error) => Err(Wanted::Refusal(error)),
                }
            }
        }
    }

    /// Runs the handler and ends its answer.
    fn answer(&mut self, ready: Ready<'_>) -> Done {
        let Turn { service, conn, desk, output, later, date, file, kept, .. } = self;
        let Ready { head, method, decoder, behind, unread, awaits_continue } = ready;
        let keep_alive = persistence(head.version, head.fields) == Persistence::KeepAlive
            // RFC 9110 §9.3.6: after a success, what follows a CONNECT is a tunnel's to the peer's mind, no request.
            && method != Method::CONNECT
            && service.settings.keeps_alive
            && !desk.is_draining();
        let http11 = head.version == Version::Http11;
        let asked = Asked { http11, keep_alive, head_only: method == Method::HEAD };
        let exchange = Exchange::new(conn, service, date, asked);
        exchange.awaits_continue.set(awaits_continue);
        exchange.unread.set(unread);
        let input = Input::new(&exchange, decoder, behind, later);
        let mut request = Request::new(&head, method, &conn.peer, input);
        let outcome = call(service, &mut request, output, &exchange);
        let outcome = outcome.and_then(|()| end(output, &exchange)).map(|part| *file = part);
        if outcome.is_err() {
            give_up(output, &exchange, request.refusal());
        }
        // Half an answer mustn't look like a whole one; and one that nobody takes is no use in the kernel's buffers.
        let half = output.answer.until_close && !asked.head_only;
        let breaks = outcome.is_err() && (half || exchange.broken.get().is_some());
        if breaks {
            exchange.lose(ErrorKind::Other, output.bytes.len());
            output.bytes.clear();
        }
        let entry = LogEntry {
            peer: &conn.peer,
            request_line: RequestLine::of(&head),
            status: output.answer.status,
            size: output.answer.size_sent(&exchange),
            date,
            error: outcome.as_ref().err().or(exchange.remark.get()),
        };
        if entry.error.is_none() && (file.is_some() || output.bytes.len() > HIGH_WATER) {
            *kept = Some(Box::new(Kept::of(&entry, &head)));
        } else {
            service.log(&entry);
        }
        if breaks {
            break_off(exchange.stream);
            return Done::Last(Next::Close);
        }
        let rest = request.finish();
        self.served += 1;
        self.conn.state.asked = true;
        if unread != Unread::Nothing {
            self.conn.state.unsure = true;
        }
        self.after(head.len, behind.len(), rest)
    }

    /// What follows an answer.
    fn after(&mut self, head: usize, behind: usize, rest: Rest) -> Done {
        let closes = self.output.answer.closes;
        let is_long = self.output.answer.size > HIGH_WATER as u64;
        match rest {
            // The kernel answers bytes that nobody reads by a reset, which could overtake the answer: those that are here,
            // and those that come while a long one is on its way.
            Rest::Ended(body) if closes && (body < behind || self.conn.state.unsure || is_long) => {
                Done::Last(Next::Linger)
            }
            Rest::Ended(_) if closes => Done::Last(Next::Close),
            Rest::Ended(body) => Done::Answered(head + body),
            _ if closes => Done::Last(Next::Linger),
            Rest::EndedLater(range) => {
                self.conn.state.input = self.later[range].to_vec();
                Done::Streamed
            }
            Rest::Open(decoder) => {
                // The handler may have taken its time.
                let since = Instant::now();
                Done::Last(Next::Drain(Box::new(Drain { decoder, seen: 0, since })))
            }
            Rest::Lost => Done::Last(Next::Linger),
        }
    }
}

/// Why a request's handler can't run yet.
enum Wanted {
    More(End),
    Refusal(BodyError),
}

/// Runs the handler; a panic is an error like others.
fn call<H: Handler>(
    service: &HttpService<H>,
    request: &mut Request<'_>,
    output: &mut Output,
    exchange: &Exchange<'_>,
) -> Result<()> {
    let outcome = service.guarded(|| service.handler.handle(request, Response::new(output, exchange)));
    outcome.unwrap_or_else(|| Err(Error::new(ErrorKind::Other, "the handler panicked")))
}

/// Ends the answer; a small file's bytes are put behind the head.
fn end(output: &mut Output, exchange: &Exchange<'_>) -> Result<Option<FilePart>> {
    match output.finish(exchange)? {
        Some(part) if part.left <= SMALL_FILE => match part.read_whole(&mut output.bytes)? {
            true => Ok(None),
            false => Err(Error::new(ErrorKind::UnexpectedEof, "the file is shorter than its Content-Length")),
        },
        part => Ok(part),
    }
}

/// The handler failed: what can be taken back is replaced by an error answer, which blames the peer where its body
/// was at fault. The connection ends.
fn give_up(output: &mut Output, exchange: &Exchange<'_>, refusal: Option<Refusal>) {
    if exchange.started.get() {
        output.answer.closes = true;
        return;
    }
    output.take_back();
    exchange.unread.set(Unread::Lost);
    write_error(output, exchange, refusal);
}

/// Has the connection end in an error to the peer (a reset), so that half an answer isn't taken for a whole one.
pub(super) fn break_off(stream: &Stream) {
    // A wish: without it the peer sees an end.
    let _ = stream.socket().setsockopt(SOL_SOCKET, SO_LINGER, Some(Duration::ZERO));
}

/// What is alike as far as blocking goes: method and path.
fn class(head: &RequestHead<'_>) -> Class {
    let path = head.target.split('?').next().unwrap_or_default();
    let mut hash: u32 = 0x811C_9DC5;
    for &byte in head.method.as_bytes().iter().chain(b" ").chain(path.as_bytes()) {
        // FNV-1a: short inputs, and nothing is at stake in a collision but a hand-over.
        hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    Class::new(hash)
}
