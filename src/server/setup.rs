//! What every server is made of before it serves: sockets, limits, and what is done beside serving.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crate::{
    deadline::Deadline,
    error::{Error, ErrorKind, Result},
    socket::{Address, Kind, ListenOptions, Socket, ToAddress},
};

use super::{
    ServerHandle,
    engine::{Config, Engine, service::Service},
};

/// See the module.
pub(crate) struct Setup {
    pub(crate) sockets: Vec<Socket>,
    pub(crate) config: Config,
    /// How long `handle_request` waits.
    pub(crate) request_timeout: Option<Duration>,
    /// The time limit of a handler's calls.
    pub(crate) timeout: Option<Duration>,
    actions: Option<(Duration, Mutex<Actions>)>,
}

/// What is called now and then.
pub(crate) type Actions = Box<dyn FnMut() + Send>;

impl Setup {
    pub(crate) fn bind(address: impl ToAddress, kind: Kind) -> Result<Setup> {
        Ok(Setup::over(ListenOptions::new().kind(kind).create_server(address)?))
    }

    pub(crate) fn over(socket: Socket) -> Setup {
        Setup {
            request_timeout: socket.gettimeout(),
            sockets: vec![socket],
            config: Config::default(),
            timeout: Some(Duration::from_secs(60)),
            actions: None,
        }
    }

    pub(crate) fn call_every(&mut self, interval: Duration, actions: impl FnMut() + Send + 'static) {
        self.actions = Some((interval, Mutex::new(Box::new(actions))));
    }

    pub(crate) fn addr(&self) -> Result<Address> {
        self.sockets[0].getsockname()
    }

    pub(crate) fn addrs(&self) -> Result<Vec<Address>> {
        self.sockets.iter().map(Socket::getsockname).collect()
    }

    /// Waits until `take`, which doesn't wait itself, gets something at one of the sockets.
    ///
    /// # Errors
    ///
    /// `TimedOut`, `Cancelled` by a socket's token, and what `take` reports.
    pub(crate) fn await_request<'a, T>(&'a self, mut take: impl FnMut(&'a Socket) -> Result<T>) -> Result<T> {
        let deadline = Deadline::after(self.request_timeout);
        loop {
            for socket in &self.sockets {
                socket.check_cancel().map_err(|error| error.context("handle_request"))?;
                match take(socket) {
                    Err(error) if error.would_block() => {}
                    outcome => return outcome,
                }
            }
            let waited = match deadline.has_passed() {
                true => Err(ErrorKind::TimedOut.into()),
                false => Socket::await_any(&self.sockets, deadline),
            };
            waited.map_err(|error: Error| error.context("handle_request"))?;
        }
    }

    /// Accepts a connection for [`serve_one`](super::engine::serve_one), which the token of the listening socket ends as
    /// well.
    ///
    /// # Errors
    ///
    /// As [`await_request`](Self::await_request).
    pub(crate) fn accept_request(&self) -> Result<(Socket, Address)> {
        self.await_request(|listening| {
            let (socket, peer) = listening.try_accept()?;
            socket.set_cancel(listening.cancel_token())?;
            Ok((socket, peer))
        })
    }

    pub(crate) fn spawn<S: Service + 'static>(self, service: S) -> Result<ServerHandle> {
        let addrs = self.addrs()?;
        let engine = Engine::start(service, self.sockets, &self.config)?;
        let handle = ServerHandle::new(Arc::clone(&engine), addrs);
        if let Some((interval, actions)) = self.actions {
            let actions = actions.into_inner().unwrap_or_else(PoisonError::into_inner);
            if let Err(error) = engine.call_every(interval, actions) {
                handle.shutdown_within(Duration::ZERO);
                return Err(error);
            }
        }
        Ok(handle)
    }
}

impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup").field("sockets", &self.sockets).finish_non_exhaustive()
    }
}
