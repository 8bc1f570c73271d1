//! What the tests of this room share.

/// Small pseudo-random numbers (SplitMix64): the same in every run.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Below `bound`, which isn't 0.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    pub(super) fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }

    pub(super) fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next() as u8).collect()
    }

    /// A text made of such pieces, and now and then of a byte that doesn't belong.
    pub(super) fn text(&mut self, pieces: &[&[u8]], count: usize) -> Vec<u8> {
        let mut out = Vec::new();
        for _ in 0..self.below(count) {
            out.extend_from_slice(self.pick(pieces));
            if self.below(40) == 0 {
                out.push(self.next() as u8);
            }
        }
        out
    }

    /// The same bytes with a few changes: one replaced, removed, doubled.
    pub(super) fn mutate(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..self.below(3) {
            if bytes.is_empty() {
                return;
            }
            let at = self.below(bytes.len());
            match self.below(3) {
                0 => {
                    bytes[at] =
                        self.pick(&[&b'\r', &b'\n', &b' ', &0, &b':', &b'\t', &0xff, &b'1']).to_owned()
                }
                1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, bytes[at]),
            }
        }
    }
}
