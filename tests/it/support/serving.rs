//! Our own HTTP server on loopback, for as long as a test needs it.

use std::{net::SocketAddr, thread};

use sockeye::{
    http::{Handler, HttpServer},
    server::ServerHandle,
};

/// A server on a port that the system chose. Dropping it shuts it down and joins its threads.
pub(crate) struct Serving(ServerHandle);

/// Serves that handler.
pub(crate) fn serve(handler: impl Handler + 'static) -> Serving {
    Serving(HttpServer::bind("127.0.0.1:0").unwrap().spawn(handler).unwrap())
}

impl Serving {
    pub(crate) fn addr(&self) -> SocketAddr {
        self.0.addr().as_socket_addr().unwrap()
    }

    /// `http://127.0.0.1:PORT` and the path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.0.addr())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.shutdown();
        let ended = self.0.join();
        if !thread::panicking() {
            ended.unwrap();
        }
    }
}
