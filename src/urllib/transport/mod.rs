//! HTTP over connections: what answers the schemes `http` and `https`.
//!
//! - [`HttpHandler`]: takes a connection from the [`pool`] or dials a [`route`], by the steps of [`dialling`], and makes
//!   one exchange on it
//! - [`tunnel`]: what a route through a proxy takes, CONNECT or [`socks`]
//! - [`consent`]: whether the data wait for the server's word
//! - [`send`]: the request's head, with the [`defaults`]; [`upload`]: how it goes out, with its data; [`receive`]: the
//!   answer's head; [`body`]: its body, then the connection goes home; [`pace`]: whether they travel fast enough
//!
//! A kept connection that is used again at once costs one `send` and one `recv` a request; one that was idle is
//! looked at first. If it turns out to be dead, a request that may be repeated is repeated once, on a fresh one.

mod body;
mod connection;
mod consent;
mod defaults;
mod dialling;
mod pace;
mod pool;
mod receive;
mod route;
mod send;
mod socks;
mod tunnel;
mod upload;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use ::http::{StatusCode, Version};

pub(super) use body::WireBody;
pub(super) use connection::Connection;
pub(super) use defaults::Defaults;
pub(super) use pool::PoolLimits;
pub(super) use route::Outfit;

use super::{
    Data, Exchange, Request, Response, Step, data::is_of_data, handlers::Watch, patience::Stall,
    phases::Phases, response::Body, term::Limit,
};
use crate::{
    cancel::CancelToken,
    error::{Error, ErrorKind, Result},
    socket::{Dialler, getdefaulttimeout},
    wire::{
        framing::{Framing, Persistence},
        limits::Limits,
    },
};
use body::Home;
use connection::{Manners, Wait};
use consent::{Consent, await_consent};
use dialling::Dialling;
use pool::{Kept, Pool};
use receive::{Answer, Listener, Silence, is_loss};
use route::Route;
use upload::Stop;

/// A connection that was idle for less isn't looked at before its use. One that was idle for longer may have been
/// closed, or hold surplus bytes of a server that answers more often than it is asked; the look costs less than a
/// thousandth of that time.
const TRUST: Duration = Duration::from_millis(1);

const NO_TRAILERS: &str =
    "the server speaks HTTP/1.0, which knows neither chunks nor the trailers behind them";

/// What makes exchanges over HTTP, and keeps the connections between them.
#[derive(Debug)]
pub(super) struct HttpHandler {
    pool: Arc<Pool<Box<Connection>>>,
    outfit: Outfit,
    limits: Limits,
}

/// What an exchange goes by, beside its request.
#[derive(Clone, Copy)]
struct Terms<'a> {
    defaults: &'a Defaults,
    consent: Consent,
    wait: Wait,
    stall: Option<Stall>,
    phases: &'a Phases,
    cancel: Option<&'a CancelToken>,
}

impl<'a> Terms<'a> {
    /// One limit for names, connections, proxies and handshakes; some have another of their own.
    fn dialling(self, dialler: &'a Dialler, watch: &'a Watch) -> Dialling<'a> {
        let Terms { wait, phases, cancel, .. } = self;
        let term = wait.until().and(Limit::Connect, phases.connect);
        Dialling { term, phases, cancel, wait, dialler, watch }
    }
}

/// Why an exchange on a reused connection gave no answer.
enum Failure {
    /// The request may go out once more, on a fresh connection.
    Repeat(Error),
    Final(Error),
}

impl HttpHandler {
    pub(super) fn new(pool: PoolLimits, outfit: Outfit) -> HttpHandler {
        HttpHandler { pool: Arc::new(Pool::new(pool)), outfit, limits: Limits::DEFAULT }
    }

    pub(super) fn close_idle(&self) {
        self.pool.clear();
    }

