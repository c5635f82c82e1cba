//! Where messages were found by their ids lately, so that the entry of an id is not read and
//! decrypted each time.
//!
//! This is only where to look first: a message has the name of its id inside, so one that was moved
//! or removed meanwhile is noticed there, and then its entry is asked.

use quick_cache::sync::Cache;

use crate::label::Label;
use crate::names::Name;

/// Two words of a label; what is not needed is 0, with which no label ends. Longer ones are rare.
const ROOM: usize = 16;

/// See the module's documentation.
pub(super) struct FoundBefore(Cache<Name, [u8; ROOM]>);

impl FoundBefore {
    /// Of so many messages.
    pub(super) fn new(messages: usize) -> Self {
        Self(Cache::new(messages))
    }

    pub(super) fn get(&self, id: &Name) -> Option<Label> {
        let words = self.0.get(id)?;
        let (first, _) = words.split_at(ROOM / 2);
        Label::from_bytes(&words).or_else(|| Label::from_bytes(first))
    }

    pub(super) fn insert(&self, id: &Name, label: &Label) {
        let mut words = [0; ROOM];
        let bytes = label.bytes();
        if let Some(room) = words.get_mut(..bytes.len()) {
            room.copy_from_slice(bytes);
            self.0.insert(*id, words);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_one_and_two_words_are_kept() {
        let found = FoundBefore::new(100);
        for (words, is_kept) in [(1, true), (2, true), (3, false)] {
            let label = Label::from_bytes(&[7; 8].repeat(words)).unwrap();
            let id = [words as u8; 16];
            assert_eq!(found.get(&id), None);
            found.insert(&id, &label);
            assert_eq!(found.get(&id), is_kept.then_some(label), "{words} words");
        }
    }
}
