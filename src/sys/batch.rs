//! [`Slots`]: datagrams side by side in memory that is used again, for `recvmmsg(2)` and `sendmmsg(2)`.

use std::ops::Range;

use socket2::SockAddr;

use super::{
    address,
    control::{bytes_of, bytes_of_mut},
};

/// Room for an address, in words: the system wants it aligned.
type Name = [u64; size_of::<libc::sockaddr_storage>() / size_of::<u64>()];

const _: () = assert!(size_of::<Name>() == size_of::<libc::sockaddr_storage>());

/// Room for datagrams of the same largest size. Nothing is allocated after it is made.
#[derive(Debug)]
pub(crate) struct Slots {
    /// All datagrams, one after the other.
    data: Vec<u8>,
    /// Of each of them; not 0.
    size: usize,
    names: Vec<Name>,
    /// INVARIANT: as many as names, and as datagrams of that size in `data`.
    facts: Vec<Facts>,
}

/// What is known of one datagram.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Facts {
    /// Of its data. INVARIANT: at most the slots' size.
    pub(crate) length: usize,
    /// Of its address; 0 for none. INVARIANT: at most the size of a [`Name`].
    pub(crate) name_length: usize,
    /// MSG_TRUNC and its like.
    pub(crate) flags: i32,
    /// The data is several datagrams of that length; 0 if it is one.
    pub(crate) segment: u16,
    /// The data may be several datagrams of a length that was lost.
    pub(crate) joined: bool,
}

/// The memory of one slot, for a system call.
pub(super) struct Slot<'a> {
    pub(super) data: &'a mut [u8],
    pub(super) name: &'a mut [u8],
    pub(super) facts: &'a mut Facts,
}

impl Slots {
    pub(crate) fn new(count: usize, size: usize) -> Slots {
        let size = size.max(1);
        Slots {
            data: vec![0; count * size],
            size,
            names: vec![Name::default(); count],
            facts: vec![Facts::default(); count],
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.facts.len()
    }

    pub(crate) fn size(&self) -> usize {
        self.size
    }

    pub(crate) fn facts(&self, at: usize) -> Facts {
        self.facts[at]
    }

    pub(crate) fn data(&self, at: usize) -> &[u8] {
        &self.data[at * self.size..][..self.facts[at].length]
    }

    pub(crate) fn data_mut(&mut self, at: usize) -> &mut [u8] {
        &mut self.data[at * self.size..][..self.facts[at].length]
    }

    pub(crate) fn name(&self, at: usize) -> Option<SockAddr> {
        address::address_of(self.name_bytes(at))
    }

    /// Puts a datagram into a slot; what is longer than the slot is cut off.
    pub(crate) fn put(&mut self, at: usize, data: &[u8], to: Option<&SockAddr>) {
        let length = data.len().min(self.size);
        self.data[at * self.size..][..length].copy_from_slice(&data[..length]);
        let name = to.map_or(&[][..], address::bytes_of);
        bytes_of_mut(&mut self.names[at])[..name.len()].copy_from_slice(name);
        self.facts[at] = Facts { length, name_length: name.len(), ..Facts::default() };
    }

    /// Says that the data is several datagrams.
    pub(crate) fn set_segment(&mut self, at: usize, segment: u16) {
        self.facts[at].segment = segment;
    }

    pub(super) fn name_bytes(&self, at: usize) -> &[u8] {
        &bytes_of(&self.names[at])[..self.facts[at].name_length]
    }

    /// The memory of some slots.
    pub(super) fn slots_mut(&mut self, range: Range<usize>) -> impl Iterator<Item = Slot<'_>> {
        let data = self.data.chunks_mut(self.size);
        let rest = self.names.iter_mut().zip(&mut self.facts);
        let all = data.zip(rest).map(|(data, (name, facts))| Slot { data, name: bytes_of_mut(name), facts });
        all.skip(range.start).take(range.len())
    }
}

impl Facts {
    /// What a system call says of a datagram that it wrote into a slot.
    pub(super) fn received(slot: &Slot<'_>, length: usize, name_length: usize, flags: i32) -> Facts {
        Facts {
            length: length.min(slot.data.len()),
            name_length: name_length.min(slot.name.len()),
            flags,
            ..Facts::default()
        }
    }
}

#[cfg(test)]
mod tests;
