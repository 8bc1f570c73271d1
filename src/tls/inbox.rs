//! [`Inbox`]: what came from the peer and isn't decrypted.

/// What the first receive gets: a whole record (RFC 8446 §5.2, RFC 5246 §6.2.3) with room for the next one's start.
pub(super) const SIZE: usize = 20 * 1024;

/// What it grows to once a receive fills it: fewer calls for much data.
const LARGE: usize = 64 * 1024;

/// Where it ends: the largest handshake message that rustls takes (64 KiB), in records that aren't absurdly small.
const LIMIT: usize = 256 * 1024;

/// Bytes between two cursors; takes no memory until the first receive.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    bytes: Vec<u8>,
    /// INVARIANT: start <= end <= bytes.len(), and both are 0 when they are equal.
    start: usize,
    end: usize,
}

impl Inbox {
    pub(super) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..self.end]
    }

    pub(super) fn consume(&mut self, n: usize) {
        self.start = self.end.min(self.start.saturating_add(n));
        if self.is_empty() {
            (self.start, self.end) = (0, 0);
        }
    }

    /// Room for a receive, behind what is there; `None` when the peer makes it hold too much.
    pub(super) fn room(&mut self) -> Option<&mut [u8]> {
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.end == self.bytes.len() {
            let size = match self.bytes.len() {
                0 => SIZE,
                len if len < LARGE => LARGE,
                len => 2 * len,
            };
            if size > LIMIT {
                return None;
            }
            self.bytes.resize(size, 0);
        }
        Some(&mut self.bytes[self.end..])
    }

    /// So many bytes of the room were received. One that was filled wholly is larger next time.
    pub(super) fn filled(&mut self, n: usize) {
        self.end = self.bytes.len().min(self.end + n);
        if self.end == self.bytes.len() && self.end < LARGE && n > 0 {
            self.bytes.resize(LARGE, 0);
        }
    }

    /// Takes it out to receive into it without the session's lock, or an empty one in its place.
    ///
    /// A fragment of a handshake message stays in the session's sight: rustls keeps its place. It stands at the
    /// front then, in a record that is complete.
    pub(super) fn lend(&mut self) -> Inbox {
        if begins_with_a_record(&self.bytes[self.start..self.end]) {
            Inbox::default()
        } else {
            std::mem::take(self)
        }
    }

    /// Takes back what was lent, with what was received meanwhile.
    pub(super) fn take_back(&mut self, lent: Inbox) {
        if self.is_empty() {
            *self = lent;
            return;
        }
        self.bytes.truncate(self.end);
        self.bytes.extend_from_slice(&lent.bytes[lent.start..lent.end]);
        self.end = self.bytes.len();
    }

    /// Whether it holds more than it may; see [`room`](Self::room).
    pub(super) fn is_full(&self) -> bool {
        self.end - self.start >= LIMIT
    }

    /// Lets go what an unusually large exchange made it hold.
    pub(super) fn shrink(&mut self) {
        if self.is_empty() && self.bytes.len() > SIZE {
            *self = Inbox::default();
        }
    }
}

/// Whether the first record is there to its end: kind, version, length, data.
fn begins_with_a_record(bytes: &[u8]) -> bool {
    match bytes {
        [_, _, _, high, low, data @ ..] => data.len() >= usize::from(u16::from_be_bytes([*high, *low])),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(inbox: &mut Inbox, data: &[u8]) {
        inbox.room().unwrap()[..data.len()].copy_from_slice(data);
        inbox.filled(data.len());
    }

    #[test]
    fn what_goes_in_comes_out() {
        let mut inbox = Inbox::default();
        put(&mut inbox, b"hello ");
        put(&mut inbox, b"world");
        inbox.consume(6);
        assert_eq!(inbox.bytes_mut(), b"world");
        put(&mut inbox, b"!");
        assert_eq!(inbox.bytes_mut(), b"world!");
        inbox.consume(99);
        assert!(inbox.is_empty());
        inbox.shrink();
        assert_eq!(inbox.bytes.len(), SIZE);
        let room = inbox.room().unwrap().len();
        inbox.filled(room);
        inbox.consume(room);
        inbox.shrink();
        assert!(inbox.bytes.is_empty());
    }

    #[test]
    fn it_grows_to_its_limit_and_no_further() {
        let mut inbox = Inbox::default();
        let mut total = 0;
        while let Some(room) = inbox.room() {
            let n = room.len();
            inbox.filled(n);
            total += n;
        }
        assert_eq!((total, inbox.is_full()), (LIMIT, true));
    }

    #[test]
    fn a_whole_record_stays_when_the_rest_is_lent() {
        let mut inbox = Inbox::default();
        put(&mut inbox, &[22, 3, 3, 0, 2, 1]);
        let mut lent = inbox.lend();
        assert!(inbox.is_empty());
        put(&mut lent, &[2]);
        inbox.take_back(lent);

        let mut lent = inbox.lend();
        assert_eq!(inbox.bytes_mut(), [22, 3, 3, 0, 2, 1, 2]);
        put(&mut lent, &[22, 3]);
        inbox.take_back(lent);
        assert_eq!(inbox.bytes_mut(), [22, 3, 3, 0, 2, 1, 2, 22, 3]);
    }
}
