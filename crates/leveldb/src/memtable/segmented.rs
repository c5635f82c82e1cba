//! A growing array whose elements never move, so that readers need no lock while it grows. It is
//! made of segments, each twice as long as the one before; a segment is allocated when its first
//! element is needed.

use std::sync::OnceLock;

/// Elements of the first segment, as a power of two.
const FIRST_SEGMENT_LG: u32 = 8;

/// Enough for every index of 32 bits.
const SEGMENTS: usize = 32 - FIRST_SEGMENT_LG as usize + 1;

pub(super) struct Segmented<T> {
    segments: [OnceLock<Box<[T]>>; SEGMENTS],
}

impl<T: Default> Segmented<T> {
    pub(super) fn new() -> Self {
        Self { segments: [const { OnceLock::new() }; SEGMENTS] }
    }

    /// The element, if its segment exists.
    #[inline]
    pub(super) fn get(&self, index: u32) -> Option<&T> {
        let (segment, offset) = place(index);
        self.segments.get(segment)?.get()?.get(offset)
    }

    /// The element, whose segment is made if need be.
    pub(super) fn get_or_grow(&self, index: u32) -> Option<&T> {
        let (segment, offset) = place(index);
        let length = 1usize << (segment as u32 + FIRST_SEGMENT_LG);
        let elements = self.segments.get(segment)?;
        elements.get_or_init(|| (0..length).map(|_| T::default()).collect()).get(offset)
    }
}

#[inline]
fn place(index: u32) -> (usize, usize) {
    let shifted = u64::from(index) + (1 << FIRST_SEGMENT_LG);
    let lg = shifted.ilog2();
    ((lg - FIRST_SEGMENT_LG) as usize, (shifted - (1 << lg)) as usize)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    use super::*;

    #[test]
    fn every_index_has_a_place_of_its_own() {
        let array: Segmented<AtomicU32> = Segmented::new();
        assert!(array.get(0).is_none());
        for index in 0..5_000 {
            array.get_or_grow(index).unwrap().store(index + 1, Relaxed);
        }
        for index in 0..5_000 {
            assert_eq!(array.get(index).unwrap().load(Relaxed), index + 1);
        }
        assert_eq!(place(u32::MAX).0, SEGMENTS - 1);
    }
}
