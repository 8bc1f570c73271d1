//! Packets instead of connections: Python's `UDPServer` and `UnixDatagramServer`.

mod handler;
mod packet;

use std::time::Duration;

use crate::{
    error::{Error, ErrorKind, Result},
    socket::{Address, ListenOptions, MSG_DONTWAIT, SOCK_DGRAM, Socket, ToAddress},
};

pub use handler::DatagramHandler;
pub use packet::Datagram;

use super::{ServerHandle, setup::Setup};
use handler::Packets;

/// Packets that are held at a time, unless told otherwise: twice as many as handlers may block.
const PACKETS: usize = 1024;
/// No packet of UDP is longer, nor one of a Unix socket on most systems.
const PACKET_SIZE: usize = 65_535;

/// No system takes longer ones.
const LONGEST: usize = 16 * 1024 * 1024;

/// Receives packets over UDP or a Unix socket, and serves several at a time.
///
/// Receiving is to packets what accepting is to connections: the thread that received one runs its handler, a quick
/// one costs a `recvfrom`, a `sendto` and a share of an `epoll_wait`, and while one blocks, others receive and serve
/// the next. So packets of one sender may be served at the same time and in any order.
///
/// Python: `socketserver.ThreadingUDPServer`, `ThreadingUnixDatagramServer`, with a bounded number of threads.
///
/// # Examples
///
/// ```
/// use sockeye::{client::Client, server::{Datagram, DatagramServer}};
///
/// # fn main() -> sockeye::Result<()> {
/// let server = DatagramServer::bind("127.0.0.1:0")?.spawn(|datagram: &mut Datagram| {
///     datagram.reply(datagram.packet())
/// })?;
/// let mut client = Client::connect_udp(server.addr())?;
/// client.send(b"hello")?;
/// assert_eq!(client.recv(64)?, b"hello");
/// # server.shutdown();
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[doc(alias = "UDPServer")]
#[doc(alias = "UnixDatagramServer")]
#[doc(alias = "bind_udp")]
pub struct DatagramServer(Setup);

