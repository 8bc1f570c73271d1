//! Finds the end of a head in a buffer that grows.

use super::super::limits::Limits;

/// Tells when a head that came incomplete is worth parsing again.
///
/// Parsing at every byte of a head that drips in would cost the square of its length; this looks at every byte
/// once. Parse first, without it: nearly every head comes whole. If that gives `Partial`, ask
/// [`scan`](HeadScanner::scan) after each read, and parse when it says so.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct HeadScanner {
    scanned: usize,
    state: State,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    /// In the blank lines before the head.
    #[default]
    Before,
    /// Within a line.
    Line,
    /// A line has ended.
    LineStart,
    /// A line has ended, and CR came.
    LineStartCr,
    /// The end was found, or a limit reached.
    Found,
}

impl HeadScanner {
    /// Whether more than the blank lines that may come before a head was seen of it.
    #[must_use]
    pub(crate) fn has_begun(&self) -> bool {
        !matches!(self.state, State::Before)
    }

    /// Looks at what is new in `bytes`, which start where they started last time. True if the parser
    /// would no longer say `Partial`: the head's end has come, or a limit is reached.
    #[must_use]
    pub(crate) fn scan(&mut self, bytes: &[u8], limits: &Limits) -> bool {
        let new = bytes.get(self.scanned..).unwrap_or_default();
        for &byte in new {
            self.scanned += 1;
            self.state = match (self.state, byte) {
                (State::Before, b'\r' | b'\n') if self.scanned <= 2 * limits.blank_lines => State::Before,
                // One blank line too many, or a head that starts with nonsense: the parser will say.
                (State::Before, b'\r' | b'\n') => State::LineStart,
                (State::LineStart, b'\r') => State::LineStartCr,
                // Lines that LF alone ends are found too, so that the parser can refuse them.
                (State::LineStart | State::LineStartCr, b'\n') => State::Found,
                (State::Line, b'\n') => State::LineStart,
                (State::Found, _) => State::Found,
                (_, _) => State::Line,
            };
            if let State::Found = self.state {
                return true;
            }
        }
        matches!(self.state, State::Found) || bytes.len() >= limits.head
    }
}
