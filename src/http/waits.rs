//! How many threads may wait for peers at a time: for more of a body, or for room for an answer.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::socket::{Shutdown, Socket};

/// The threads that wait for a peer. They are fewer than handlers may block: peers who stall can't take all the
/// threads, and requests that need not wait are still answered. Past that, the one that has waited longest is given up.
#[derive(Debug)]
pub(super) struct Waits {
    most: usize,
    now: Mutex<Now>,
}

/// Who waits.
#[derive(Debug, Default)]
struct Now {
    /// By number, which is in the order of beginning.
    waiting: BTreeMap<u64, Option<Peer>>,
    next: u64,
}

/// A second descriptor of a connection: closing the first doesn't make its number another's meanwhile.
#[derive(Debug)]
struct Peer {
    socket: Socket,
    /// What ends the wait: without more data, an answer can still be sent.
    how: Shutdown,
}

/// One that waits, until it is dropped.
#[derive(Debug)]
pub(super) struct Waiting<'a> {
    waits: &'a Waits,
    number: u64,
}

impl Waits {
    /// For a server whose handlers may block so many threads: three quarters of them may wait, at least one.
    pub(super) fn of(threads: usize) -> Waits {
        Waits { most: (threads - threads.div_ceil(4)).max(1), now: Mutex::default() }
    }

    /// Lets the calling thread wait for that direction of a connection; if too many do, the one that has waited
    /// longest doesn't any more. `None` if there is none that could be given up.
    pub(super) fn begin(&self, socket: &Socket, how: Shutdown) -> Option<Waiting<'_>> {
        // Without a descriptor to spare it waits all the same, but can't be given up.
        let peer = socket.try_clone().ok().map(|socket| Peer { socket, how });
        let mut now = self.now();
        if now.waiting.len() >= self.most {
            let longest = now.waiting.iter().find(|(_, peer)| peer.is_some()).map(|(&number, _)| number);
            let given_up = now.waiting.remove(&longest?).flatten()?;
            // A peer that has gone meanwhile isn't waited for any more either.
            let _ = given_up.socket.shutdown(given_up.how);
        }
        let number = now.next;
        now.next += 1;
        now.waiting.insert(number, peer);
        Some(Waiting { waits: self, number })
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting<'_> {
    /// Whether it shall end in favour of others.
    pub(super) fn is_given_up(&self) -> bool {
        !self.waits.now().waiting.contains_key(&self.number)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.waits.now().waiting.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::{AF_UNIX, SOCK_STREAM, socketpair};

    fn pair() -> (Socket, Socket) {
        socketpair(AF_UNIX, SOCK_STREAM, Default::default()).unwrap()
    }

    #[test]
    fn three_quarters_may_wait() {
        for (threads, most) in [(0, 1), (1, 1), (2, 1), (3, 2), (4, 3), (512, 384)] {
            assert_eq!(Waits::of(threads).most, most, "{threads}");
        }
    }

    #[test]
    fn one_too_many_ends_the_longest_wait() {
        let (ours, theirs) = pair();
        let waits = Waits::of(4);
        let begin = || waits.begin(&ours, Shutdown::Read).unwrap();
        let [first, second, third] = [begin(), begin(), begin()];
        drop(second);
        let fourth = begin();
        ours.try_recv(&mut [0]).unwrap_err();
        let fifth = begin();
        assert_eq!(ours.try_recv(&mut [0]).unwrap(), 0);
        // Only that direction.
        ours.sendall(b"x").unwrap();
        assert_eq!(theirs.recv(&mut [0]).unwrap(), 1);
        assert!(first.is_given_up());
        assert!(!third.is_given_up() && !fourth.is_given_up() && !fifth.is_given_up());
        drop((first, third, fourth, fifth));
        assert!(waits.now().waiting.is_empty());
    }

    #[test]
    fn one_that_can_t_be_given_up_keeps_its_place() {
        let (ours, _theirs) = pair();
        let waits = Waits::of(1);
        waits.now().waiting.insert(u64::MAX, None);
        assert!(waits.begin(&ours, Shutdown::Both).is_none());
        assert_eq!(waits.now().waiting.len(), 1);
    }
}
