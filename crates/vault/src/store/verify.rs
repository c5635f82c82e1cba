//! Reading everything there is, and reporting what cannot be read or contradicts itself.

use std::collections::BTreeSet;

use bytes::Bytes;
use sigil_leveldb::Snapshot;

use super::count;
use super::each::each;
use super::lead::{self, Leads};
use super::opened::{Opened, decode_message, decode_message_id};
use super::{Inner, Store};
use crate::error::{Error, Result};
use crate::label::Label;
use crate::layout::{self, Kind, space};
use crate::names::Name;
use crate::record::{Item, StoredMessage};

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verification {
    /// Records that were read.
    pub records: u64,
    /// What cannot be read: its kind, and its id where that can be told.
    pub unreadable: Vec<(Kind, Option<String>)>,
    /// Index entries that lead nowhere, or that are missing. Those that were missing are there now.
    pub loose_ends: u64,
    /// Whether the counters were what was counted. If not they are right now.
    pub counters_are_right: bool,
    /// Damage in the files of the database.
    pub damaged_files: u64,
}

impl Verification {
    /// Whether nothing is wrong.
    pub fn is_whole(&self) -> bool {
        self.unreadable.is_empty()
            && self.loose_ends == 0
            && self.counters_are_right
            && self.damaged_files == 0
    }
}

impl Store {
    /// Reads everything, as of one moment. Writes what can be put right from what was read: the
    /// counters, and missing entries that should lead to a message.
    pub fn verify(&self) -> Result<Verification> {
        self.inner.verify()
    }
}

impl Inner {
    fn verify(&self) -> Result<Verification> {
        let opened = self.opened()?;
        let (moment, counters) = {
            let writer = self.writer.lock();
            writer.check()?;
            (opened.db.snapshot()?, writer.counters)
        };
        let mut report = Verification::default();
        let mut astray = Vec::new();
        let mut check =
            Check { opened: &opened, moment: &moment, report: &mut report, astray: &mut astray };
        check.messages()?;
        for kind in Kind::ITEMS {
            check.items(kind)?;
        }
        self.lead_to(&opened, &astray)?;
        let mut counted = counters;
        count::all(&opened, &moment, &mut counted)?;
        report.counters_are_right = counted == counters;
        if !report.counters_are_right {
            let mut writer = self.writer.lock();
            writer.check()?;
            self.recount(&*self.opened()?, &mut writer)?;
        }
        report.damaged_files = opened.db.verify()?.damages.len() as u64;
        Ok(report)
    }
}

struct Check<'a> {
    opened: &'a Opened,
    moment: &'a Snapshot,
    report: &'a mut Verification,
    /// Messages that something does not lead to that should.
    astray: &'a mut Vec<Label>,
}

