//! Room for labels: new ones for messages on both sides of a gap, between two that keep theirs.
//!
//! The gap gets most of the room, and the messages of each side share a little of it, evenly: whoever
//! makes a gap narrower and narrower goes on in the gap, and finds it nearly as wide as the room
//! was. The gap is beside where it was: there the database has entries of what moved that it still
//! has to step over, thousands of them perhaps, and they do not lie in the way between two messages
//! that are nobody's gap. Two words are used as one number; where the room is too narrow in these,
//! it is looked for two words deeper, behind the lower of the two.

use crate::label::{Label, STEP, number};

/// Two neighbours are not nearer than this.
const NARROWEST: u128 = STEP as u128;
/// Where they are not nearer than this the first of the two words is enough: a step apart.
const WIDE: u128 = NARROWEST << 64;
/// What the messages of a side share: so much of where the gap comes to be, which is at least half
/// of all.
const SHARE: u128 = 16;

/// See the module's documentation.
pub(crate) struct Room {
    prefix: Vec<u64>,
    start: u128,
    end: u128,
    /// Where the gap begins and ends.
    gap: (u128, u128),
    below: usize,
    above: usize,
}

impl Room {
    /// Between two labels, for so many on each side of the gap, which was behind the label `was`.
    pub(crate) fn new(
        (low, high): (&Label, &Label),
        was: &Label,
        (below, above): (usize, usize),
    ) -> Self {
        let (low, high, was) = (low.words(), high.words(), was.words());
        let word = |words: &[u64], index: usize| words.get(index).copied().unwrap_or(0);
        let ends = 0..low.len().max(high.len());
        // What a label lacks counts as 0, and its end is never 0: they differ somewhere.
        let differs = |index: &usize| word(&low, *index) != word(&high, *index);
        let mut depth = ends.clone().find(differs).unwrap_or(ends.end);
        let mut room = Self {
            prefix: Vec::new(),
            start: number(&low, depth),
            end: number(&high, depth),
            gap: (0, 0),
            below,
            above,
        };
        while room.least_step() < NARROWEST {
            depth += 2;
            room.start = number(&low, depth);
            room.end = u128::MAX;
        }
        room.prefix = (0..depth).map(|index| word(&low, index)).collect();
        let is_in_reach = (0..depth).all(|index| word(&was, index) == word(&low, index));
        let was = if is_in_reach { number(&was, depth) } else { room.end };
        room.gap = room.beside(was.clamp(room.start, room.end));
        room
    }

    /// On the side of a place where there is more.
    fn beside(&self, place: u128) -> (u128, u128) {
        let (before, behind) = (place - self.start, self.end - place);
        if before > behind {
            (self.start + before / SHARE, place - before / SHARE)
        } else {
            (place + behind / SHARE, self.end - behind / SHARE)
        }
    }

    /// Bits that a label in the gap has at least; there is the more room the fewer they are.
    pub(crate) fn bits(&self) -> usize {
        self.prefix.len() * 64 + (self.gap.1 - self.gap.0).leading_zeros() as usize
    }

    /// Words of the longest of the labels.
    #[cfg(test)]
    fn words(&self) -> usize {
        self.prefix.len() + if self.is_wide() { 1 } else { 2 }
    }

    /// In the middle of the gap.
    pub(crate) fn middle(&self) -> Label {
        self.label(self.gap.0 + (self.gap.1 - self.gap.0) / 2)
    }

    /// Of a message below the gap, counted from the gap.
    pub(crate) fn below(&self, index: usize) -> Label {
        let step = (self.gap.0 - self.start) / (self.below as u128 + 1);
        self.label(self.start + step * self.below.saturating_sub(index) as u128)
    }

    /// Of a message above the gap, counted from the gap.
    pub(crate) fn above(&self, index: usize) -> Label {
        let step = (self.end - self.gap.1) / (self.above as u128 + 1);
        self.label(self.end - step * self.above.saturating_sub(index) as u128)
    }

    /// Between two messages, at the least.
    fn least_step(&self) -> u128 {
        let smaller_share = self.end.saturating_sub(self.start) / 2 / SHARE;
        smaller_share / (self.below.max(self.above) as u128 + 1)
    }

    fn is_wide(&self) -> bool {
        self.least_step() >= WIDE
    }

    fn label(&self, at: u128) -> Label {
        let (first, second) = ((at >> 64) as u64, at as u64);
        let mut words = self.prefix.clone();
        words.push(first);
        if !self.is_wide() && second != 0 {
            words.push(second);
        }
        Label::from_words(&words)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn label(words: &[u64]) -> Label {
        Label::from_words(words)
    }

    /// All labels that the room gives, from its lower to its upper end.
    fn all(low: &Label, high: &Label, was: &Label, below: usize, above: usize) -> Vec<Label> {
        let room = Room::new((low, high), was, (below, above));
        let mut labels = vec![low.clone()];
        labels.extend((0..below).rev().map(|index| room.below(index)));
        labels.push(room.middle());
        labels.extend((0..above).map(|index| room.above(index)));
        labels.push(high.clone());
        for label in &labels[1..labels.len() - 1] {
            assert_eq!(Label::from_bytes(label.bytes()).as_ref(), Some(label));
            assert!(label.bytes().len() <= room.words() * 8);
        }
        labels
    }

    #[test]
    fn where_there_is_much_a_word_is_enough() {
        let (low, high) = (label(&[1]), label(&[u64::MAX]));
        assert_eq!(Room::new((&low, &high), &low, (500, 500)).words(), 1);
        assert!(all(&low, &high, &label(&[7, 7]), 500, 500).is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn where_there_is_none_it_is_deeper() {
        let ends: [(&[u64], &[u64], usize); 5] = [
            (&[5], &[6], 2),
            (&[5, u64::MAX], &[6], 3),
            (&[5, u64::MAX, u64::MAX, u64::MAX, 1], &[6], 5),
            (&[5], &[5, 0, 0, 1], 5),
            (&[5, 1], &[5, 1, 0, 0, 1 << 60], 5),
        ];
        for (low, high, words) in ends {
            let (low, high) = (label(low), label(high));
            assert_eq!(Room::new((&low, &high), &low, (3, 0)).words(), words, "{low:?}");
            assert!(all(&low, &high, &low, 3, 9).is_sorted_by(|a, b| a < b), "{low:?}");
        }
    }

    proptest! {
        #[test]
        fn labels_rise_between_any_two(
            one in prop::collection::vec(prop_oneof![Just(0), Just(1), Just(u64::MAX), any::<u64>()], 1..6),
            more in prop::collection::vec(prop_oneof![Just(0), Just(1), Just(u64::MAX), any::<u64>()], 1..6),
            same in 0_usize..4,
            below in 0_usize..600,
            above in 0_usize..600,
        ) {
            let other = [one.get(..same).unwrap_or_default(), &more].concat();
            let ended = |words: Vec<u64>| label(&[words, vec![1]].concat());
            let (one, other) = (ended(one), ended(other));
            prop_assume!(one != other);
            let (low, high) = (one.clone().min(other.clone()), one.max(other));
            let was = Label::between(Some(&low), Some(&high));
            for was in [&low, &was, &high] {
                prop_assert!(all(&low, &high, was, below, above).is_sorted_by(|a, b| a < b));
            }
        }
    }
}
