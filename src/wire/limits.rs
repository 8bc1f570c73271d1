//! Every limit on what a peer may send, each with its reason.
//!
//! They bound memory and work, not taste: what real clients and servers send stays far below them.

/// How much of each thing a peer may send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Bytes of a method. WebDAV's longest registered one, `UPDATEREDIRECTREF`, has 17.
    pub(crate) method: usize,
    /// Bytes of a request target (414). RFC 9112 §3 recommends at least 8000; browsers and proxies stop near it.
    pub(crate) target: usize,
    /// Bytes of a whole head, the blank lines before it included (431). Large cookies and tokens need 8 to 32 KiB.
    pub(crate) head: usize,
    /// Field lines of a head or a trailer section (431); never more than [`MAX_FIELDS`](super::head::MAX_FIELDS).
    pub(crate) fields: usize,
    /// Blank lines before a request line. RFC 9112 §2.2 asks to skip one, which old browsers send after a POST.
    pub(crate) blank_lines: usize,
    /// Bytes of one chunk's line: its size and extensions. A signed chunk of S3 has about 100.
    pub(crate) chunk_line: usize,
    /// Bytes of chunk framing by which a body may exceed 16 bytes a chunk plus twice its data: tiny chunks
    /// with long extensions would cost much work for little body.
    pub(crate) chunk_overhead: usize,
    /// Bytes of the trailer section: it is kept in memory.
    pub(crate) trailers: usize,
    /// Interim answers (1xx) before the final one; a server could send them forever.
    pub(crate) interim: usize,
}

impl Limits {
    /// The defaults.
    pub(crate) const DEFAULT: Limits = Limits {
        method: 32,
        target: 8 * 1024,
        head: 64 * 1024,
        fields: 100,
        blank_lines: 2,
        chunk_line: 1024,
        chunk_overhead: 16 * 1024,
        trailers: 8 * 1024,
        interim: 16,
    };
}

impl Default for Limits {
    fn default() -> Limits {
        Limits::DEFAULT
    }
}
