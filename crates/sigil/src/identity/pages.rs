//! Listings, a page at a time: a page says where the next one starts, so what is added or removed
//! between two pages neither repeats nor hides anything else.

use super::Identity;
use super::crystals::Crystal;
use super::memory::quoted;

/// A part of a listing.
pub struct Page {
    /// JSON text of a list of `[id, record]`, or of ids.
    pub items: String,
    /// Where the next page starts; none after the last.
    pub next: Option<u64>,
}

impl Page {
    fn of(rows: impl Iterator<Item = (u64, String)>, limit: usize) -> Self {
        let (mut items, mut next) = (Vec::new(), None);
        for (number, item) in rows {
            if items.len() == limit {
                next = Some(number);
                break;
            }
            items.push(item);
        }
        Self { items: format!("[{}]", items.join(",")), next }
    }
}

impl Identity {
    /// Memories from a number on.
    pub fn memories_page(&self, from: u64, limit: usize) -> Page {
        let rows = self.present(from).map(|(number, memory)| {
            let text = memory.text(self.decay_of(memory), None);
            (number, format!("[{},{text}]", quoted(&memory.id)))
        });
        Page::of(rows, limit)
    }

    /// The ids of memories from a number on.
    pub fn ids_page(&self, from: u64, limit: usize) -> Page {
        let rows = self.present(from).map(|(number, memory)| (number, quoted(&memory.id)));
        Page::of(rows, limit)
    }

    /// The ids of memories from a number on whose decay is not what the store has.
    pub fn unsaved_page(&self, from: u64, limit: usize) -> Page {
        let rows = self
            .present(from)
            .filter(|(_, memory)| self.decay_of(memory) != memory.stored)
            .map(|(number, memory)| (number, quoted(&memory.id)));
        Page::of(rows, limit)
    }

    /// How many crystals there are.
    pub fn crystal_count(&self) -> usize {
        self.crystals.len()
    }

    /// A crystal's record as JSON text.
    pub fn crystal(&self, id: &str) -> Option<String> {
        self.crystals.get(id).and_then(|crystal| self.crystal_text(crystal))
    }

    /// Crystals from a number on.
    pub fn crystals_page(&self, from: u64, limit: usize) -> Page {
        let rows = self.crystals.from(from).filter_map(|(number, id, crystal)| {
            let text = self.crystal_text(crystal)?;
            Some((number, format!("[{},{text}]", quoted(id))))
        });
        Page::of(rows, limit)
    }

    fn crystal_text(&self, crystal: &Crystal) -> Option<String> {
        match crystal {
            Crystal::Memory(number) => {
                let memory = self.memories.get(number)?;
                Some(memory.crystal_text(self.decay_of(memory)))
            }
            Crystal::Pattern(text) => Some(text.to_string()),
        }
    }
}
