//! Places in an order that can always take one more in between.
//!
//! Messages are listed by time, so what the database sorts by must sort as their times do; and a
//! time must not stand on the disk. So a message gets a label that says only where it stands among
//! the others: later ones have larger labels, and how much larger means nothing.
//!
//! A label is a row of 64-bit words, compared word by word. The first is in the middle of all
//! words, the next after it a step further. Between two neighbours the distance is halved, and
//! where no number is left the label grows by a word and begins in the middle again, from where
//! steps go both ways: rising and falling times both cost a word for billions of messages, wherever
//! they come in. No label ends with the word 0, so that there is always something before it.

pub(crate) const WORD: usize = 8;
const MIDDLE: u64 = 1 << 63;
pub(crate) const STEP: u64 = 1 << 32;

/// Bytes of a label that is not long. Somebody who chooses times can make labels grow, by a word in
/// about thirty messages between the same two; the store gives the messages around a place that
/// would get a longer one other labels.
pub(crate) const SHORT: usize = 64;
/// Bytes of the longest label that anything stands at. What is longer in a file was put there by
/// somebody else.
pub(crate) const LONGEST: usize = 2_048;
/// Its length stands beside it in two bytes.
const _: () = assert!(LONGEST <= u16::MAX as usize && SHORT < LONGEST);

/// Where a message stands among the others: where it sorts, so does this.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(Vec<u8>);

impl Label {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// None where the bytes are no label.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (words, rest) = bytes.as_chunks::<WORD>();
        let whole = rest.is_empty()
            && bytes.len() <= LONGEST
            && words.last().is_some_and(|word| *word != [0; WORD]);
        whole.then(|| Self(bytes.to_vec()))
    }

    /// A label between two neighbours; none is no bound.
    pub(crate) fn between(low: Option<&Self>, high: Option<&Self>) -> Self {
        let words = match (low, high) {
            (None, None) => vec![MIDDLE],
            (Some(low), None) => after(&low.words()),
            (None, Some(high)) => before(&high.words()),
            (Some(low), Some(high)) => inside(&low.words(), &high.words()),
        };
        Self::from_words(&words)
    }

    /// Some label about halfway, for searching; the lower one where nothing is between them.
    pub(crate) fn halfway(low: &Self, high: &Self) -> Self {
        let (low_words, high_words) = (low.words(), high.words());
        let same = common(&low_words, &high_words);
        let mut words = low_words.get(..same).unwrap_or_default().to_vec();
        // So that a large distance of the second word counts.
        let low_number = number(&low_words, same);
        let high_number = number(&high_words, same);
        let middle = low_number + high_number.saturating_sub(low_number) / 2;
        words.push((middle >> 64) as u64);
        if middle as u64 != 0 {
            words.push(middle as u64);
        }
        Self::from_words(&words).max(low.clone())
    }

    pub(crate) fn words(&self) -> Vec<u64> {
        self.0.as_chunks::<WORD>().0.iter().map(|word| u64::from_be_bytes(*word)).collect()
    }

    /// Of words of which the last is not 0.
    pub(crate) fn from_words(words: &[u64]) -> Self {
        Self(words.iter().flat_map(|word| word.to_be_bytes()).collect())
    }
}

/// Two words as one number.
pub(crate) fn number(words: &[u64], index: usize) -> u128 {
    let word = |index: usize| words.get(index).copied().map_or(0, u128::from);
    word(index) << 64 | word(index + 1)
}

pub(crate) fn common(low: &[u64], high: &[u64]) -> usize {
    low.iter().zip(high).take_while(|(low, high)| low == high).count()
}

/// A label after `low`, as short as can be.
fn after(low: &[u64]) -> Vec<u64> {
    for (depth, word) in low.iter().enumerate() {
        if let Some(next) = word.checked_add(STEP) {
            return joined(low.get(..depth), &[next]);
        }
    }
    joined(Some(low), &[MIDDLE])
}

/// A label before `high`.
fn before(high: &[u64]) -> Vec<u64> {
    match high.split_first() {
        None => vec![MIDDLE],
        Some((word, _)) if *word > STEP => vec![word - STEP],
        Some((word, _)) if *word > 1 => vec![word / 2],
        // Nothing but 0 is before 1, and no label ends with it.
        Some((1, _)) => vec![0, MIDDLE],
        Some((_, rest)) => joined(Some(&[0]), &before(rest)),
    }
}

