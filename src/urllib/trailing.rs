//! Trailer fields after a request's data: [`Data::reader_with_trailers`].

use std::io::{self, Read};

use ::http::{HeaderMap, HeaderName, HeaderValue};

use super::{Data, header};
use crate::{
    error::{Error, ErrorKind, Result},
    wire::trailer::may_trail,
};

/// A reader that makes trailer fields once it has been read to its end.
pub(super) trait Trailing: Read + Send {
    fn trailers(self: Box<Self>) -> Result<HeaderMap>;
}

struct Trailed<R, F> {
    reader: R,
    finish: F,
}

impl<R: Read, F> Read for Trailed<R, F> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buf)
    }
}

impl<R: Read + Send, F: FnOnce(R) -> Result<HeaderMap> + Send> Trailing for Trailed<R, F> {
    fn trailers(self: Box<Self>) -> Result<HeaderMap> {
        (self.finish)(self.reader)
    }
}

impl Data {
    /// Reads what is sent from there, to its end, as [`reader`](Data::reader) does, and sends trailer fields behind it
    /// (RFC 9110 §6.5): `values` makes their values of the reader once it has been read, a digest of what went by for
    /// instance. Their names go ahead in the header `Trailer`. Servers may drop them, and many do.
    ///
    /// Only a body in chunks can have them: with a header `Content-Length` the request is refused. A server that
    /// takes such a request and answers by HTTP/1.0, which has no chunks, can't have understood it: that is
    /// [`ErrorKind::Protocol`]. A value with a line break or another control character breaks the request off
    /// before its end.
    ///
    /// Python: none. curl: `CURLOPT_TRAILERFUNCTION`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] for a name that is none, and for one that has to be known before the body
    /// (RFC 9110 §6.5.1): those of framing (`Content-Length`, `Transfer-Encoding`), routing (`Host`), authentication
    /// (`Authorization`, `Cookie`), what changes a request or a response (`Expect`, `If-Match`, `Cache-Control`), what
    /// says what the content is (`Content-Type`, `Content-Encoding`).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::{self, Read};
    /// use sockeye::urllib::{Data, Request, testing::Script};
    ///
    /// struct Summed<R>(R, u64);
    /// impl<R: Read> Read for Summed<R> {
    ///     fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
    ///         let n = self.0.read(buf)?;
    ///         self.1 += buf[..n].iter().map(|&byte| u64::from(byte)).sum::<u64>();
    ///         Ok(n)
    ///     }
    /// }
    ///
    /// # fn main() -> sockeye::Result<()> {
    /// let script = Script::new().on("http://h.example/", "thanks");
    /// let summed = Summed(&b"hello"[..], 0);
    /// let data = Data::reader_with_trailers(summed, ["X-Sum"], |summed| [summed.1])?;
    /// script.opener().open(Request::new("http://h.example/")?.data(data))?;
    /// assert_eq!(script.requests()[0].data, b"hello");
    /// assert_eq!(script.requests()[0].trailers["x-sum"], "532");
    /// # Ok(())
    /// # }
    /// ```
    pub fn reader_with_trailers<R, N, V, const COUNT: usize>(
        reader: R,
        names: [N; COUNT],
        values: impl FnOnce(R) -> [V; COUNT] + Send + 'static,
    ) -> Result<Data>
    where
        R: Read + Send + 'static,
        N: TryInto<HeaderName>,
        V: TryInto<HeaderValue>,
    {
        let names: Vec<HeaderName> = names.into_iter().map(checked).collect::<Result<_>>()?;
        let announced = names.clone();
        let finish = move |reader| {
            let mut trailers = HeaderMap::new();
            for (name, value) in names.into_iter().zip(values(reader)) {
                let (name, value) = header::checked(name, value)?;
                trailers.append(name, value);
            }
            Ok(trailers)
        };
        Ok(Data::trailing(Box::new(Trailed { reader, finish }), announced))
    }
}

fn checked(name: impl TryInto<HeaderName>) -> Result<HeaderName> {
    let name = name.try_into().map_err(|_| header::no_token("a trailer's name"))?;
    if may_trail(&name) {
        return Ok(name);
    }
    let message = format!("{name} can't be a trailer: it has to be known before the body");
    Err(Error::new(ErrorKind::InvalidInput, message))
}
