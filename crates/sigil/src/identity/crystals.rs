//! Crystals, in the order in which they came: memories that crystallized by themselves, under their
//! own ids, and one pattern for a group, which a later crystallization of that group replaces.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::groups::Pattern;
use super::memory::quoted;
use super::names::Names;

/// What a crystal is.
pub(super) enum Crystal {
    /// The memory of a number.
    Memory(u64),
    /// A record.
    Pattern(Box<str>),
}

/// See the module's documentation.
#[derive(Default)]
pub(super) struct Crystals {
    by_number: BTreeMap<u64, (Arc<str>, Crystal)>,
    numbers: Names,
    next_number: u64,
}

impl Crystals {
    pub(super) fn put_memory(&mut self, memory: u64, id: &Arc<str>) {
        self.put(Arc::clone(id), Crystal::Memory(memory));
    }

    pub(super) fn put_pattern(&mut self, group: i64, text: Box<str>) {
        self.put(pattern_id(group).into(), Crystal::Pattern(text));
    }

    /// Makes the crystal of a group, and gives its record.
    pub(super) fn make_pattern(&mut self, pattern: &Pattern, calendar: i64) -> String {
        let Pattern { group, strength, count, members } = pattern;
        let id = quoted(&pattern_id(*group));
        let text = format!(
            "{{\"id\":{id},\"type\":\"pattern-crystal\",\"timestamp\":{calendar},\
             \"group\":{group},\"strength\":{strength},\"memoryCount\":{count},\
             \"members\":\"{members:032x}\",\"isPersistent\":true}}"
        );
        self.put_pattern(*group, text.as_str().into());
        text
    }

    pub(super) fn len(&self) -> usize {
        self.by_number.len()
    }

    pub(super) fn get(&self, id: &str) -> Option<&Crystal> {
        let (_, crystal) = self.by_number.get(&self.numbers.get(id)?)?;
        Some(crystal)
    }

    /// Those from a number on.
    pub(super) fn from(&self, number: u64) -> impl Iterator<Item = (u64, &Arc<str>, &Crystal)> {
        self.by_number.range(number..).map(|(number, (id, crystal))| (*number, id, crystal))
    }

    pub(super) fn remove(&mut self, id: &str) {
        if let Some(number) = self.numbers.remove(id) {
            self.by_number.remove(&number);
        }
    }

    fn put(&mut self, id: Arc<str>, crystal: Crystal) {
        let number = self.numbers.get(&id).unwrap_or(self.next_number);
        self.numbers.insert(Arc::clone(&id), number);
        self.next_number = self.next_number.max(number + 1);
        self.by_number.insert(number, (id, crystal));
    }
}

fn pattern_id(group: i64) -> String {
    format!("pattern-{group}")
}
