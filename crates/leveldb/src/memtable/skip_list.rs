//! A skip list for one writer and any number of readers, without locks for the readers and without
//! unsafe code.
//!
//! Nodes are numbered in the order of their insertion and never removed. A node's entry is set
//! before any link to it is stored, and links are stored with release and loaded with acquire, so
//! whoever finds a node finds its entry. The bottom link stands next to the entry; the links above
//! it, which one node in four has, stand in an array of their own.
//!
//! Why not a ready-made concurrent list: `docs/decisions/0002-memtable.md`.

use std::cmp::Ordering;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering::Acquire, Ordering::Release};

use super::entry::{Entry, Position};
use super::segmented::Segmented;
use crate::key_digest::common_prefix;

const MAX_HEIGHT: usize = 12;

/// No node.
pub(super) const NONE: u32 = 0;

#[derive(Default)]
struct Node {
    entry: OnceLock<Entry>,
    next: AtomicU32,
    /// Where the links above the bottom one begin.
    tower: AtomicU32,
}

/// See the module's documentation.
pub(super) struct SkipList {
    /// What most keys are expected to begin with; others are only slower.
    pub(super) prefix: Box<[u8]>,
    nodes: Segmented<Node>,
    towers: Segmented<AtomicU32>,
    /// The links of the place before the first node.
    head: [AtomicU32; MAX_HEIGHT],
}

/// What the one writer knows.
pub(super) struct Writer {
    next_node: u32,
    next_tower: u32,
    height: usize,
    random: u32,
}

impl Default for Writer {
    fn default() -> Self {
        Self { next_node: NONE + 1, next_tower: 0, height: 1, random: 0x9e37_79b9 }
    }
}

impl SkipList {
    pub(super) fn new(prefix: Box<[u8]>) -> Self {
        Self {
            prefix,
            nodes: Segmented::new(),
            towers: Segmented::new(),
            head: [const { AtomicU32::new(NONE) }; MAX_HEIGHT],
        }
    }

    /// The entry of a node.
    #[inline]
    pub(super) fn entry(&self, node: u32) -> Option<&Entry> {
        self.nodes.get(node)?.entry.get()
    }

    /// The node after `node`, or the first one after [`NONE`].
    #[inline]
    pub(super) fn next(&self, node: u32) -> u32 {
        self.link(node, 0).map_or(NONE, |link| link.load(Acquire))
    }

    /// The first node that does not sort before the position.
    pub(super) fn seek(&self, user_key: &[u8], tag: u64) -> u32 {
        let position = Position::new(&self.prefix, user_key, tag);
        let mut node = NONE;
        for level in (1..MAX_HEIGHT).rev() {
            node = self.before_on(level, node, &position);
        }
        // IMPORTANT: the node that is compared is the one that is returned. Another look at the link
        // may find a node that was inserted meanwhile, and that one may sort before the position.
        loop {
            let next = self.next(node);
            match self.entry(next) {
                Some(entry) if entry.compare(&position) == Ordering::Less => node = next,
                _ => return next,
            }
        }
    }

    /// The last node that sorts before the position.
    pub(super) fn before(&self, user_key: &[u8], tag: u64) -> u32 {
        let position = Position::new(&self.prefix, user_key, tag);
        let mut node = NONE;
        for level in (0..MAX_HEIGHT).rev() {
            node = self.before_on(level, node, &position);
        }
        node
    }

    /// What the keys that are in it begin with.
    pub(super) fn shared_prefix(&self) -> &[u8] {
        let key_of = |node| self.entry(node).map_or(&[][..], |entry| entry.position().0);
        let (first, last) = (key_of(self.next(NONE)), key_of(self.last()));
        first.get(..common_prefix(first, last)).unwrap_or_default()
    }

    /// The last node.
    pub(super) fn last(&self) -> u32 {
        let mut node = NONE;
        for level in (0..MAX_HEIGHT).rev() {
            while let Some(next) = self.linked(node, level) {
                node = next;
            }
        }
        node
    }

    /// Inserts an entry. Only one thread at a time may do so, which `writer` makes sure of. `false`
    /// where the list has no room for another.
    pub(super) fn insert(&self, writer: &mut Writer, mut entry: Entry) -> bool {
        let position = entry.place(&self.prefix);
        let height = writer.random_height();
        let mut before = [NONE; MAX_HEIGHT];
        let mut node = NONE;
        for level in (0..writer.height.max(height)).rev() {
            node = self.before_on(level, node, &position);
            if let Some(before) = before.get_mut(level) {
                *before = node;
            }
        }
        let number = writer.next_node;
        let Some(inserted) = self.nodes.get_or_grow(number) else { return false };
        for extra in 0..height as u32 - 1 {
            if self.towers.get_or_grow(writer.next_tower + extra).is_none() {
                return false;
            }
        }
        inserted.tower.store(writer.next_tower, Release);
        let _ = inserted.entry.set(entry);
        // From the bottom up, and each link only once the node's own is set: a reader who finds the
        // node on some level finds its way on from there.
        for (level, &before) in before.iter().enumerate().take(height) {
            let (Some(own), Some(link)) = (self.link(number, level), self.link(before, level))
            else {
                return false;
            };
            own.store(link.load(Acquire), Release);
            link.store(number, Release);
        }
        writer.next_node += 1;
        writer.next_tower += height as u32 - 1;
        writer.height = writer.height.max(height);
        true
    }

    fn link(&self, node: u32, level: usize) -> Option<&AtomicU32> {
        if node == NONE {
            return self.head.get(level);
        }
        let node = self.nodes.get(node)?;
        match level {
            0 => Some(&node.next),
            _ => self.towers.get(node.tower.load(Acquire) + level as u32 - 1),
        }
    }

    #[inline]
    fn linked(&self, node: u32, level: usize) -> Option<u32> {
        self.link(node, level).map(|link| link.load(Acquire)).filter(|&next| next != NONE)
    }

    /// The last node on `level`, from `node` on, that sorts before the position.
    #[inline]
    fn before_on(&self, level: usize, mut node: u32, position: &Position<'_>) -> u32 {
        while let Some(next) = self.linked(node, level) {
            match self.entry(next) {
                Some(entry) if entry.compare(position) == Ordering::Less => node = next,
                _ => break,
            }
        }
        node
    }
}

impl Writer {
    /// One more level with a chance of one in four.
    fn random_height(&mut self) -> usize {
        // Xorshift: enough to keep the list balanced, whatever the keys.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        (1 + self.random.trailing_zeros() as usize / 2).min(MAX_HEIGHT)
    }
}

#[cfg(test)]
mod tests;
