//! Room where there is none: messages around a place get other labels.
//!
//! A label grows by a word for some thirty messages that are put between the same two. Where one
//! would become long, the messages around the place whose labels are longer than those further out
//! get new ones, which are as short as the room between those further out allows. They move in the
//! batch of the message that needs the place, with what leads to them. Only what shortens the label
//! enough for the messages that move is done, so that messages move a few times at the most for each
//! that is saved; and only so many move, and of so many bytes, that one save is soon done.
//!
//! The first and the last message never move, so there always is a label on either side. One that
//! cannot be read stays where it is: how it stands to the others is not known anyway.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::message_order::Direction;
use super::opened::decode_message_id;
use super::plan::Plan;
use super::stage::Staged;
use crate::error::Result;
use crate::label::{LONGEST, Label, SHORT, WORD};
use crate::layout::{self, Kind, space};
use crate::record::{MessageId, StoredMessage};
use crate::room::Room;

/// Messages on either side that are looked at, and so the most that move there.
const MOST: usize = 512;
/// Bytes of those that move on either side.
const MOST_BYTES: usize = 4 << 20;
/// For each bit that the gap becomes wider so many messages may move. Each that comes takes two.
const WORTH: usize = 2;
/// Bits. What is less is not worth looking at what moves.
const LEAST_SAVED: usize = 128;

/// The messages around a place, those next to it first.
struct Around {
    below: Vec<Label>,
    above: Vec<Label>,
}

/// How many of them move.
struct Window {
    below: usize,
    above: usize,
    room: Room,
}

enum Outcome {
    Moved,
    /// It cannot be read, and stays.
    Stays,
    /// What leads to it cannot be taken along.
    IsStuck,
}

impl Plan<'_> {
    /// A label between two neighbours. `leaving` is where the message was before: it is removed
    /// already, and may still be found.
    pub(super) fn label_between(
        &self,
        (low, high): (&Label, &Label),
        leaving: Option<&Label>,
        staged: &mut Staged,
    ) -> Result<Label> {
        let label = Label::between(Some(low), Some(high));
        let size = label.bytes().len();
        // Where it is not longer than those beside it, it was looked for room when they came.
        if size <= SHORT || size <= low.bytes().len().max(high.bytes().len()) {
            return Ok(label);
        }
        let around = match self.around((low, high), leaving) {
            Err(error) if error.is_damage() => return Ok(label),
            around => around?,
        };
        if let Some(window) = around.best(size / WORD)
            && self.relabel(&around, &window, staged)?
        {
            return Ok(window.room.middle());
        }
        if size <= LONGEST {
            return Ok(label);
        }
        // Out of order is better than not at all.
        Ok(around.nearest_with_room().unwrap_or(label))
    }

    fn around(&self, (low, high): (&Label, &Label), leaving: Option<&Label>) -> Result<Around> {
        let mut order = self.order()?;
        let mut walk = |from, direction| -> Result<Vec<Label>> {
            let mut labels = order.walk(from, direction, MOST + 1, MOST_BYTES)?;
            labels.retain(|label| Some(label) != leaving);
            Ok(labels)
        };
        let below = walk(low, Direction::Down)?;
        Ok(Around { below, above: walk(high, Direction::Up)? })
    }

    /// Moves the messages of a window; false, and nothing is done, where that cannot be.
    fn relabel(&self, around: &Around, window: &Window, staged: &mut Staged) -> Result<bool> {
        let Window { below, above, room } = window;
        let below = around.below.iter().take(*below).enumerate();
        let below = below.map(|(index, label)| (label, room.below(index)));
        let above = around.above.iter().take(*above).enumerate();
        let above = above.map(|(index, label)| (label, room.above(index)));
        let (mut moves, mut staying, mut taken) =
            (Moves::default(), BTreeSet::new(), BTreeSet::new());
        taken.insert(room.middle());
        for (from, to) in below.chain(above) {
            match self.stage_move(from, &to, &mut moves)? {
                Outcome::Moved => drop(taken.insert(to)),
                Outcome::Stays => drop(staying.insert(from)),
                Outcome::IsStuck => return Ok(false),
            }
        }
        if staying.into_iter().any(|label| taken.contains(label)) {
            return Ok(false);
        }
        // Where one was another may come: everything leaves first.
        moves.left.into_iter().for_each(|place| staged.remove(place));
        moves.come.into_iter().for_each(|(place, value)| staged.put(place, value));
        staged.moved += taken.len() as u64 - 1;
        Ok(true)
    }

    fn stage_move(&self, from: &Label, to: &Label, moves: &mut Moves) -> Result<Outcome> {
        let plain = match self.get(Kind::Message, &layout::message(from)) {
            Err(error) if error.is_damage() => return Ok(Outcome::Stays),
            plain => plain?,
        };
        let Some(plain) = plain else { return Ok(Outcome::IsStuck) };
        let Some(head) = StoredMessage::head(&plain) else { return Ok(Outcome::Stays) };
        let Some(id) = self.entry_for_move(&head, from)? else { return Ok(Outcome::IsStuck) };
        moves.left.push(layout::message(from));
        for peer in head.peers() {
            moves.left.push(layout::by_peer(&peer, from));
            moves.come.push((layout::by_peer(&peer, to), Vec::new()));
        }
        let entry = MessageId { label: to.clone(), id: id.id };
        for (place, plain) in [
            (layout::message(to), plain),
            (layout::named(space::MESSAGE_IDS, &head.id), Bytes::from(entry.encode())),
        ] {
            let sealed = self.seal(&place, &plain)?;
            moves.come.push((place, sealed));
        }
        Ok(Outcome::Moved)
    }

    /// The entry of a message's id, if it can be read and leads there.
    fn entry_for_move(&self, head: &StoredMessage<usize>, at: &Label) -> Result<Option<MessageId>> {
        let plain = self.get(Kind::Message, &layout::named(space::MESSAGE_IDS, &head.id));
        match plain.and_then(|plain| plain.map(|plain| decode_message_id(&plain)).transpose()) {
            Err(error) if error.is_damage() => Ok(None),
            entry => Ok(entry?.filter(|entry| entry.label == *at)),
        }
    }
}

