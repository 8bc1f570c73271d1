//! A queue by time in which nothing comes before what was already taken out: a radix heap.
//!
//! An entry stands in the bucket of the highest bit in which its time differs from the last one taken. To find the
//! next one, the lowest bucket is spread over those below it: adding takes constant time, and taking moves an entry
//! a few times through memory in order, where a heap would jump. Equal times stay in the order in which they came.

/// When, and whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) time: u64,
    pub(super) index: u32,
    pub(super) version: u32,
}

#[derive(Debug)]
pub(super) struct Queue {
    /// INVARIANT: no entry is earlier.
    last: u64,
    buckets: [Bucket; 64],
    /// The bits of the buckets that hold something.
    used: u64,
    /// How many of bucket 0 are taken already.
    taken: usize,
    len: usize,
}

#[derive(Debug)]
struct Bucket {
    entries: Vec<Entry>,
    earliest: u64,
}

/// A bucket keeps memory for so many entries when it is emptied. More than `FEW` of the timers, which leave as many dead
/// ones: else that would cost allocations again and again.
const KEPT: usize = 128;

impl Queue {
    pub(super) fn new() -> Queue {
        let bucket = |_| Bucket { entries: Vec::new(), earliest: u64::MAX };
        Queue { last: 0, buckets: std::array::from_fn(bucket), used: 0, taken: 0, len: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Its time must be below 2^63. One that is earlier than the last one taken is taken for that one's.
    pub(super) fn push(&mut self, entry: Entry) {
        self.len += 1;
        self.place(entry);
    }

    /// The earliest time.
    pub(super) fn next(&self) -> Option<u64> {
        (self.used != 0).then(|| self.buckets[self.used.trailing_zeros() as usize].earliest)
    }

    /// Takes the earliest entry, if it isn't later than that.
    pub(super) fn pop(&mut self, limit: u64) -> Option<Entry> {
        loop {
            let time = self.next().filter(|time| *time <= limit)?;
            let lowest = self.used.trailing_zeros() as usize;
            if lowest == 0 {
                return Some(self.take());
            }
            self.last = time;
            self.spread(lowest);
        }
    }

    /// Drops what isn't wanted any more, and its memory.
    pub(super) fn retain(&mut self, mut wanted: impl FnMut(&Entry) -> bool) {
        self.buckets[0].entries.drain(..self.taken);
        self.taken = 0;
        (self.used, self.len) = (0, 0);
        for (number, bucket) in self.buckets.iter_mut().enumerate() {
            if bucket.entries.is_empty() {
                continue;
            }
            bucket.entries.retain(&mut wanted);
            bucket.entries.shrink_to(KEPT);
            bucket.earliest = bucket.entries.iter().map(|entry| entry.time).min().unwrap_or(u64::MAX);
            self.used |= u64::from(!bucket.entries.is_empty()) << number;
            self.len += bucket.entries.len();
        }
    }

    fn place(&mut self, mut entry: Entry) {
        entry.time = entry.time.max(self.last);
        let number = (64 - (entry.time ^ self.last).leading_zeros()) as usize;
        let bucket = &mut self.buckets[number];
        bucket.earliest = bucket.earliest.min(entry.time);
        bucket.entries.push(entry);
        self.used |= 1 << number;
    }

    fn take(&mut self) -> Entry {
        let bucket = &mut self.buckets[0];
        let entry = bucket.entries[self.taken];
        self.taken += 1;
        self.len -= 1;
        if self.taken == bucket.entries.len() {
            self.taken = 0;
            self.used &= !1;
            bucket.earliest = u64::MAX;
            bucket.entries.clear();
            bucket.entries.shrink_to(KEPT);
        }
        entry
    }

    /// All of it goes into lower buckets: `last` is one of its times.
    fn spread(&mut self, number: usize) {
        self.used &= !(1 << number);
        let bucket = &mut self.buckets[number];
        bucket.earliest = u64::MAX;
        let mut entries = std::mem::take(&mut bucket.entries);
        for entry in entries.drain(..) {
            self.place(entry);
        }
        if entries.capacity() <= KEPT {
            self.buckets[number].entries = entries;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_time_then_by_coming_as_a_sorted_list() {
        let (mut queue, mut twin, mut state) = (Queue::new(), Vec::new(), 1_u64);
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 33
        };
        let mut now = 0;
        for index in 0..20_000 {
            let entry = Entry { time: now + (random() % 64) * (1 << (random() % 20)), index, version: 0 };
            queue.push(entry);
            twin.push(entry);
            if random() % 3 == 0 {
                now += random() % 100;
                twin.sort_by_key(|entry| entry.time);
                while let Some(entry) = queue.pop(now) {
                    assert_eq!(entry, twin.remove(0));
                }
                assert!(twin.first().is_none_or(|entry| entry.time > now));
                assert_eq!((queue.next(), queue.len()), (twin.first().map(|entry| entry.time), twin.len()));
            }
        }
        queue.retain(|entry| entry.index % 2 == 0);
        twin.retain(|entry| entry.index % 2 == 0);
        twin.sort_by_key(|entry| entry.time);
        assert!(twin.len() > 100);
        assert!(twin.into_iter().all(|entry| queue.pop(u64::MAX) == Some(entry)));
        assert_eq!((queue.next(), queue.len()), (None, 0));
    }
}
