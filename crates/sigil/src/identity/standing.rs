//! Who is the most decayed of many memories, without looking at all of them.
//!
//! Decays grow at different speeds, so their order changes with every sweep, but each is a line over
//! the number of sweeps ([`Line`]), and two lines cross once. A tournament over the lines keeps in
//! each node who wins below it, and until which sweep nothing below it changes. A sweep visits the
//! nodes alone whose time has come, and a change of one memory the nodes on its way to the root, up
//! to the first that it does not change. (In the literature: a kinetic tournament.)

use super::aging::Line;

const NOBODY: u32 = u32::MAX;
const FIRST_LEAVES: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Node {
    winner: u32,
    /// Holds for fewer sweeps than this.
    until: u64,
}

const EMPTY: Node = Node { winner: NOBODY, until: u64::MAX };

/// A place in the tournament.
pub(super) type Place = u32;

/// See the module's documentation.
#[derive(Default)]
pub(super) struct Standing {
    lines: Vec<Option<(Line, u64)>>,
    free: Vec<Place>,
    /// A heap: the children of node i are 2i and 2i + 1; the leaves are the second half.
    nodes: Vec<Node>,
    sweeps: u64,
}

impl Standing {
    /// Adds a memory, known by a number.
    pub(super) fn enter(&mut self, line: Line, who: u64) -> Place {
        let place = self.free.pop().unwrap_or(self.lines.len() as Place);
        if place as usize == self.lines.len() {
            self.lines.push(None);
        }
        self.put(place, Some((line, who)));
        place
    }

    /// The memory at a place ages otherwise now.
    pub(super) fn change(&mut self, place: Place, line: Line) {
        if let Some(Some((_, who))) = self.lines.get(place as usize) {
            self.put(place, Some((line, *who)));
        }
    }

    /// Takes a memory out.
    pub(super) fn leave(&mut self, place: Place) {
        self.put(place, None);
        self.free.push(place);
    }

    /// There have been so many sweeps.
    pub(super) fn advance(&mut self, sweeps: u64) {
        self.sweeps = sweeps;
        self.refresh(1);
    }

    /// The most decayed; of equals the one that was accessed first.
    pub(super) fn first(&self) -> Option<u64> {
        let root = self.nodes.get(1)?;
        self.line(root.winner).map(|(_, who)| who)
    }

    fn line(&self, place: Place) -> Option<(Line, u64)> {
        self.lines.get(place as usize).copied().flatten()
    }

    fn put(&mut self, place: Place, entry: Option<(Line, u64)>) {
        if let Some(slot) = self.lines.get_mut(place as usize) {
            *slot = entry;
        }
        let leaves = self.nodes.len() / 2;
        if place as usize >= leaves {
            self.grow();
            return;
        }
        let mut at = leaves + place as usize;
        let winner = if entry.is_some() { place } else { NOBODY };
        self.set(at, Node { winner, until: u64::MAX });
        while at > 1 {
            at /= 2;
            let node = self.play(at);
            // Who won with the old line has to be compared again further up.
            if self.nodes.get(at) == Some(&node) && node.winner != place {
                return;
            }
            self.set(at, node);
        }
    }

    fn grow(&mut self) {
        let leaves = self.lines.len().next_power_of_two().max(FIRST_LEAVES);
        self.nodes = vec![EMPTY; 2 * leaves];
        for (place, entry) in self.lines.iter().enumerate() {
            if let (Some(node), Some(_)) = (self.nodes.get_mut(leaves + place), entry) {
                node.winner = place as Place;
            }
        }
        for at in (1..leaves).rev() {
            let node = self.play(at);
            self.set(at, node);
        }
    }

    fn set(&mut self, at: usize, node: Node) {
        if let Some(slot) = self.nodes.get_mut(at) {
            *slot = node;
        }
    }

    /// Who wins a node, by what its children say.
    fn play(&self, at: usize) -> Node {
        let (Some(left), Some(right)) = (self.nodes.get(2 * at), self.nodes.get(2 * at + 1)) else {
            return EMPTY;
        };
        let until = left.until.min(right.until);
        match (self.line(left.winner), self.line(right.winner)) {
            (None, None) => Node { winner: NOBODY, until },
            (Some(_), None) => Node { winner: left.winner, until },
            (None, Some(_)) => Node { winner: right.winner, until },
            (Some((one, _)), Some((other, _))) => {
                let (winner, won, lost) = if one.leads(&other, self.sweeps) {
                    (left.winner, one, other)
                } else {
                    (right.winner, other, one)
                };
                Node { winner, until: until.min(won.led_until(&lost, self.sweeps)) }
            }
        }
    }

    fn refresh(&mut self, at: usize) {
        if self.nodes.get(at).is_none_or(|node| node.until > self.sweeps) {
            return;
        }
        self.refresh(2 * at);
        self.refresh(2 * at + 1);
        let node = self.play(at);
        self.set(at, node);
    }
}
