//! What [`Error`] knows of responses: a 404 is still readable.

use super::Response;
use crate::error::{Error, Result};

/// Of [`urlopen`](crate::urllib::urlopen).
impl Error {
    /// The response that [`urlopen`](crate::urllib::urlopen) made an error of: [`ErrorKind::Status`] has one,
    /// and so has [`ErrorKind::Redirect`]; an [`ErrorKind::Proxy`] has what an HTTP proxy answered to CONNECT.
    ///
    /// Python: `urllib.error.HTTPError` is itself a response.
    ///
    /// [`ErrorKind::Proxy`]: crate::ErrorKind::Proxy
    /// [`ErrorKind::Status`]: crate::ErrorKind::Status
    /// [`ErrorKind::Redirect`]: crate::ErrorKind::Redirect
    #[must_use]
    pub fn response(&self) -> Option<&Response> {
        self.payload()
    }

    /// Takes the response out, to read its body.
    ///
    /// # Errors
    ///
    /// The error itself, if it holds none.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::{io::Write, net::TcpListener, thread};
    /// use std::io::Read;
    /// use sockeye::{ErrorKind, urllib::urlopen};
    ///
    /// # fn main() -> sockeye::Result<()> {
    /// # let listener = TcpListener::bind("127.0.0.1:0")?;
    /// # let url = format!("http://{}/", listener.local_addr()?);
    /// # let server = thread::spawn(move || -> std::io::Result<()> {
    /// #     let (mut peer, _) = listener.accept()?;
    /// #     peer.read(&mut [0; 1024])?;
    /// #     peer.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 7\r\n\r\nno such")
    /// # });
    /// let error = urlopen(&url).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Status);
    /// let mut why = String::new();
    /// error.into_response()?.read_to_string(&mut why)?;
    /// assert_eq!(why, "no such");
    /// # server.join().unwrap()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn into_response(self) -> Result<Response> {
        self.into_payload()
    }
}
