//! A datagram server's handler, and what it is to the engine.

use std::{sync::Arc, time::Duration};

use crate::{
    error::{Error, ErrorKind, Result},
    server::engine::{
        classes::Class,
        line::Packet,
        service::{Begin, Conn, Desk, Expiry, Service, Verdict, Wait},
    },
    socket::Address,
};

use super::Datagram;

/// Serves a datagram server's packets. A closure `|datagram: &mut Datagram| …` is one.
///
/// | to write | duty |
/// |---|---|
/// | [`handle`](Self::handle) | do what a packet asks for |
/// | [`verify_request`](Self::verify_request) | judge a packet before |
/// | [`handle_error`](Self::handle_error) | log an error |
/// | [`handle_timeout`](Self::handle_timeout) | do something while nobody asks |
///
/// Python: `socketserver.DatagramRequestHandler`, and the hooks of `BaseServer`.
///
/// # Examples
///
/// ```
/// use sockeye::{Result, client::Client, server::{Datagram, DatagramHandler, DatagramServer}};
///
/// struct Upper;
/// impl DatagramHandler for Upper {
///     fn verify_request(&self, datagram: &Datagram<'_>) -> bool {
///         datagram.packet().is_ascii()
///     }
///     fn handle(&self, datagram: &mut Datagram<'_>) -> Result<()> {
///         let answer = datagram.packet().to_ascii_uppercase();
///         datagram.reply(&answer)
///     }
/// }
/// # fn main() -> Result<()> {
/// let server = DatagramServer::bind("127.0.0.1:0")?.spawn(Upper)?;
/// let mut client = Client::connect_udp(server.addr())?;
/// client.send("não".as_bytes())?; // dropped
/// client.send(b"hello")?;
/// assert_eq!(client.recv(64)?, b"HELLO");
/// # server.shutdown();
/// # Ok(())
/// # }
/// ```
pub trait DatagramHandler: Send + Sync {
    /// Called for each packet, by several threads at the same time. May block.
    ///
    /// Python: `BaseRequestHandler.handle`.
    ///
    /// # Errors
    ///
    /// Any error goes to [`handle_error`](Self::handle_error), and what was written is not sent.
    fn handle(&self, datagram: &mut Datagram<'_>) -> Result<()>;

    /// Whether that packet shall be served; else it is dropped. Default is yes.
    ///
    /// Python: `BaseServer.verify_request`.
    fn verify_request(&self, datagram: &Datagram<'_>) -> bool {
        let _ = datagram;
        true
    }

    /// Told when [`handle`](Self::handle) or sending its answer failed, and of a packet that was dropped because it
    /// is longer than [`max_packet_size`](super::DatagramServer::max_packet_size)
    /// ([`TooLarge`](ErrorKind::TooLarge)). Default is to say nothing.
    ///
    /// Python: `BaseServer.handle_error`, which prints a traceback.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use sockeye::{Error, Result, client::Client, server::{Datagram, DatagramHandler, DatagramServer}, socket::Address};
    ///
    /// struct Telling(mpsc::Sender<String>);
    /// impl DatagramHandler for Telling {
    ///     fn handle(&self, datagram: &mut Datagram) -> Result<()> {
    ///         datagram.reply(b"ok")
    ///     }
    ///     fn handle_error(&self, _: &Address, error: &Error) {
    ///         let _ = self.0.send(error.to_string());
    ///     }
    /// }
    /// let (tell, told) = mpsc::channel();
    /// let server = DatagramServer::bind("127.0.0.1:0")?.max_packet_size(4).spawn(Telling(tell))?;
    /// Client::connect_udp(server.addr())?.send(b"too long")?;
    /// assert!(told.recv().unwrap().starts_with("a packet of more than 4 bytes was dropped"));
    /// # server.shutdown();
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    fn handle_error(&self, peer: &Address, error: &Error) {
        let _ = (peer, error);
    }

    /// Told when [`handle_request`](super::DatagramServer::handle_request) waited in vain. Default is to do nothing.
    ///
    /// Python: `BaseServer.handle_timeout`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::{sync::atomic::{AtomicBool, Ordering}, time::Duration};
    /// use sockeye::{Result, server::{Datagram, DatagramHandler, DatagramServer}};
    ///
    /// struct Told<'a>(&'a AtomicBool);
    /// impl DatagramHandler for Told<'_> {
    ///     fn handle(&self, _: &mut Datagram) -> Result<()> {
    ///         Ok(())
    ///     }
    ///     fn handle_timeout(&self) {
    ///         self.0.store(true, Ordering::Relaxed);
    ///     }
    /// }
    /// let in_vain = AtomicBool::new(false);
    /// let server = DatagramServer::bind("127.0.0.1:0")?.request_timeout(Duration::ZERO);
    /// assert!(server.handle_request(Told(&in_vain)).unwrap_err().is_timeout());
    /// assert!(in_vain.into_inner());
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    fn handle_timeout(&self) {}
}

impl<F> DatagramHandler for F
where
    F: Fn(&mut Datagram<'_>) -> Result<()> + Send + Sync,
{
    fn handle(&self, datagram: &mut Datagram<'_>) -> Result<()> {
        self(datagram)
    }
}

/// One handler for several servers, or for one call of [`handle_request`](super::DatagramServer::handle_request) after
/// the other.
///
/// # Examples
///
/// ```
/// use std::sync::{Arc, atomic::{AtomicUsize, Ordering}};
/// use sockeye::{Result, client::Client, server::{Datagram, DatagramHandler, DatagramServer}};
///
/// #[derive(Default)]
/// struct Count(AtomicUsize);
/// impl DatagramHandler for Count {
///     fn handle(&self, _: &mut Datagram) -> Result<()> {
///         self.0.fetch_add(1, Ordering::Relaxed);
///         Ok(())
///     }
/// }
/// let server = DatagramServer::bind("127.0.0.1:0")?;
/// let count = Arc::new(Count::default());
/// for n in 1..3 {
///     Client::connect_udp(server.addr()?)?.send(b"one more")?;
///     server.handle_request(count.clone())?;
///     assert_eq!(count.0.load(Ordering::Relaxed), n);
/// }
/// # Ok::<(), sockeye::Error>(())
/// ```
impl<H: DatagramHandler + ?Sized> DatagramHandler for Arc<H> {
    fn handle(&self, datagram: &mut Datagram<'_>) -> Result<()> {
        (**self).handle(datagram)
    }

    fn verify_request(&self, datagram: &Datagram<'_>) -> bool {
        (**self).verify_request(datagram)
    }

    fn handle_error(&self, peer: &Address, error: &Error) {
        (**self).handle_error(peer, error);
    }

    fn handle_timeout(&self) {
        (**self).handle_timeout();
    }
}

/// All packets are alike: one that blocks says more of the next one than its sender's address does, as that is
/// often a new one.
const CLASS: Class = Class::new(0);

/// The protocol of packets: none.
pub(super) struct Packets<H> {
    pub(super) handler: H,
    /// Longer ones are dropped.
    pub(super) longest: usize,
}

/// What becomes of a packet.
pub(super) enum State {
    New,
    /// It is good, and waits for a thread.
    Verified,
}

impl<H: DatagramHandler> Packets<H> {
    /// Whether that packet is to be served.
    pub(super) fn verify(&self, datagram: &Datagram<'_>) -> Result<bool> {
        if datagram.packet().len() > self.longest {
            let why =
                format!("a packet of more than {} bytes was dropped: see max_packet_size", self.longest);
            return Err(Error::new(ErrorKind::TooLarge, why));
        }
        Ok(self.handler.verify_request(datagram))
    }

    pub(super) fn serve(&self, mut datagram: Datagram<'_>) -> Result<()> {
        self.handler.handle(&mut datagram)?;
        datagram.finish()
    }
}

impl<H: DatagramHandler> Service for Packets<H> {
    type Line = Packet;
    type State = State;
    type Scratch = ();

    fn open(&self, _: &Address) -> Option<State> {
        Some(State::New)
    }

    fn ready(&self, conn: &mut Conn<State, Packet>, desk: &mut Desk<'_, ()>) -> Verdict {
        let datagram = Datagram::new(&conn.stream.bytes, &conn.peer, &conn.stream.socket);
        let good = matches!(conn.state, State::Verified)
            || match self.verify(&datagram) {
                Ok(good) => good,
                Err(error) => {
                    self.handler.handle_error(&conn.peer, &error);
                    false
                }
            };
        if !good {
            return Verdict::Close;
        }
        if desk.begin(CLASS) == Begin::Handover {
            conn.state = State::Verified;
            return Verdict::Handover;
        }
        if let Err(error) = self.serve(datagram) {
            self.handler.handle_error(&conn.peer, &error);
        }
        Verdict::Close
    }

    fn expired(&self, _: &mut Conn<State, Packet>, _: Wait, _: Expiry) {}

    fn detach(&self, _: Conn<State, Packet>) {}

    fn patience(&self, _: Wait) -> Option<Duration> {
        None
    }
}
