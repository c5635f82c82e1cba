//! Carrying out a plan: merge the inputs, write what survives to new tables, and put them in force
//! with one edit. Until that edit nothing has happened; a compaction that fails or is interrupted by
//! closing leaves only files that nobody names.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use super::alone;
use super::filter::EntryFilter;
use super::parts::Parts;
use super::plan::{Limits, Plan};
use crate::db::background;
use crate::db::core::Core;
use crate::error::{CorruptionKind, Error, IoOperation, Result};
use crate::file_name;
use crate::format::LEVELS;
use crate::internal_key;
use crate::iterator::{InternalIterator, MergingIterator};
use crate::options::Options;
use crate::table::{ReadMode, TableBuilder, TableOptions, TableSummary};
use crate::version::Version;
use crate::version::edit::{NewFile, VersionEdit};

/// Large tables are made smaller on a full disk: then later parts need less room as well.
const SMALL_TABLE: u64 = 1 << 20;

/// The limits at this moment.
pub(crate) fn limits(core: &Core) -> Limits {
    // Half of the bound, since a deletion may have to sink through several levels.
    let age = (core.options.erase_within / 2).as_secs();
    let is_short_of_room = core.is_short_of_room();
    let target_file_size = core.options.target_file_size;
    Limits {
        level1_bytes: level1_bytes(&core.options),
        target_file_size: if is_short_of_room {
            target_file_size.min(SMALL_TABLE)
        } else {
            target_file_size
        },
        oldest_snapshot: core.oldest_snapshot(),
        erase_before: now().saturating_sub(age),
        is_short_of_room,
    }
}

/// Bytes that level 1 may have.
pub(crate) fn level1_bytes(options: &Options) -> u64 {
    (options.write_buffer_size as u64 * 4).max(10 << 20)
}

/// The time in seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Chooses a plan under the lock of the versions. From then until the plan is executed, flushes keep
/// to level 0, where they cannot come between the inputs.
pub(crate) fn begin(
    core: &Core,
    choose: impl FnOnce(&Arc<Version>, &[Vec<u8>; LEVELS], &Limits) -> Option<Plan>,
) -> Option<Plan> {
    let limits = limits(core);
    let versions = core.versions.lock();
    let plan = choose(versions.current(), versions.compact_pointers(), &limits)?;
    core.compacting.store(true, Ordering::Release);
    Some(plan)
}

/// Carries out a plan from [`begin`].
pub(crate) fn execute(core: &Core, plan: Plan) -> Result<()> {
    let _end = EndOfCompaction { core };
    let limits = limits(core);
    if plan.is_move(&limits) {
        return move_file(core, &plan);
    }
    let started = Instant::now();
    let level = plan.level;
    let bytes = plan.inputs.iter().map(|file| file.size).sum();
    if limits.is_short_of_room {
        carry_out_in_little_room(core, plan, &limits)?;
    } else {
        carry_out(core, plan, &limits)?;
    }
    if level == 0 {
        core.pressure.compacted(bytes, started.elapsed());
        core.update_pressure();
    }
    Ok(())
}

/// In parts; and where that does not fit either, of several files of level 0 the oldest alone. The
/// others hide some of what it has, so all at once leave less; but they take more room until then.
fn carry_out_in_little_room(core: &Core, plan: Plan, limits: &Limits) -> Result<()> {
    // Of the plan nothing else is kept, or what its parts replace would not go.
    let inputs = if plan.level == 0 { plan.inputs.clone() } else { Vec::new() };
    let outcome = carry_out_in_parts(core, Parts::of(plan), limits);
    let number = match &outcome {
        Err(error) if error.is_out_of_space() => alone::candidate(core, &inputs)?,
        _ => None,
    };
    drop(inputs);
    background::empty_trash(core);
    let version = Arc::clone(core.versions.lock().current());
    match number.and_then(|number| Plan::alone(&version, number)) {
        Some(alone) => {
            drop(version);
            carry_out_in_parts(core, Parts::of(alone), limits)
        }
        None => outcome,
    }
}

fn carry_out_in_parts(core: &Core, mut parts: Parts, limits: &Limits) -> Result<()> {
    loop {
        let version = Arc::clone(core.versions.lock().current());
        let Some(part) = parts.next(version) else { break };
        carry_out(core, part, limits)?;
    }
    // The inputs go with them.
    drop(parts);
    background::empty_trash(core);
    Ok(())
}

