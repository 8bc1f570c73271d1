//! Things by number, in pages: what is removed gives its memory back, though others stay.

/// So many things share a page.
const PAGE: usize = 1024;
const NONE: u32 = u32::MAX;

/// Where a thing is. No two have the same serial number, so a key whose thing is gone finds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) serial: u64,
    pub(super) index: u32,
}

#[derive(Debug)]
pub(super) struct Slab<T> {
    pages: Vec<Page<T>>,
    /// INVARIANT: the numbers of those pages that have room, each once.
    open: Vec<u32>,
    /// Pages that are empty and have kept their memory: one at most, so that a lone thing that comes and goes
    /// costs no allocation.
    spare: u32,
    serial: u64,
    len: usize,
}

#[derive(Debug)]
struct Page<T> {
    slots: Vec<Slot<T>>,
    /// The first of the free slots' list.
    free: u32,
    live: usize,
}

#[derive(Debug)]
enum Slot<T> {
    Free { next: u32 },
    Used { serial: u64, value: T },
}

impl<T> Default for Slab<T> {
    fn default() -> Slab<T> {
        Slab::new()
    }
}

impl<T> Slab<T> {
    pub(super) fn new() -> Slab<T> {
        Slab { pages: Vec::new(), open: Vec::new(), spare: 0, serial: 0, len: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn insert(&mut self, value: T) -> Key {
        let number = match self.open.last() {
            Some(&number) => number,
            None => {
                let number = self.pages.len() as u32;
                self.pages.push(Page { slots: Vec::new(), free: NONE, live: 0 });
                self.open.push(number);
                number
            }
        };
        let page = &mut self.pages[number as usize];
        if page.live == 0 && page.slots.capacity() > 0 {
            self.spare -= 1;
        }
        self.serial += 1;
        self.len += 1;
        let at = page.insert(Slot::Used { serial: self.serial, value });
        if page.live == PAGE {
            self.open.pop();
        }
        Key { serial: self.serial, index: number * PAGE as u32 + at }
    }

    pub(super) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        match self.slot(key.index) {
            Some(Slot::Used { serial, value }) if *serial == key.serial => Some(value),
            _ => None,
        }
    }

    pub(super) fn get(&self, key: Key) -> Option<&T> {
        let page = self.pages.get(key.index as usize / PAGE)?;
        match page.slots.get(key.index as usize % PAGE) {
            Some(Slot::Used { serial, value }) if *serial == key.serial => Some(value),
            _ => None,
        }
    }

    /// What stands at that index, with its key.
    pub(super) fn at(&self, index: u32) -> Option<(Key, &T)> {
        let page = self.pages.get(index as usize / PAGE)?;
        match page.slots.get(index as usize % PAGE) {
            Some(Slot::Used { serial, value }) => Some((Key { serial: *serial, index }, value)),
            _ => None,
        }
    }

    pub(super) fn remove(&mut self, key: Key) -> Option<T> {
        self.get(key)?;
        let (number, at) = (key.index / PAGE as u32, key.index % PAGE as u32);
        let page = &mut self.pages[number as usize];
        let free = Slot::Free { next: page.free };
        let Slot::Used { value, .. } = std::mem::replace(&mut page.slots[at as usize], free) else {
            return None;
        };
        page.free = at;
        page.live -= 1;
        self.len -= 1;
        if page.live + 1 == PAGE {
            self.open.push(number);
        }
        if page.live == 0 {
            self.emptied(number);
        }
        Some(value)
    }

    fn slot(&mut self, index: u32) -> Option<&mut Slot<T>> {
        self.pages.get_mut(index as usize / PAGE)?.slots.get_mut(index as usize % PAGE)
    }

    fn emptied(&mut self, number: u32) {
        if self.spare == 0 {
            self.spare = 1;
            return;
        }
        let page = &mut self.pages[number as usize];
        page.slots = Vec::new();
        page.free = NONE;
        if self.len == 0 {
            self.pages = Vec::new();
            self.open = Vec::new();
            self.spare = 0;
        }
    }
}

impl<T> Page<T> {
    fn insert(&mut self, slot: Slot<T>) -> u32 {
        self.live += 1;
        if self.free == NONE {
            self.slots.push(slot);
            return self.slots.len() as u32 - 1;
        }
        let at = self.free;
        if let Slot::Free { next } = std::mem::replace(&mut self.slots[at as usize], slot) {
            self.free = next;
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_whose_thing_is_gone_finds_nothing() {
        let mut slab = Slab::new();
        let first = slab.insert("first");
        assert_eq!(slab.remove(first), Some("first"));
        let second = slab.insert("second");
        assert_eq!(second.index, first.index);
        assert_eq!(slab.get(first), None);
        assert_eq!(slab.remove(first), None);
        assert_eq!((slab.get(second), slab.len()), (Some(&"second"), 1));
    }

    #[test]
    fn pages_give_their_memory_back_beside_one_that_lives() {
        let mut slab = Slab::new();
        let keys: Vec<Key> = (0..10 * PAGE).map(|number| slab.insert(number)).collect();
        for (number, key) in keys.iter().enumerate() {
            if number != 5 * PAGE {
                assert_eq!(slab.remove(*key), Some(number));
            }
        }
        let kept = slab.pages.iter().filter(|page| page.slots.capacity() > 0).count();
        assert_eq!((kept, slab.len()), (2, 1));
        let more: Vec<Key> = (0..10 * PAGE).map(|number| slab.insert(number)).collect();
        assert_eq!(slab.get(keys[5 * PAGE]), Some(&(5 * PAGE)));
        assert!(more.iter().enumerate().all(|(number, key)| slab.get(*key) == Some(&number)));
    }
}
