//! How many connections there may be.

use std::{cell::Cell, cell::RefCell, collections::HashMap, fmt, net::IpAddr, rc::Rc};

use super::wrap::{passes_on, passes_on_data, passes_on_end, passes_on_factory, passes_on_fd};
use crate::{
    reactor::{Factory, Protocol},
    socket::Address,
};

/// What [`limit`](super::Policies::limit) makes.
#[derive(Debug)]
pub struct Limited<F> {
    factory: F,
    most: usize,
    count: Rc<Cell<usize>>,
}

/// What [`limit_by_peer`](super::Policies::limit_by_peer) makes.
#[derive(Debug)]
pub struct LimitedByPeer<F> {
    factory: F,
    most: usize,
    counts: Rc<RefCell<HashMap<IpAddr, usize>>>,
}

/// A protocol that is counted for as long as it lives.
#[derive(Debug)]
pub struct LimitedProtocol<P> {
    protocol: P,
    _place: Place,
}

/// Given back when it is dropped, which a protocol is even when it panics.
enum Place {
    Total(Rc<Cell<usize>>),
    Peer(Rc<RefCell<HashMap<IpAddr, usize>>>, IpAddr),
    /// Without an IP address there is nobody to count.
    Free,
}

impl<F> Limited<F> {
    pub(super) fn new(factory: F, most: usize) -> Limited<F> {
        Limited { factory, most, count: Rc::default() }
    }
}

impl<F> LimitedByPeer<F> {
    pub(super) fn new(factory: F, most: usize) -> LimitedByPeer<F> {
        LimitedByPeer { factory, most, counts: Rc::default() }
    }
}

impl<F: Factory> Factory for Limited<F> {
    type Protocol = LimitedProtocol<F::Protocol>;

    fn build(&mut self, peer: &Address) -> Option<Self::Protocol> {
        if self.count.get() >= self.most {
            return None;
        }
        let protocol = self.factory.build(peer)?;
        self.count.set(self.count.get() + 1);
        Some(LimitedProtocol { protocol, _place: Place::Total(self.count.clone()) })
    }

    passes_on_factory!();
}

impl<F: Factory> Factory for LimitedByPeer<F> {
    type Protocol = LimitedProtocol<F::Protocol>;

    fn build(&mut self, peer: &Address) -> Option<Self::Protocol> {
        let Some(ip) = peer.canonical().ip() else {
            let protocol = self.factory.build(peer)?;
            return Some(LimitedProtocol { protocol, _place: Place::Free });
        };
        if self.counts.borrow().get(&ip).is_some_and(|count| *count >= self.most) || self.most == 0 {
            return None;
        }
        let protocol = self.factory.build(peer)?;
        *self.counts.borrow_mut().entry(ip).or_default() += 1;
        Some(LimitedProtocol { protocol, _place: Place::Peer(self.counts.clone(), ip) })
    }

    passes_on_factory!();
}

impl<P: Protocol> Protocol for LimitedProtocol<P> {
    passes_on! {
        connection_made eof_received write_paused write_resumed write_lost read_resumed timed_out
    }
    passes_on_data!();
    passes_on_fd!();
    passes_on_end!();
}

impl Drop for Place {
    fn drop(&mut self) {
        match self {
            Place::Total(count) => count.set(count.get().saturating_sub(1)),
            Place::Peer(counts, ip) => {
                let mut counts = counts.borrow_mut();
                if let Some(count) = counts.get_mut(ip) {
                    *count -= 1;
                    if *count == 0 {
                        counts.remove(ip);
                    }
                }
            }
            Place::Free => {}
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Place")
    }
}