fn inside(low: &[u64], high: &[u64]) -> Vec<u64> {
    let same = common(low, high);
    let prefix = low.get(..same);
    let Some(low_word) = low.get(same) else {
        return joined(prefix, &before(high.get(same..).unwrap_or_default()));
    };
    let distance = high.get(same).copied().unwrap_or(u64::MAX).saturating_sub(*low_word);
    if distance > STEP {
        joined(prefix, &[low_word + STEP])
    } else if distance > 1 {
        joined(prefix, &[low_word + distance / 2])
    } else {
        let deeper = after(low.get(same + 1..).unwrap_or_default());
        joined(low.get(..=same), &deeper)
    }
}

fn joined(prefix: Option<&[u64]>, rest: &[u64]) -> Vec<u64> {
    [prefix.unwrap_or_default(), rest].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Inserts one label after another at the places that `choose` gives, and checks the order.
    fn grow(count: usize, mut choose: impl FnMut(usize) -> usize) -> Vec<Label> {
        let mut labels: Vec<Label> = Vec::new();
        for made in 0..count {
            let place = choose(made);
            let low = place.checked_sub(1).map(|low| labels[low].clone());
            let high = labels.get(place).cloned();
            let label = Label::between(low.as_ref(), high.as_ref());
            assert!(low.as_ref().is_none_or(|low| *low < label), "{low:?} {label:?}");
            assert!(high.as_ref().is_none_or(|high| label < *high), "{label:?} {high:?}");
            assert_eq!(Label::from_bytes(label.bytes()).as_ref(), Some(&label));
            labels.insert(place, label);
        }
        labels
    }

    fn longest(labels: &[Label]) -> usize {
        labels.iter().map(|label| label.bytes().len()).max().unwrap()
    }

    #[test]
    fn rising_and_falling_times_cost_one_word() {
        assert_eq!(longest(&grow(10_000, |made| made)), 8);
        assert_eq!(longest(&grow(10_000, |_| 0)), 8);
    }

    #[test]
    fn behind_one_message_of_the_future_it_is_two_words() {
        assert!(longest(&grow(10_000, |made| made.saturating_sub(1))) <= 16);
        assert!(longest(&grow(10_000, |made| made.min(1))) <= 16);
    }

    /// The worst that somebody who chooses times can do: always between the last two.
    #[test]
    fn always_in_the_middle_costs_a_word_in_thirty() {
        assert!(longest(&grow(3_000, |made| made / 2)) <= 8 * (3_000 / 30));
    }

    proptest! {
        #[test]
        fn any_order_of_insertion_keeps_labels_short(seed in any::<u64>()) {
            let mut state = seed;
            let labels = grow(2_000, |made| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 33) as usize % (made + 1)
            });
            prop_assert!(longest(&labels) <= 24);
        }

        #[test]
        fn places_at_will_keep_the_order(places in prop::collection::vec(0_usize..6, 1..300)) {
            grow(places.len(), |made| places[made].min(made));
        }

        #[test]
        fn halfway_is_between(places in prop::collection::vec(any::<prop::sample::Index>(), 2..200)) {
            let labels = grow(places.len(), |made| places[made].index(made + 1));
            for pair in labels.windows(2) {
                let halfway = Label::halfway(&pair[0], &pair[1]);
                prop_assert!(pair[0] <= halfway && halfway <= pair[1]);
            }
        }
    }

    #[test]
    fn a_label_at_the_end_of_all_words_has_one_after_it() {
        let last = Label::from_bytes(&[0xff; 8]).unwrap();
        assert!(Label::between(Some(&last), None) > last);
        let first = Label::from_bytes(&[0, 0, 0, 0, 0, 0, 0, 1]).unwrap();
        let before = Label::between(None, Some(&first));
        assert!(before < first);
        assert!(Label::between(None, Some(&before)) < before);
        assert_eq!(Label::from_bytes(&[0; 8]), None);
        assert_eq!(Label::from_bytes(b""), None);
        assert!(Label::from_bytes(&[1; LONGEST]).is_some());
        assert_eq!(Label::from_bytes(&[1; LONGEST + WORD]), None);
    }
}