#[derive(Default)]
struct Moves {
    left: Vec<Vec<u8>>,
    come: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Around {
    /// The window that is worth the most, of those with as many messages on either side.
    fn best(&self, words: usize) -> Option<Window> {
        let most = self.below.len().max(self.above.len());
        let windows = (1..most).filter_map(|count| {
            // The last of a side does not move.
            let below = count.min(self.below.len().checked_sub(1)?);
            let above = count.min(self.above.len().checked_sub(1)?);
            let ends = (self.below.get(below)?, self.above.get(above)?);
            let room = Room::new(ends, self.below.first()?, (below, above));
            let saved = (words * WORD * 8).saturating_sub(room.bits());
            let worth = (saved * WORTH).checked_sub(below + above)?;
            (saved >= LEAST_SAVED).then_some((worth, Window { below, above, room }))
        });
        windows.max_by_key(|(worth, _)| *worth).map(|(_, window)| window)
    }

    /// A label between two messages that are as near as can be.
    fn nearest_with_room(&self) -> Option<Label> {
        let below = self.below.windows(2).filter_map(|pair| Some((pair.get(1)?, pair.first()?)));
        let above = self.above.windows(2).filter_map(|pair| Some((pair.first()?, pair.get(1)?)));
        let between = |pairs: &mut dyn Iterator<Item = (&Label, &Label)>| {
            let labels = pairs.map(|(low, high)| Label::between(Some(low), Some(high)));
            let mut near = labels.enumerate().filter(|(_, label)| label.bytes().len() <= LONGEST);
            near.next()
        };
        let found = [between(&mut below.into_iter()), between(&mut above.into_iter())];
        found.into_iter().flatten().min_by_key(|(index, _)| *index).map(|(_, label)| label)
    }
}
