//! Who is the most decayed of many memories, without looking at all of them.
//!
//! Decays grow at different speeds, so their order changes with every sweep. Memories are kept in
//! blocks of a bounded size, each of which knows its most decayed one, now and later ([`Block`]); a
//! sweep asks each block. Between two sweeps the order stands still: a tournament over the blocks
//! tells the most decayed of all. Who comes, or is used, goes to the one block that is open. A block
//! that many have left gives the rest to the open one, so blocks stay few and none is ever moved as
//! a whole.

use super::aging::Line;
use super::block::{Block, Entry};

const NOBODY: u32 = u32::MAX;

/// Where a memory is: the block.
pub(super) type Place = u32;

/// See the module's documentation.
#[derive(Default)]
pub(super) struct Standing {
    blocks: Vec<Block>,
    /// Blocks without memories.
    free: Vec<Place>,
    open: Option<Place>,
    /// A heap: the children of node i are 2i and 2i + 1; the leaves, the blocks, are the second half.
    winners: Vec<Place>,
    sweeps: u64,
}

impl Standing {
    /// Adds a memory, known by a number.
    pub(super) fn enter(&mut self, line: Line, who: u64) -> Place {
        let place = self.open_block();
        if let Some(block) = self.blocks.get_mut(place as usize) {
            block.enter(Entry { line, who }, self.sweeps);
        }
        self.play_up(place);
        place
    }

    /// Takes a memory out that came with a line. Others may have another place then: those are given.
    pub(super) fn leave(&mut self, place: Place, line: &Line, who: u64) -> Vec<(u64, Place)> {
        let sweeps = self.sweeps;
        let Some(block) = self.blocks.get_mut(place as usize) else { return Vec::new() };
        block.leave(line, who, sweeps);
        let is_left = block.is_sparse() && self.open != Some(place);
        let moved = if is_left { block.take(sweeps, |_| true) } else { Vec::new() };
        self.play_up(place);
        if is_left {
            self.free.push(place);
        }
        moved.into_iter().map(|entry| (entry.who, self.enter(entry.line, entry.who))).collect()
    }

    /// There have been so many sweeps.
    pub(super) fn advance(&mut self, sweeps: u64) {
        self.sweeps = sweeps;
        for block in &mut self.blocks {
            block.advance(sweeps);
        }
        self.play_all();
    }

    /// The most decayed; of equals the one that was accessed first.
    pub(super) fn first(&self) -> Option<u64> {
        self.head(*self.winners.get(1)?).map(|entry| entry.who)
    }

    /// Takes out those whose line is above a value, if they are due.
    pub(super) fn take_above(&mut self, value: i128, is_due: impl Fn(u64) -> bool) -> Vec<u64> {
        let sweeps = self.sweeps;
        let mut taken = Vec::new();
        for (place, block) in self.blocks.iter_mut().enumerate() {
            if block.head().is_none_or(|head| head.line.at(sweeps) <= value) {
                continue;
            }
            let due =
                block.take(sweeps, |entry| entry.line.at(sweeps) > value && is_due(entry.who));
            taken.extend(due.iter().map(|entry| entry.who));
            if block.is_empty() && self.open != Some(place as Place) {
                self.free.push(place as Place);
            }
        }
        if !taken.is_empty() {
            self.play_all();
        }
        taken
    }

    fn head(&self, place: Place) -> Option<&Entry> {
        self.blocks.get(place as usize)?.head()
    }

    /// A block that has room.
    fn open_block(&mut self) -> Place {
        let open = self
            .open
            .filter(|place| self.blocks.get(*place as usize).is_some_and(|block| !block.is_full()));
        let place = open.or_else(|| self.free.pop()).unwrap_or_else(|| {
            self.blocks.push(Block::default());
            (self.blocks.len() - 1) as Place
        });
        self.open = Some(place);
        place
    }

    /// A block's head may be another.
    fn play_up(&mut self, place: Place) {
        let leaves = self.winners.len() / 2;
        if place as usize >= leaves {
            self.play_all();
            return;
        }
        let mut at = (leaves + place as usize) / 2;
        while at >= 1 {
            self.play(at);
            at /= 2;
        }
    }

    fn play_all(&mut self) {
        let leaves = self.blocks.len().next_power_of_two().max(2);
        if self.winners.len() != 2 * leaves {
            self.winners = vec![NOBODY; 2 * leaves];
            for (place, leaf) in self.winners.iter_mut().skip(leaves).enumerate() {
                *leaf = place as Place;
            }
        }
        for at in (1..leaves).rev() {
            self.play(at);
        }
    }

    /// Who wins a node, by what its children say.
    fn play(&mut self, at: usize) {
        let winner_of = |node: usize| self.winners.get(node).copied().unwrap_or(NOBODY);
        let (left, right) = (winner_of(2 * at), winner_of(2 * at + 1));
        let winner = match (self.head(left), self.head(right)) {
            (Some(one), Some(other)) if one.leads(other, self.sweeps) => left,
            (_, Some(_)) => right,
            (_, None) => left,
        };
        if let Some(slot) = self.winners.get_mut(at) {
            *slot = winner;
        }
    }
}