fn carry_out(core: &Core, plan: Plan, limits: &Limits) -> Result<()> {
    let deletions_since = oldest_deletion(&plan);
    let mut outputs = Outputs { core, deletions_since, finished: Vec::new(), current: None };
    let merged = merge(core, &plan, limits, &mut outputs).and_then(|()| outputs.finish());
    if let Err(error) = merged {
        outputs.discard();
        return Err(error);
    }
    let read: u64 = plan.all_inputs().map(|(_, file)| file.size).sum();
    let written: u64 = outputs.finished.iter().map(|(_, summary)| summary.file_size).sum();
    install(core, &plan, &outputs.finished)?;
    core.info_log.line(format_args!(
        "compacted level {} to {}: {read} bytes to {written}",
        plan.level, plan.output_level
    ));
    // The files that were replaced go at once, unless somebody still reads them: a repair after the
    // loss of the manifest's end could take them for live ones.
    drop(plan);
    background::empty_trash(core);
    Ok(())
}

/// When the oldest deletion of the inputs was made, as far as they say: what a compaction carries
/// down keeps its age.
fn oldest_deletion(plan: &Plan) -> u64 {
    let statistics = plan.all_inputs().filter_map(|(_, file)| file.statistics());
    let with_deletions = statistics.filter(|statistics| statistics.deletions > 0);
    with_deletions.map(|statistics| statistics.oldest_deletion).min().unwrap_or_else(now)
}

struct EndOfCompaction<'a> {
    core: &'a Core,
}

impl Drop for EndOfCompaction<'_> {
    fn drop(&mut self) {
        self.core.compacting.store(false, Ordering::Release);
    }
}

fn move_file(core: &Core, plan: &Plan) -> Result<()> {
    let edit = VersionEdit {
        deleted_files: plan.inputs.iter().map(|file| (plan.level, file.number)).collect(),
        new_files: plan.inputs.iter().map(|file| (plan.output_level, NewFile::of(file))).collect(),
        compact_pointers: pointer(plan),
        ..VersionEdit::default()
    };
    apply(core, edit, &[])
}

fn install(core: &Core, plan: &Plan, outputs: &[(u64, TableSummary)]) -> Result<()> {
    let edit = VersionEdit {
        deleted_files: plan.replaced().map(|(level, file)| (level, file.number)).collect(),
        new_files: outputs
            .iter()
            .map(|(number, summary)| (plan.output_level, NewFile::written(*number, summary)))
            .collect(),
        compact_pointers: pointer(plan),
        ..VersionEdit::default()
    };
    apply(core, edit, outputs)
}

fn apply(core: &Core, mut edit: VersionEdit, outputs: &[(u64, TableSummary)]) -> Result<()> {
    let mut versions = core.versions.lock();
    edit.last_sequence = Some(versions.last_sequence());
    let version = versions.apply(edit)?;
    for (number, summary) in outputs {
        for (_, file) in version.all_files().filter(|(_, file)| file.number == *number) {
            file.set_statistics(Some(summary.statistics));
        }
    }
    core.install(version, None);
    Ok(())
}

/// Where the next compaction of the level goes on.
fn pointer(plan: &Plan) -> Vec<(usize, Vec<u8>)> {
    let largest =
        plan.inputs.iter().map(|file| &file.largest).max_by(|a, b| internal_key::compare(a, b));
    largest.map(|key| (plan.level, key.clone())).into_iter().collect()
}

