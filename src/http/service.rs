//! HTTP as the engine sees it: what is done with a connection that has something to read or can be written again.
//!
//! ```text
//!            read ──► serve ──► request ──► handler        (answer.rs)
//!  Phase ──►  drain │   ▲  │
//!             write │   │  ▼
//!            linger │  Next: after everything is sent, one of
//!                   ▼        Read ─ Serve ─ Yield ─ Handover ─ Drain ─ Linger ─ Close
//!                Verdict
//! ```

use std::{
    mem,
    ops::ControlFlow,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use crate::{
    deadline::Deadline,
    error::{Error, ErrorKind},
    server::engine::{
        guard::guarded,
        service::{Conn, Desk, Expiry, Service, Verdict, Wait},
    },
    socket::{Address, Shutdown},
    stream::Stream,
    wire::{body::BodyError, date::DateCache},
};

use super::{
    Handler, LogEntry,
    answer::{Done, break_off},
    backlog::Backlog,
    connection::{Drain, Next, Phase, State, find_end},
    exchange::{DRAIN, Exchange},
    log::{Kept, RequestLine},
    output::{FilePart, HIGH_WATER, Output},
    refusal::Refusal,
    settings::Settings,
    unsent::ended_by,
    waits::Waits,
};

/// What is read at a time.
const READ: usize = 64 * 1024;

/// Pipelined requests that are answered before others get their turn.
const DEPTH: u32 = 128;

/// Reads of a lingering connection before others get their turn.
const LINGER_READS: u32 = 16;

/// A lingering connection is closed after that time, however much it goes on sending.
const LINGER: Duration = Duration::from_secs(30);

/// A buffer that grew past that isn't kept.
pub(super) const KEEP: usize = 4 * HIGH_WATER;

/// A handler and what its server allows.
pub(super) struct HttpService<H> {
    pub(super) handler: H,
    pub(super) settings: Settings,
    pub(super) log: Option<Log>,
    pub(super) waits: Waits,
    pub(super) backlog: Arc<Backlog>,
    /// Panics that were caught here, and so not by the engine.
    panics: AtomicU64,
}

/// What a server does about each answer.
pub(super) type Log = Arc<dyn Fn(&LogEntry<'_>) + Send + Sync>;

/// A thread's buffers.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    input: Vec<u8>,
    later: Vec<u8>,
    output: Output,
    clock: Clock,
}

/// The value of `Date`, looked up once a second.
#[derive(Debug, Default)]
struct Clock {
    cache: DateCache,
    until: Option<Instant>,
}

/// One call of [`Service::ready`].
pub(super) struct Turn<'t, 'd, H> {
    pub(super) service: &'t HttpService<H>,
    pub(super) conn: &'t mut Conn<State>,
    pub(super) desk: &'t mut Desk<'d, Option<Box<Buffers>>>,
    pub(super) later: &'t mut Vec<u8>,
    pub(super) output: &'t mut Output,
    pub(super) date: &'t [u8; 29],
    /// Follows the output.
    pub(super) file: Option<FilePart>,
    /// What the log is told once the last answer is sent.
    pub(super) kept: Option<Box<Kept>>,
    pub(super) served: u32,
}

impl<H: Handler> Service for HttpService<H> {
    type Line = Stream;
    type State = State;
    type Scratch = Option<Box<Buffers>>;

    fn open(&self, _peer: &Address) -> Option<State> {
        Some(State::default())
    }

    fn ready(&self, conn: &mut Conn<State>, desk: &mut Desk<'_, Self::Scratch>) -> Verdict {
        let mut buffers = desk.scratch.take().unwrap_or_default();
        let Buffers { input, later, output, clock } = &mut *buffers;
        input.resize(READ, 0);
        let date = clock.look(desk.now());
        let mut turn =
            Turn { service: self, conn, desk, later, output, date, file: None, kept: None, served: 0 };
        let verdict = turn.run(input);
        output.bytes.clear();
        if output.bytes.capacity() > KEEP {
            output.bytes = Vec::new();
        }
        *desk.scratch = Some(buffers);
        verdict
    }

    fn expired(&self, conn: &mut Conn<State>, wait: Wait, why: Expiry) {
        if let Phase::Write(unsent) = &mut conn.state.phase {
            break_off(&conn.stream);
            let left = unsent.left();
            unsent.forget();
            self.log_kept(&conn.peer, unsent.kept.as_deref(), left, Some(ended_by(why)));
            return;
        }
        let mut clock = Clock::default();
        let date = clock.look(Instant::now());
        let mut output = Output::default();
        match (wait, &conn.state.phase) {
            (Wait::Head, _) => {
                let exchange = Exchange::refusal(conn, self, date);
                let refusal = if why == Expiry::Time { Refusal::HeadTimeout } else { Refusal::Shutdown };
                self.refuse(&mut output, &exchange, RequestLine::Unknown, refusal);
            }
            (Wait::Body, Phase::Body(_)) => {
                let refusal = if why == Expiry::Time { Refusal::BodyTimeout } else { Refusal::Shutdown };
                self.refuse_collected(conn, (&mut output, date), refusal);
            }
            // No request has begun, or its answer is there already.
            _ => {}
        }
        let _ = conn.stream.try_write(&output.bytes);
    }

    fn detach(&self, _conn: Conn<State>) {}

    fn caught_panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    fn patience(&self, wait: Wait) -> Option<Duration> {
        match wait {
            Wait::New | Wait::Head => self.settings.head_time,
            Wait::Idle => self.settings.idle_time,
            Wait::Body => self.settings.body_time,
            Wait::Write | Wait::WriteKept => self.settings.write_time,
            Wait::Linger => Some(self.settings.linger_time),
        }
    }
}

impl<H: Handler> HttpService<H> {
    /// For a server whose handlers may block so many threads.
    pub(super) fn new(handler: H, settings: Settings, log: Option<Log>, threads: usize) -> HttpService<H> {
        let (waits, backlog) = (Waits::of(threads), Backlog::new(settings.unsent));
        HttpService { handler, settings, log, waits, backlog, panics: AtomicU64::new(0) }
    }

    /// Tells those who want to know of an answer. One that panics doesn't cost the answer.
    pub(super) fn log(&self, entry: &LogEntry<'_>) {
        self.guarded(|| self.handler.log_request(entry));
        if let Some(log) = &self.log {
            self.guarded(|| log(entry));
        }
    }

    /// Tells of an answer that is sent, but for so many bytes.
    pub(super) fn log_kept(&self, peer: &Address, kept: Option<&Kept>, left: u64, error: Option<Error>) {
        if let Some(kept) = kept {
            self.log(&kept.entry(peer, left, error.as_ref()));
        }
    }

    /// Calls code that isn't the crate's; a panic in it is counted. `None`: it panicked.
    pub(super) fn guarded<R>(&self, call: impl FnOnce() -> R) -> Option<R> {
        let outcome = guarded(call);
        if outcome.is_none() {
            self.panics.fetch_add(1, Ordering::Relaxed);
        }
        outcome
    }
}

impl<H: Handler> Turn<'_, '_, H> {
    fn run(&mut self, input: &mut [u8]) -> Verdict {
        loop {
            let next = match mem::take(&mut self.conn.state.phase) {
                Phase::Serve => {
                    let kept = mem::take(&mut self.conn.state.input);
                    ControlFlow::Continue(self.serve(&kept))
                }
                Phase::Write(unsent) => self.resume(unsent),
                Phase::Drain(drain) => self.drain(drain, input),
                Phase::Linger(until) => self.linger(until, input),
                phase => self.read(phase, input),
            };
            match next {
                ControlFlow::Continue(next) => {
                    if let ControlFlow::Break(verdict) = self.send(next) {
                        return verdict;
                    }
                }
                ControlFlow::Break(verdict) => return verdict,
            }
        }
    }

    /// Reads once, for a head or a small body.
    fn read(&mut self, phase: Phase, input: &mut [u8]) -> ControlFlow<Verdict, Next> {
        let state = &mut self.conn.state;
        let read = match self.conn.stream.try_read(input) {
            Ok(0) => {
                match phase {
                    Phase::Head(_) => drop(self.refuse(Refusal::HeadTruncated)),
                    Phase::Body(_) => self.refuse_collected(BodyError::Truncated),
                    _ => {}
                }
                return ControlFlow::Continue(Next::Close);
            }
            Ok(read) => read,
            Err(error) if error.would_block() => {
                state.phase = phase;
                state.unsure = false;
                return ControlFlow::Break(Verdict::Park(state.wait()));
            }
            Err(_) => return ControlFlow::Break(Verdict::Close),
        };
        state.unsure = read == input.len();
        let bytes = &input[..read];
        let waits = match phase {
            Phase::Head(mut scanner) => {
                state.input.extend_from_slice(bytes);
                let found = scanner.scan(&state.input, &self.service.settings.limits);
                (!found).then_some(Phase::Head(scanner))
            }
            Phase::Body(mut collect) => {
                state.input.extend_from_slice(bytes);
                let done = collect.is_done(&state.input);
                let waited = self.desk.now().saturating_duration_since(collect.since);
                let patience = self.service.settings.body_patience(state.input.len() as u64, waited);
                if !done && patience.is_some_and(|patience| patience.is_zero()) {
                    self.refuse_collected(Refusal::BodyTimeout);
                    return ControlFlow::Continue(Next::Linger);
                }
                (!done).then_some(Phase::Body(collect))
            }
            _ if state.input.is_empty() => return ControlFlow::Continue(self.serve(bytes)),
            // Blank lines came before.
            _ => {
                state.input.extend_from_slice(bytes);
                None
            }
        };
        ControlFlow::Continue(match waits {
            Some(phase) => Next::Read(phase),
            None => Next::Serve,
        })
    }

    /// Serves the requests in these bytes; what is left of them goes into the connection's state.
    fn serve(&mut self, bytes: &[u8]) -> Next {
        let mut rest = bytes;
        while !rest.is_empty() {
            let full = self.output.bytes.len() >= HIGH_WATER || self.file.is_some();
            if full || self.served >= DEPTH || self.served > 0 && self.desk.is_wanted() {
                self.keep(rest);
                return if full { Next::Serve } else { Next::Yield };
            }
            match self.request(rest) {
                Done::Answered(length) => rest = &rest[length..],
                Done::Streamed if self.conn.state.input.is_empty() => break,
                Done::Streamed => return Next::Serve,
                Done::Short(phase) => {
                    self.keep(rest);
                    return Next::Read(phase);
                }
                Done::Flush => {
                    self.keep(rest);
                    return Next::Serve;
                }
                Done::Handover => {
                    self.keep(rest);
                    return Next::Handover;
                }
                Done::Last(next) => return next,
            }
        }
        Next::Read(Phase::Idle)
    }

    fn keep(&mut self, rest: &[u8]) {
        self.conn.state.input = rest.to_vec();
    }

    /// What is ready is sent.
    pub(super) fn proceed(&mut self, next: Next) -> ControlFlow<Verdict> {
        let state = &mut self.conn.state;
        match next {
            Next::Read(phase) => {
                state.phase = phase;
                if !state.unsure && !self.conn.read_closed {
                    return ControlFlow::Break(Verdict::Park(state.wait()));
                }
            }
            Next::Serve => state.phase = Phase::Serve,
            Next::Yield => {
                state.phase = Phase::Serve;
                return ControlFlow::Break(Verdict::Again);
            }
            Next::Handover => {
                state.phase = Phase::Serve;
                return ControlFlow::Break(Verdict::Handover);
            }
            Next::Drain(drain) => state.phase = Phase::Drain(drain),
            Next::Linger => {
                if self.conn.stream.shutdown_by(Shutdown::Write, Deadline::after(Duration::ZERO)).is_err() {
                    return ControlFlow::Break(Verdict::Close);
                }
                state.phase = Phase::Linger(self.desk.now() + LINGER);
            }
            Next::Close => return ControlFlow::Break(Verdict::Close),
        }
        ControlFlow::Continue(())
    }

    /// Reads and drops the rest of a body.
    fn drain(&mut self, mut drain: Box<Drain>, input: &mut [u8]) -> ControlFlow<Verdict, Next> {
        let state = &mut self.conn.state;
        loop {
            let read = match self.conn.stream.try_read(input) {
                Ok(0) => return ControlFlow::Break(Verdict::Close),
                Ok(read) => read,
                Err(error) if error.would_block() => {
                    state.unsure = false;
                    state.phase = Phase::Drain(drain);
                    return ControlFlow::Break(Verdict::Park(Wait::Body));
                }
                Err(_) => return ControlFlow::Break(Verdict::Close),
            };
            state.unsure = read == input.len();
            let mut seen = 0;
            match find_end(&mut drain.decoder, &input[..read], &mut seen) {
                Ok(true) if seen == read => return ControlFlow::Continue(Next::Read(Phase::Idle)),
                Ok(true) => {
                    state.input = input[seen..read].to_vec();
                    return ControlFlow::Continue(Next::Serve);
                }
                Ok(false) => {
                    drain.seen += read as u64;
                    let waited = self.desk.now().saturating_duration_since(drain.since);
                    let patience = self.service.settings.body_patience(drain.seen, waited);
                    if drain.seen > DRAIN || patience.is_some_and(|patience| patience.is_zero()) {
                        return ControlFlow::Continue(Next::Linger);
                    }
                }
                Err(_) => return ControlFlow::Continue(Next::Linger),
            }
        }
    }

    /// Reads and drops what comes after the last answer.
    fn linger(&mut self, until: Instant, input: &mut [u8]) -> ControlFlow<Verdict, Next> {
        if self.desk.now() >= until {
            return ControlFlow::Break(Verdict::Close);
        }
        for _ in 0..LINGER_READS {
            match self.conn.stream.try_read(input) {
                Ok(0) => return ControlFlow::Break(Verdict::Close),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.conn.state.phase = Phase::Linger(until);
                    return ControlFlow::Break(Verdict::Park(Wait::Linger));
                }
                Err(_) => return ControlFlow::Break(Verdict::Close),
            }
        }
        self.conn.state.phase = Phase::Linger(until);
        ControlFlow::Break(Verdict::Again)
    }
}

impl Clock {
    fn look(&mut self, now: Instant) -> &[u8; 29] {
        if self.until.is_none_or(|until| until <= now) {
            let time = SystemTime::now();
            self.cache.value(time);
            let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            let past = Duration::from_nanos(since.subsec_nanos().into());
            self.until = Some(now + Duration::from_secs(1).saturating_sub(past));
        }
        self.cache.last()
    }
}