impl DatagramServer {
    /// Receives there: `("", port)` on all addresses of the machine, port 0 takes a free one, a path is a Unix
    /// socket.
    ///
    /// A machine with several addresses may answer from another one than it was asked at if all are bound at once;
    /// where clients look at that, bind each by [`also_bind`](Self::also_bind).
    ///
    /// A Unix socket's file is neither replaced nor removed at the end, as in Python.
    ///
    /// Python: the constructors of `socketserver.UDPServer` and `UnixDatagramServer`. In `std::net`: `UdpSocket::bind`.
    ///
    /// # Errors
    ///
    /// [`AddressInUse`](ErrorKind::AddressInUse), which says what to do about a file that was left behind,
    /// [`PermissionDenied`](ErrorKind::PermissionDenied) for ports below 1024,
    /// [`UnknownHost`](ErrorKind::UnknownHost).
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{ErrorKind, server::DatagramServer};
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("log");
    /// let server = DatagramServer::bind(path.as_path())?;
    /// let error = DatagramServer::bind(path.as_path()).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::AddressInUse);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn bind(address: impl ToAddress) -> Result<DatagramServer> {
        Ok(DatagramServer::over(Setup::bind(address, SOCK_DGRAM)?))
    }

    fn over(mut setup: Setup) -> DatagramServer {
        setup.config.max_connections = PACKETS;
        DatagramServer(setup).max_packet_size(PACKET_SIZE)
    }

    /// Receives on that address as well.
    ///
    /// Python: a second server.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind).
    ///
    /// # Examples
    ///
    /// Each answer comes from the address that was asked:
    ///
    /// ```
    /// use sockeye::{client::Client, server::{Datagram, DatagramServer}};
    /// let server = DatagramServer::bind("127.0.0.1:0")?.also_bind("127.0.0.1:0")?;
    /// let server = server.spawn(|datagram: &mut Datagram| datagram.reply(datagram.packet()))?;
    /// for addr in server.addrs() {
    ///     let mut client = Client::connect_udp(addr)?; // which takes packets from there alone
    ///     client.send(b"hello")?;
    ///     assert_eq!(client.recv(64)?, b"hello");
    /// }
    /// # server.shutdown();
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn also_bind(self, address: impl ToAddress) -> Result<DatagramServer> {
        Ok(self.also_from(ListenOptions::new().kind(SOCK_DGRAM).create_server(address)?))
    }

    /// Receives on that socket as well, which is bound already.
    ///
    /// Python: a `UDPServer` made with `bind_and_activate=False` whose `socket` is replaced.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{server::DatagramServer, socket::{ListenOptions, SOCK_DGRAM, SOL_SOCKET, SO_RCVBUF}};
    /// let roomy = ListenOptions::new().kind(SOCK_DGRAM).create_server("127.0.0.1:0")?;
    /// roomy.setsockopt(SOL_SOCKET, SO_RCVBUF, 100_000)?;
    /// let server = DatagramServer::bind("127.0.0.1:0")?.also_from(roomy);
    /// assert_eq!(server.sockets().len(), 2);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn also_from(mut self, socket: Socket) -> DatagramServer {
        self.0.sockets.push(socket);
        self
    }

    /// Drops longer packets, and tells [`handle_error`](DatagramHandler::handle_error). Each thread that receives
    /// holds a buffer of that size (16 MiB at most); a packet is held in what it takes. Default is 65,535: longer than
    /// any of UDP.
    ///
    /// Python: `max_packet_size`, by default 8,192, past which a packet is cut off without a word.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{client::Client, server::{Datagram, DatagramServer}};
    /// let server = DatagramServer::bind("127.0.0.1:0")?.max_packet_size(5);
    /// let server = server.spawn(|datagram: &mut Datagram| datagram.reply(datagram.packet()))?;
    /// let mut client = Client::connect_udp(server.addr())?;
    /// client.send(b"too long")?;
    /// client.send(b"hello")?;
    /// assert_eq!(client.recv(64)?, b"hello");
    /// # server.shutdown();
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn max_packet_size(mut self, bytes: usize) -> DatagramServer {
        // One byte more tells a packet that was cut off.
        self.0.config.packet_size = bytes.min(LONGEST) + 1;
        self
    }

    /// So many packets are held at a time, those in handlers and those that wait for a thread. Past it they stay in
    /// the system's buffer, which drops what it can't hold. Default is 1,024.
    ///
    /// Python: there is no such thing.
    ///
    /// # Examples
    ///
    /// One at a time: nobody else's packet is in a handler.
    ///
    /// ```
    /// use std::sync::Mutex;
    /// use sockeye::{ErrorKind, client::Client, server::{Datagram, DatagramServer}};
    /// let alone = Mutex::new(());
    /// let server = DatagramServer::bind("127.0.0.1:0")?.max_packets(1).spawn(move |datagram: &mut Datagram| {
    ///     let _alone = alone.try_lock().map_err(|_| ErrorKind::Other)?;
    ///     datagram.reply(datagram.packet())
    /// })?;
    /// let mut client = Client::connect_udp(server.addr())?;
    /// for packet in [b"1", b"2", b"3"] {
    ///     client.send(packet)?;
    /// }
    /// assert_eq!([client.recv(1)?, client.recv(1)?, client.recv(1)?], [b"1", b"2", b"3"]); // in order, too
    /// # server.shutdown();
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn max_packets(mut self, packets: usize) -> DatagramServer {
        self.0.config.max_connections = packets;
        self
    }

    /// So many handlers may block at a time, each a thread of its own; past it, packets wait. Default is 512.
    ///
    /// Python: `ThreadingMixIn` has no bound, `ForkingMixIn` has `max_children`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Barrier;
    /// use sockeye::{client::Client, server::{Datagram, DatagramServer}};
    /// let both = Barrier::new(2);
    /// let server = DatagramServer::bind("127.0.0.1:0")?.max_threads(2).spawn(move |datagram: &mut Datagram| {
    ///     both.wait(); // for the other packet's handler
    ///     datagram.reply(datagram.packet())
    /// })?;
    /// let mut client = Client::connect_udp(server.addr())?;
    /// client.send(b"x")?;
    /// client.send(b"x")?;
    /// assert_eq!([client.recv(64)?, client.recv(64)?], [b"x", b"x"]);
    /// # server.shutdown();
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn max_threads(mut self, threads: usize) -> DatagramServer {
        self.0.config.max_threads = threads;
        self
    }

    /// How long an answer may wait for room in the system's buffer. Default is 60 seconds.
    ///
    /// Python: there is no such thing: `sendto` waits as long as it takes.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use sockeye::{client::Client, server::{Datagram, DatagramServer}};
    /// let server = DatagramServer::bind("127.0.0.1:0")?.timeout(Duration::from_secs(1));
    /// let mut client = Client::connect_udp(server.addr()?)?;
    /// client.send(b"how long?")?;
    /// server.handle_request(|datagram: &mut Datagram| {
    ///     let limit = datagram.socket().gettimeout().unwrap_or_default();
    ///     datagram.reply(limit.as_secs().to_string().as_bytes())
    /// })?;
    /// assert_eq!(client.recv(64)?, b"1");
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn timeout(mut self, limit: impl Into<Option<Duration>>) -> DatagramServer {
        self.0.timeout = limit.into();
        self
    }

    /// How long [`handle_request`](Self::handle_request) waits. Default is the first socket's own timeout: none.
    ///
    /// Python: `server.timeout`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use sockeye::server::{Datagram, DatagramServer};
    /// let server = DatagramServer::bind("127.0.0.1:0")?.request_timeout(Duration::from_millis(1));
    /// assert!(server.handle_request(|_: &mut Datagram| Ok(())).unwrap_err().is_timeout());
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn request_timeout(mut self, limit: impl Into<Option<Duration>>) -> DatagramServer {
        self.0.request_timeout = limit.into();
        self
    }

    /// Has that called every so often, as [`Server::service_actions`](super::Server::service_actions).
    ///
    /// Python: `service_actions`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::{sync::mpsc, time::Duration};
    /// use sockeye::server::{Datagram, DatagramServer};
    /// let (tell, told) = mpsc::channel();
    /// let server = DatagramServer::bind("127.0.0.1:0")?
    ///     .service_actions(Duration::from_millis(1), move || tell.send("swept").unwrap_or(()))
    ///     .spawn(|_: &mut Datagram| Ok(()))?;
    /// assert_eq!(told.recv(), Ok("swept"));
    /// # server.shutdown();
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn service_actions(
        mut self,
        interval: Duration,
        actions: impl FnMut() + Send + 'static,
    ) -> DatagramServer {
        self.0.call_every(interval, actions);
        self
    }

    /// The address it receives on, with the port that the system chose; the first one, if there are several.
    ///
    /// Python: `server.server_address`. In `std::net`: `UdpSocket::local_addr`.
    ///
    /// # Errors
    ///
    /// As `getsockname`.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{client::Client, server::DatagramServer};
    /// let server = DatagramServer::bind("127.0.0.1:0")?;
    /// let client = Client::connect_udp(server.addr()?)?;
    /// assert_eq!(client.socket()?.getpeername()?, server.addr()?);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[doc(alias = "server_address")]
    #[doc(alias = "local_addr")]
    pub fn addr(&self) -> Result<Address> {
        self.0.addr()
    }

    /// All addresses that it receives on.
    ///
    /// Python: `server_address`, for the one address that a server has there.
    ///
    /// # Errors
    ///
    /// As `getsockname`.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::server::DatagramServer;
    /// let server = DatagramServer::bind("127.0.0.1:0")?.also_bind("127.0.0.1:0")?;
    /// assert_ne!(server.addrs()?[0], server.addrs()?[1]);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn addrs(&self) -> Result<Vec<Address>> {
        self.0.addrs()
    }

    /// Its sockets, for their options (`SO_RCVBUF`, groups of multicast, …) and descriptors.
    ///
    /// Python: `server.socket`, `server.fileno()`.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{server::DatagramServer, socket::{AF_INET, SOL_SOCKET, SO_BROADCAST}};
    /// let server = DatagramServer::bind("127.0.0.1:0")?;
    /// server.sockets()[0].setsockopt(SOL_SOCKET, SO_BROADCAST, true)?; // it may answer everybody at once
    /// assert_eq!(server.sockets()[0].family(), AF_INET);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn sockets(&self) -> &[Socket] {
        &self.0.sockets
    }

    /// Serves for ever, or until the process ends; the calling thread waits.
    ///
    /// Python: `serve_forever`.
    ///
    /// # Errors
    ///
    /// As [`spawn`](Self::spawn).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::thread;
    /// use sockeye::{client::Client, server::{Datagram, DatagramServer}};
    /// let server = DatagramServer::bind("127.0.0.1:0")?;
    /// let mut client = Client::connect_udp(server.addr()?)?;
    /// thread::spawn(move || server.serve_forever(|datagram: &mut Datagram| datagram.reply(b"pong")));
    /// client.send(b"ping")?;
    /// assert_eq!(client.recv(64)?, b"pong");
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn serve_forever(self, handler: impl DatagramHandler + 'static) -> Result<()> {
        self.spawn(handler)?.join()
    }

    /// Serves in threads of its own. A [shutdown](ServerHandle::shutdown) ends receiving: what the system still
    /// holds then is lost, what was received is served.
    ///
    /// Python: `threading.Thread(target=server.serve_forever).start()`.
    ///
    /// # Errors
    ///
    /// When a socket isn't one of datagrams, and when the system has no descriptors, memory or threads left to
    /// begin with.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::{collections::HashMap, sync::Mutex};
    /// use sockeye::{client::Client, server::{Datagram, DatagramServer}};
    /// let seen = Mutex::new(HashMap::new()); // by sender: packets have no connection to keep it
    /// let server = DatagramServer::bind("127.0.0.1:0")?.spawn(move |datagram: &mut Datagram| {
    ///     let mut seen = seen.lock().unwrap();
    ///     let count = seen.entry(datagram.getpeername().clone()).or_insert(0_u8);
    ///     *count += 1;
    ///     datagram.reply(&[*count])
    /// })?;
    /// let mut client = Client::connect_udp(server.addr())?;
    /// client.send(b"?")?;
    /// client.send(b"?")?;
    /// assert_eq!([client.recv(64)?, client.recv(64)?].concat(), [1, 2]);
    /// # server.shutdown();
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn spawn(self, handler: impl DatagramHandler + 'static) -> Result<ServerHandle> {
        for socket in &self.0.sockets {
            if socket.kind()? != SOCK_DGRAM {
                let why = "a DatagramServer's socket isn't SOCK_DGRAM: make a Server from it";
                return Err(Error::new(ErrorKind::InvalidInput, why));
            }
            socket.settimeout(self.0.timeout)?;
        }
        let longest = self.longest();
        self.0.spawn(Packets { handler, longest })
    }

    /// Receives one packet and serves it on the calling thread: the handler may borrow what stands around it. Waits
    /// for the [`request_timeout`](Self::request_timeout).
    ///
    /// Python: `server.handle_request()`.
    ///
    /// # Errors
    ///
    /// [`TimedOut`](ErrorKind::TimedOut) when nobody asked, after
    /// [`handle_timeout`](DatagramHandler::handle_timeout); [`OutOfResources`](ErrorKind::OutOfResources) when no
    /// descriptor is left for the handler's [`socket`](Datagram::socket): a packet waits for the next call then; and
    /// what `recvfrom` reports. What the handler reports goes to its
    /// [`handle_error`](DatagramHandler::handle_error).
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{client::Client, server::{Datagram, DatagramServer}};
    ///
    /// # fn main() -> sockeye::Result<()> {
    /// let server = DatagramServer::bind("127.0.0.1:0")?;
    /// Client::connect_udp(server.addr()?)?.send(b"once")?;
    /// server.handle_request(|datagram: &mut Datagram| {
    ///     assert_eq!(datagram.packet(), b"once");
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn handle_request(&self, handler: impl DatagramHandler) -> Result<()> {
        let mut block = vec![0; self.0.config.packet_size];
        let taken = self.0.await_request(|socket| {
            // Before the packet is taken: one that nobody can serve would be lost.
            let own = self.own(socket)?;
            let taken = socket.recvfrom_with_flags(&mut block, MSG_DONTWAIT)?;
            Ok((own, taken))
        });
        let (socket, (count, peer)) = match taken {
            Err(error) if error.is_timeout() => {
                handler.handle_timeout();
                return Err(error);
            }
            outcome => outcome?,
        };
        let packets = Packets { handler, longest: self.longest() };
        let datagram = Datagram::new(&block[..count], &peer, &socket);
        let outcome = match packets.verify(&datagram) {
            Ok(true) => packets.serve(datagram),
            other => other.map(drop),
        };
        if let Err(error) = outcome {
            packets.handler.handle_error(&peer, &error);
        }
        Ok(())
    }

    /// A socket for a handler on the calling thread: its time limit isn't that of the socket's owner.
    fn own(&self, socket: &Socket) -> Result<Socket> {
        let own = socket.try_clone()?;
        own.set_cancel(socket.cancel_token())?;
        own.settimeout(self.0.timeout)?;
        Ok(own)
    }

    fn longest(&self) -> usize {
        self.0.config.packet_size - 1
    }
}

/// From a socket that is bound already: of a parent process, of any family, with any options.
impl From<Socket> for DatagramServer {
    fn from(socket: Socket) -> DatagramServer {
        DatagramServer::over(Setup::over(socket))
    }
}