impl Check<'_> {
    /// Calls with what stands under a prefix; gives damage that hides what else may stand there.
    fn each(
        &self,
        prefix: u8,
        body: impl FnMut(&[u8], Result<Bytes>) -> Result<()>,
    ) -> Result<Option<Error>> {
        each(self.opened, self.moment, &[prefix], body)
    }

    fn open(&self, kind: Kind, place: &[u8], sealed: Result<Bytes>) -> Result<Bytes> {
        self.opened.open(kind, place, &sealed?)
    }

    fn messages(&mut self) -> Result<()> {
        let (mut count, mut unreadable, mut loose) = (0, BTreeSet::new(), 0);
        let (mut misplaced, mut astray) = (0, Vec::new());
        let damage = self.each(space::MESSAGES, |place, sealed| {
            count += 1;
            let Some(label) = layout::label_of_message(place) else {
                misplaced += 1;
                return Ok(());
            };
            let plain = self.open(Kind::Message, place, sealed);
            match plain.and_then(|plain| decode_message(&plain)) {
                Ok(message) => {
                    let missing = self.missing(&label, &message)?;
                    loose += missing;
                    if missing > 0 {
                        astray.push(label);
                    }
                }
                Err(_) => {
                    unreadable.insert(label);
                }
            }
            Ok(())
        })?;
        self.report.records += count;
        self.report.loose_ends += loose;
        *self.astray = astray;
        self.message_ids(&mut unreadable)?;
        self.peer_entries()?;
        let nameless = (0..unreadable.len() + misplaced).map(|_| (Kind::Message, None));
        self.report.unreadable.extend(nameless);
        if damage.is_some() && self.report.unreadable.is_empty() {
            self.report.unreadable.push((Kind::Message, None));
        }
        Ok(())
    }

    /// How much is missing of what should lead to a message.
    fn missing(&self, label: &Label, message: &StoredMessage<Bytes>) -> Result<u64> {
        let get = |place: &[u8]| self.opened.get(Kind::Message, place, Some(self.moment));
        let message_at = |label: &Label| self.opened.message(label, Some(self.moment));
        let leads = lead::leads(label, message, get, message_at)?;
        let mut missing = u64::from(matches!(leads, Leads::Astray(_) | Leads::Elsewhere));
        for peer in message.peers() {
            missing += u64::from(!self.has(&layout::by_peer(&peer, label), true)?);
        }
        Ok(missing)
    }

    /// Tells the ids of what cannot be read, and of what is missing.
    fn message_ids(&mut self, unreadable: &mut BTreeSet<Label>) -> Result<()> {
        let (mut found, mut records, mut nameless) = (Vec::new(), 0, 0);
        self.each(space::MESSAGE_IDS, |place, sealed| {
            records += 1;
            let plain = self.open(Kind::Message, place, sealed);
            let Ok(entry) = plain.and_then(|plain| decode_message_id(&plain)) else {
                nameless += 1;
                return Ok(());
            };
            let is_there = match self.opened.message(&entry.label, Some(self.moment)) {
                Ok(message) => message.is_some_and(|m| layout::name_in(place) == Some(m.id)),
                Err(_) => false,
            };
            if !is_there {
                unreadable.remove(&entry.label);
                found.push((Kind::Message, entry.id));
            }
            Ok(())
        })?;
        self.report.records += records;
        self.report.unreadable.extend(found);
        self.report.unreadable.extend((0..nameless).map(|_| (Kind::Message, None)));
        Ok(())
    }

    fn peer_entries(&mut self) -> Result<()> {
        let mut loose = 0;
        self.each(space::BY_PEER, |place, _| {
            let label = layout::label_of_peer_entry(place);
            let is_there =
                label.map(|label| self.has(&layout::message(&label), true)).transpose()?;
            loose += u64::from(is_there != Some(true));
            Ok(())
        })?;
        self.report.loose_ends += loose;
        Ok(())
    }

    fn items(&mut self, kind: Kind) -> Result<()> {
        let (mut count, mut misplaced, mut unreadable) = (0, 0, BTreeSet::new());
        self.each(kind.values(), |place, sealed| {
            count += 1;
            misplaced += usize::from(layout::name_in(place).is_none());
            let plain = self.open(kind, place, sealed);
            let item = plain.ok().and_then(|plain| Item::decode(&plain));
            if item.is_none() {
                unreadable.extend(layout::name_in(place));
            }
            Ok(())
        })?;
        self.report.records += count;
        self.report.unreadable.extend((0..misplaced).map(|_| (kind, None)));
        self.item_ids(kind, unreadable)
    }

    fn item_ids(&mut self, kind: Kind, mut unreadable: BTreeSet<Name>) -> Result<()> {
        let (mut found, mut records) = (Vec::new(), 0);
        self.each(kind.ids(), |place, sealed| {
            records += 1;
            let Some(name) = layout::name_in(place) else {
                found.push((kind, None));
                return Ok(());
            };
            let plain = self.open(kind, place, sealed);
            let id = plain.ok().and_then(|plain| String::from_utf8(plain.into()).ok());
            let value = layout::named(kind.values(), &name);
            if unreadable.remove(&name) || id.is_none() || !self.has(&value, false)? {
                found.push((kind, id));
            }
            Ok(())
        })?;
        self.report.records += records;
        self.report.unreadable.extend(found);
        self.report.unreadable.extend(unreadable.into_iter().map(|_| (kind, None)));
        Ok(())
    }

    /// Whether something is there, readable or not; what is said of it where nobody can tell.
    fn has(&self, place: &[u8], in_doubt: bool) -> Result<bool> {
        match self.opened.db.get_at(self.moment, place).map_err(Error::from) {
            Ok(found) => Ok(found.is_some()),
            Err(error) if error.is_damage() => Ok(in_doubt),
            Err(error) => Err(error),
        }
    }
}