    /// One exchange: the request goes out, the answer's head comes in. A server that doesn't take expectations is asked
    /// once more without one (RFC 9110 §10.1.1).
    pub(super) fn open(
        &self,
        request: &mut Request,
        defaults: &Defaults,
        exchange: &Exchange<'_>,
    ) -> Result<Response> {
        let patience = exchange.patience();
        let terms = Terms {
            defaults,
            consent: Consent::of(request, &self.outfit.dialogue)?,
            // As in Python, the default timeout of sockets is one of each wait.
            wait: Wait { term: exchange.term(), each: patience.each.or_else(getdefaulttimeout) },
            stall: patience.stall,
            phases: &patience.phases,
            cancel: patience.cancel.as_ref(),
        };
        let response = self.attempt(request, terms)?;
        if terms.consent == Consent::AskedFor
            && response.status() == StatusCode::EXPECTATION_FAILED
            && request.data_ref().is_some_and(Data::is_replayable)
        {
            drop(response);
            return self.attempt(request, Terms { consent: Consent::Assumed, ..terms });
        }
        Ok(response)
    }

    /// On a connection of the pool, or on a fresh one.
    fn attempt(&self, request: &mut Request, terms: Terms<'_>) -> Result<Response> {
        let lost = match self.reuse(request, terms) {
            Some(Ok(response)) => return Ok(response),
            Some(Err(Failure::Final(error))) => return Err(error),
            Some(Err(Failure::Repeat(error))) => Some(error),
            None => None,
        };
        let Terms { defaults, consent, cancel, .. } = terms;
        let mut head = Vec::with_capacity(512);
        // Before dialling: a request that can't be sent must not cost a connection.
        let route = Route::of(request, defaults.map(), &self.outfit)?.into_owned();
        let asked = send::write_head(&mut head, request, defaults, (route.form(), consent))?;
        let stream =
            route.dial(terms.dialling(&self.outfit.dialler, request.watch())).map_err(
                |error| match lost {
                    Some(lost) => {
                        error.context(format!("after a kept connection was lost ({lost}), a fresh one"))
                    }
                    None => error,
                },
            )?;
        let mut conn = Box::new(Connection::new(stream, cancel.cloned()));
        (conn.output, conn.asked) = (head, asked);
        self.exchange(conn, request, route, terms).map_err(|failure| match failure {
            Failure::Repeat(error) | Failure::Final(error) => error,
        })
    }

    /// The same on a connection of the pool, if there is one.
    fn reuse(&self, request: &mut Request, terms: Terms<'_>) -> Option<Result<Response, Failure>> {
        let wanted = Route::of(request, terms.defaults.map(), &self.outfit).ok()?;
        let Kept { route, connection: mut conn, idle } = self.pool.take(&wanted, Instant::now())?;
        conn.set_cancel(terms.cancel).ok()?;
        // One look whether the server is still there, and hasn't sent what would be taken for the answer.
        let look = idle >= TRUST || !is_repeatable(request) || conn.manners == Manners::Unproven;
        if look && conn.is_dead() {
            return None;
        }
        // The kept route may show the proxy an answer to an older challenge.
        let style = (wanted.form(), terms.consent);
        match send::write_head(&mut conn.output, request, terms.defaults, style) {
            Ok(asked) => conn.asked = asked,
            Err(error) => return Some(Err(Failure::Final(error))),
        }
        let outcome = self.exchange(conn, request, route, terms);
        Some(match outcome {
            // The server gave the idle connection up while the request was under way (RFC 9110 §15.5.9).
            Ok(response) if response.status() == StatusCode::REQUEST_TIMEOUT && is_repeatable(request) => {
                Err(Failure::Repeat(Error::new(ErrorKind::ConnectionReset, "408 Request Timeout")))
            }
            outcome => outcome,
        })
    }

