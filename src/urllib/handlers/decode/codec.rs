//! Each coding as bytes in and bytes out.

use crate::error::{Error, ErrorKind, Result};

/// The codings that are built in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    #[cfg(feature = "gzip")]
    Gzip,
    #[cfg(feature = "gzip")]
    Deflate,
    #[cfg(feature = "brotli")]
    Brotli,
    #[cfg(feature = "zstd")]
    Zstd,
}

const COUNT: usize =
    2 * cfg!(feature = "gzip") as usize + cfg!(feature = "brotli") as usize + cfg!(feature = "zstd") as usize;

/// What one step did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) consumed: usize,
    pub(super) written: usize,
    pub(super) end: End,
}

/// Whether the coded data ended with this step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
// Which of them come up depends on the features.
#[allow(dead_code)]
pub(super) enum End {
    #[default]
    No,
    /// It did, and nothing may follow.
    Last,
    /// It did, and more of the same may follow (RFC 1952 §2.2, RFC 8878 §3).
    Member,
}

/// A decoder.
pub(super) trait Codec: Send + Sync {
    /// Decodes some of the input. An empty one brings out what is held back.
    fn step(&mut self, input: &[u8], out: &mut [u8]) -> Result<Step>;

    /// Begins anew: another member follows.
    fn reset(&mut self) -> Result<()>;
}

impl Coding {
    /// In the order in which they are named to a server.
    pub(super) const ALL: [Coding; COUNT] = [
        #[cfg(feature = "gzip")]
        Coding::Gzip,
        #[cfg(feature = "gzip")]
        Coding::Deflate,
        #[cfg(feature = "brotli")]
        Coding::Brotli,
        #[cfg(feature = "zstd")]
        Coding::Zstd,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            #[cfg(feature = "gzip")]
            Coding::Gzip => "gzip",
            #[cfg(feature = "gzip")]
            Coding::Deflate => "deflate",
            #[cfg(feature = "brotli")]
            Coding::Brotli => "br",
            #[cfg(feature = "zstd")]
            Coding::Zstd => "zstd",
        }
    }

    /// By its name in `Content-Encoding`; `x-gzip` is gzip's old one (RFC 9110 §8.4.1.3).
    pub(super) fn named(name: &[u8]) -> Option<Coding> {
        let name = if name.eq_ignore_ascii_case(b"x-gzip") { b"gzip" } else { name };
        Coding::ALL.into_iter().find(|coding| name.eq_ignore_ascii_case(coding.name().as_bytes()))
    }

    /// A decoder for data that begin with that byte.
    pub(super) fn codec(self, first: u8) -> Result<Box<dyn Codec>> {
        let _ = first;
        Ok(match self {
            #[cfg(feature = "gzip")]
            Coding::Gzip => Box::new(flate::Flate::gzip()),
            #[cfg(feature = "gzip")]
            Coding::Deflate => Box::new(flate::Flate::deflate(first)),
            #[cfg(feature = "brotli")]
            Coding::Brotli => Box::new(brotli_stream::Brotli::new()),
            #[cfg(feature = "zstd")]
            Coding::Zstd => Box::new(zstd_stream::Zstd::new()?),
        })
    }

    pub(super) fn corrupt(self) -> Error {
        let message = format!("the {} body is corrupt", self.name());
        Error::new(ErrorKind::Protocol, message)
    }
}

#[cfg(feature = "gzip")]
mod flate {
    //! gzip (RFC 1952) with its checksum, deflate (RFC 1950, and RFC 1951 as some servers send it).

    use flate2::{Decompress, FlushDecompress, Status};

    use super::{Codec, Coding, End, Step};
    use crate::error::Result;

    /// The window's size as a power of two: the format's largest.
    const WINDOW: u8 = 15;

    pub(super) struct Flate {
        inner: Decompress,
        coding: Coding,
        end: End,
    }

    impl Flate {
        pub(super) fn gzip() -> Flate {
            Flate { inner: Decompress::new_gzip(WINDOW), coding: Coding::Gzip, end: End::Member }
        }

        /// Told by the first byte: the method of a zlib header, or a block that no encoder writes.
        pub(super) fn deflate(first: u8) -> Flate {
            Flate { inner: Decompress::new(first & 0x0f == 8), coding: Coding::Deflate, end: End::Last }
        }
    }

    impl Codec for Flate {
        fn step(&mut self, input: &[u8], out: &mut [u8]) -> Result<Step> {
            let (before_in, before_out) = (self.inner.total_in(), self.inner.total_out());
            let status = self.inner.decompress(input, out, FlushDecompress::None);
            let status = status.map_err(|_| self.coding.corrupt())?;
            Ok(Step {
                consumed: (self.inner.total_in() - before_in) as usize,
                written: (self.inner.total_out() - before_out) as usize,
                end: if status == Status::StreamEnd { self.end } else { End::No },
            })
        }

        fn reset(&mut self) -> Result<()> {
            self.inner.reset(true);
            Ok(())
        }
    }
}

#[cfg(feature = "brotli")]
mod brotli_stream {
    //! Brotli (RFC 7932), without its large windows.

    use brotli::{BrotliDecompressStream, BrotliResult, BrotliState, enc::StandardAlloc};

    use super::{Codec, Coding, End, Step};
    use crate::error::Result;

    pub(super) struct Brotli(Box<BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>>);

    impl Brotli {
        pub(super) fn new() -> Brotli {
            let alloc = StandardAlloc::default;
            Brotli(Box::new(BrotliState::new(alloc(), alloc(), alloc())))
        }
    }

    impl Codec for Brotli {
        fn step(&mut self, input: &[u8], out: &mut [u8]) -> Result<Step> {
            let (mut left, mut room) = (input.len(), out.len());
            let (mut consumed, mut written, mut total) = (0, 0, 0);
            let result = BrotliDecompressStream(
                &mut left,
                &mut consumed,
                input,
                &mut room,
                &mut written,
                out,
                &mut total,
                &mut self.0,
            );
            let end = match result {
                BrotliResult::ResultSuccess => End::Last,
                BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => End::No,
                BrotliResult::ResultFailure => return Err(Coding::Brotli.corrupt()),
            };
            Ok(Step { consumed, written, end })
        }

        fn reset(&mut self) -> Result<()> {
            *self = Brotli::new();
            Ok(())
        }
    }
}

#[cfg(feature = "zstd")]
mod zstd_stream {
    //! Zstandard (RFC 8878) with its checksum, and the window that RFC 9659 allows on the web.

    use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};

    use super::{Codec, Coding, End, Step};
    use crate::error::{Error, Result};

    /// 8 MiB, as a power of two (RFC 9659 §3).
    const WINDOW: u32 = 23;

    pub(super) struct Zstd(Decoder<'static>);

    impl Zstd {
        pub(super) fn new() -> Result<Zstd> {
            let mut decoder = Decoder::new().map_err(Error::from)?;
            decoder.set_parameter(DParameter::WindowLogMax(WINDOW)).map_err(Error::from)?;
            Ok(Zstd(decoder))
        }
    }

    impl Codec for Zstd {
        fn step(&mut self, input: &[u8], out: &mut [u8]) -> Result<Step> {
            let (mut src, mut dst) = (InBuffer::around(input), OutBuffer::around(out));
            let hint = self.0.run(&mut src, &mut dst).map_err(|_| Coding::Zstd.corrupt())?;
            let end = if hint == 0 { End::Member } else { End::No };
            Ok(Step { consumed: src.pos(), written: dst.pos(), end })
        }

        fn reset(&mut self) -> Result<()> {
            self.0.reinit().map_err(Error::from)
        }
    }
}
