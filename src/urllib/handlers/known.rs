//! [`Known`]: a body that isn't from the wire, whose length is known.

use std::io::{self, BufRead, Read};

use crate::{
    error::{Error, ErrorKind},
    urllib::response::Layer,
};

/// Exactly so many bytes of a reader: one that ends earlier breaks off with an error.
pub(in crate::urllib) struct Known<R> {
    reader: R,
    left: u64,
}

impl<R: BufRead> Known<R> {
    pub(in crate::urllib) fn new(reader: R, length: u64) -> Known<R> {
        Known { reader, left: length }
    }

    fn within(&self, size: usize) -> usize {
        usize::try_from(self.left).map_or(size, |left| left.min(size))
    }

    fn cut(&self) -> io::Error {
        let message = format!("the body ended {} bytes early", self.left);
        Error::new(ErrorKind::UnexpectedEof, message).into()
    }
}

impl<R: BufRead> Read for Known<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let wanted = self.within(buf.len());
        if wanted == 0 {
            return Ok(0);
        }
        match self.reader.read(&mut buf[..wanted])? {
            0 => Err(self.cut()),
            n => {
                self.left -= n as u64;
                Ok(n)
            }
        }
    }
}

impl<R: BufRead> BufRead for Known<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 {
            return Ok(&[]);
        }
        if self.reader.fill_buf()?.is_empty() {
            return Err(self.cut());
        }
        let limit = self.left;
        let there = self.reader.fill_buf()?;
        Ok(&there[..usize::try_from(limit).map_or(there.len(), |left| left.min(there.len()))])
    }

    fn consume(&mut self, amount: usize) {
        let amount = self.within(amount);
        self.reader.consume(amount);
        self.left -= amount as u64;
    }
}

impl<R: BufRead + Send + Sync> Layer for Known<R> {
    fn bytes_left(&self) -> Option<u64> {
        Some(self.left)
    }
}