    /// Sends the request, whose head is in the connection's output, and reads the answer's head.
    fn exchange(
        &self,
        mut conn: Box<Connection>,
        request: &mut Request,
        route: Route<'static>,
        Terms { consent, wait, stall, phases, .. }: Terms<'_>,
    ) -> Result<Response, Failure> {
        conn.stall = stall;
        let mut listener = Listener::to(request, &self.outfit.dialogue, &self.limits);
        let trailing = request.data_ref().is_some_and(|data| !data.trailer_names().is_empty());
        let sending = wait.within(Limit::Send, phases.send);
        let sent = match consent {
            Consent::Assumed => upload::send(&mut conn, &mut listener, request.data_mut(), sending),
            Consent::AskedFor => match conn.send_output(sending) {
                Ok(()) => match await_consent(&mut conn, &mut listener, sending) {
                    Ok(None) => {
                        let sent = upload::send(&mut conn, &mut listener, request.data_mut(), sending);
                        sent.map_err(Stop::after_something)
                    }
                    // Where the data didn't go, the server may still wait for them.
                    Ok(Some(answer)) => return Ok(respond(request, answer, (conn, None), wait)),
                    Err(silence) => return Err(failure(request, silence)),
                },
                Err(error) => Err(error.into()),
            },
        };
        match sent {
            Ok(()) => {}
            Err(Stop::Failed(error)) => return self.salvage((conn, listener), request, error, wait),
            Err(Stop::Refused(answer)) => {
                request.watch().step(Step::Answered);
                return Ok(respond(request, *answer, (conn, None), wait));
            }
        }
        let answer = listener.answer(&mut conn, wait, phases.first_byte);
        let answer = answer.map_err(|silence| failure(request, silence))?;
        if trailing && answer.head.version < Version::HTTP_11 && answer.head.status.is_success() {
            return Err(Failure::Final(Error::new(ErrorKind::Protocol, NO_TRAILERS)));
        }
        request.watch().step(Step::Answered);
        conn.manners = if answer.framing == Framing::None { Manners::Unproven } else { Manners::Good };
        let lasts = lasts(conn.asked, &answer);
        let home = lasts.then(|| Home { pool: self.pool.clone(), route });
        Ok(respond(request, answer, (conn, home), wait))
    }

    /// The request didn't go out whole. A server that closes in the middle of it may have said why: it is
    /// worth a look, as nothing has to be waited for on a lost connection.
    fn salvage(
        &self,
        (mut conn, mut listener): (Box<Connection>, Listener<'_>),
        request: &Request,
        error: Error,
        wait: Wait,
    ) -> Result<Response, Failure> {
        // The server may wait for the rest of data that have failed, and whatever it says isn't about all of them.
        if is_of_data(&error) || !is_loss(&error) {
            return Err(Failure::Final(error));
        }
        if error.sent() != Some(0) {
            if let Ok(answer) = listener.answer(&mut conn, wait, None) {
                return Ok(respond(request, answer, (conn, None), wait));
            }
        }
        let unseen = error.sent() == Some(0) && request.data_ref().is_none_or(Data::is_replayable);
        Err(if unseen || is_repeatable(request) { Failure::Repeat(error) } else { Failure::Final(error) })
    }
}

/// Why there is no answer, and whether the request may go out once more: data that nobody touched may.
fn failure(request: &Request, silence: Silence) -> Failure {
    let idempotent = request.get_method().is_idempotent();
    match silence {
        Silence::Dead(error) if idempotent && request.data_ref().is_none_or(Data::is_replayable) => {
            Failure::Repeat(error)
        }
        Silence::Dead(error) | Silence::Broken(error) => Failure::Final(error),
    }
}

/// Whether it may go out twice: its method says that this changes nothing (RFC 9110 §9.2.2), and its data are
/// still there after they were sent.
fn is_repeatable(request: &Request) -> bool {
    request.get_method().is_idempotent() && request.data_ref().is_none_or(Data::stays)
}

/// Whether the connection can carry another exchange after a request that says this, and its answer.
fn lasts(asked: Persistence, answer: &Answer) -> bool {
    [asked, answer.persistence] == [Persistence::KeepAlive; 2] && answer.framing != Framing::UntilClose
}

fn respond(
    request: &Request,
    answer: Answer,
    (conn, home): (Box<Connection>, Option<Home>),
    wait: Wait,
) -> Response {
    let body = match answer.head.status {
        StatusCode::SWITCHING_PROTOCOLS => WireBody::switched(conn, wait),
        _ => WireBody::new(conn, answer.framing, home, wait),
    };
    Response::from_wire(answer.head, request.shared_url().clone(), Body::wire(body))
}