fn merge(core: &Core, plan: &Plan, limits: &Limits, outputs: &mut Outputs<'_>) -> Result<()> {
    let mut children: Vec<Box<dyn InternalIterator>> = Vec::new();
    for (_, file) in plan.all_inputs() {
        children.push(Box::new(core.tables.table(file, ReadMode::Any)?.iter(false)));
    }
    let mut input = MergingIterator::new(children);
    let mut filter = EntryFilter::new(limits.oldest_snapshot);
    let mut boundary = Boundary::new(plan, limits);
    match &plan.after {
        Some(after) => input.seek(&first_behind(after))?,
        None => input.seek_to_first()?,
    }
    while input.valid() {
        // At every entry: it costs next to nothing, and a thousand entries can be a gigabyte.
        core.check_open()?;
        let key = input.key();
        let Some(entry) = internal_key::parse(key) else {
            return Err(Error::corruption(&core.directory, None, CorruptionKind::BadKey));
        };
        if plan.up_to.as_deref().is_some_and(|up_to| entry.user_key > up_to) {
            break;
        }
        // All entries of one key go to one table, so a new one starts only at a new key.
        let may_split = !filter.continues(&entry);
        if filter.keep(&entry, || plan.version.is_bottom_for(plan.output_level, entry.user_key)) {
            let full = outputs.size() >= limits.target_file_size || boundary.is_crossed(key);
            if may_split && full {
                outputs.finish()?;
                boundary.restart();
            }
            outputs.add(key, input.value())?;
        }
        input.next()?;
    }
    Ok(())
}

/// The first internal key there can be behind all of a user key.
fn first_behind(user_key: &[u8]) -> Vec<u8> {
    let next = [user_key, &[0]].concat();
    internal_key::encode(&next, internal_key::seek_tag(internal_key::MAX_SEQUENCE))
}

/// How much of the level after the output the current table overlaps.
struct Boundary<'a> {
    plan: &'a Plan,
    limit: u64,
    index: usize,
    overlapped: u64,
    started: bool,
}

impl<'a> Boundary<'a> {
    fn new(plan: &'a Plan, limits: &Limits) -> Self {
        Self {
            plan,
            limit: Plan::grandparent_limit(limits),
            index: 0,
            overlapped: 0,
            started: false,
        }
    }

    fn is_crossed(&mut self, key: &[u8]) -> bool {
        while let Some(file) = self.plan.grandparents.get(self.index)
            && internal_key::compare(key, &file.largest).is_gt()
        {
            if self.started {
                self.overlapped += file.size;
            }
            self.index += 1;
        }
        self.started = true;
        self.overlapped > self.limit
    }

    fn restart(&mut self) {
        self.overlapped = 0;
    }
}

/// The tables that a compaction writes.
struct Outputs<'a> {
    core: &'a Core,
    deletions_since: u64,
    finished: Vec<(u64, TableSummary)>,
    current: Option<Output>,
}

struct Output {
    number: u64,
    builder: TableBuilder,
    file: Arc<dyn crate::env::WritableFile>,
    path: std::path::PathBuf,
}

impl Outputs<'_> {
    fn add(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        let output = match &mut self.current {
            Some(output) => output,
            None => self.current.insert(Output::create(self.core, self.deletions_since)?),
        };
        output.builder.add(key, value)
    }

    fn size(&self) -> u64 {
        self.current.as_ref().map_or(0, |output| output.builder.estimated_size())
    }

    /// Ends the current table, if there is one, and makes it and its name durable.
    fn finish(&mut self) -> Result<()> {
        let Some(output) = self.current.take() else { return Ok(()) };
        let Output { number, builder, file, path } = output;
        let finished = builder.finish().and_then(|summary| {
            file.sync().map_err(Error::io(IoOperation::Sync, &path))?;
            let directory = &self.core.directory;
            self.core
                .env
                .sync_dir(directory)
                .map_err(Error::io(IoOperation::SyncDir, directory))?;
            Ok(summary)
        });
        match finished {
            Ok(summary) => {
                self.finished.push((number, summary));
                Ok(())
            }
            Err(error) => {
                let _ = self.core.env.remove(&path);
                Err(error)
            }
        }
    }

    /// Removes what was written. Only for outputs that no edit has named.
    fn discard(&mut self) {
        if let Some(output) = self.current.take() {
            let _ = self.core.env.remove(&output.path);
        }
        for (number, _) in self.finished.drain(..) {
            let _ = self.core.env.remove(&file_name::table(&self.core.directory, number));
        }
    }
}

impl Output {
    fn create(core: &Core, deletions_since: u64) -> Result<Self> {
        let number = core.numbers.take();
        let path = file_name::table(&core.directory, number);
        let file = core.env.create(&path).map_err(Error::io(IoOperation::Create, &path))?;
        let options = TableOptions::from(&core.options);
        let mut builder = TableBuilder::new(Arc::clone(&file), path.clone(), options);
        builder.deletions_since(deletions_since);
        Ok(Self { number, builder, file, path })
    }
}
