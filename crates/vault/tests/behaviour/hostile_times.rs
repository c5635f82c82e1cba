//! Times that somebody chose so that labels become long: closer and closer to one gap, from both
//! sides. Messages stay in their order, nothing is refused, a save costs what it did, and nothing
//! is left of what got another place.

use proptest::prelude::*;
use sigil_leveldb::Range;
use sigil_leveldb::env::{FaultEnv, MemoryEnv};
use sigil_leveldb::{Durability, IoOperation};
use sigil_storage::{Before, Change, Kind, Options, Query, Store};

use crate::common::{
    PASSWORD, ROOT, change_record, database, delete, get, message, of_peer, open, options, recent,
};

const NOW: f64 = 1.8e12;
const YEAR: f64 = 3.15e10;
/// Bytes of labels that are not long; `crates/vault/src/label.rs`.
const SHORT: usize = 64;
/// What one save may move; `crates/vault/src/store/relabel.rs`.
const MOST_MOVED: u64 = 1_024;

/// The time of a step: just above the last one of the lower side, or just below that of the upper.
/// The gap between them stays nearly a year wide.
fn narrowing(step: usize) -> f64 {
    let half = (step / 2) as f64;
    if step.is_multiple_of(2) { NOW + half * 0.01 } else { NOW + YEAR - half }
}

fn hostile(step: usize) -> Change {
    let sender = if step.is_multiple_of(3) { "mallory" } else { "eve" };
    message(&step.to_string(), narrowing(step), sender, "me")
}

/// The first steps, the newest first.
fn expected(steps: usize) -> Vec<String> {
    let above = (0..steps).filter(|step| !step.is_multiple_of(2));
    let below = (0..steps).filter(|step| step.is_multiple_of(2)).rev();
    above.chain(below).map(|step| step.to_string()).collect()
}

/// The places of all messages of a store that is closed.
fn labels(env: &MemoryEnv) -> Vec<Vec<u8>> {
    let db = database(env, "data-1");
    let places: Vec<_> = db
        .range(Range::prefix(b"m"))
        .unwrap()
        .map(|entry| entry.unwrap().0[1..].to_vec())
        .collect();
    db.close().unwrap();
    places
}

fn attacked(env: &MemoryEnv, steps: usize) -> Store {
    let store = open(env);
    for step in 0..steps {
        store.write(hostile(step)).unwrap();
    }
    store
}

/// Saves one after another, until one of them moves others; gives how many there are then.
fn until_messages_move(store: &Store, mut step: usize) -> usize {
    let before = store.metrics().moved;
    while store.metrics().moved == before {
        store.write(hostile(step)).unwrap();
        step += 1;
        assert!(step < 5_000, "nothing moves");
    }
    step
}

#[test]
fn thousands_of_messages_around_one_gap() {
    let steps =
        if std::env::var_os("SIGIL_LONG").is_some_and(|it| it == "1") { 20_000 } else { 3_000 };
    let env = MemoryEnv::new();
    let mut store = open(&env);
    let (mut step, mut group, mut moved) = (0, 1, 0);
    while step < steps {
        // In groups of many sizes, so that what is not written yet moves as well.
        let until = (step + group).min(steps);
        let changes: Vec<_> = (step..until).map(hostile).collect();
        let before = store.metrics().moved;
        store.write_all(&changes).into_iter().for_each(Result::unwrap);
        if group == 1 {
            assert!(store.metrics().moved - before <= MOST_MOVED);
        }
        step = until;
        group = group % 40 + 1;
        if step / 1_000 > (until - changes.len()) / 1_000 {
            moved += store.metrics().moved;
            store.close().unwrap();
            store = open(&env);
        }
    }
    moved += store.metrics().moved;
    assert!(moved > 0 && moved < 4 * steps as u64, "{moved} moves");
    let expected = expected(steps);
    assert!(recent(&store, usize::MAX) == expected);
    let of_mallory =
        expected.iter().filter(|step| step.parse::<usize>().unwrap().is_multiple_of(3));
    assert!(of_peer(&store, "mallory", usize::MAX).iter().eq(of_mallory));
    assert!(of_peer(&store, "me", usize::MAX) == expected);
    for id in expected.iter().step_by(97) {
        assert!(get(&store, Kind::Message, id).unwrap().is_some(), "{id}");
    }
    // Times of others in the same gap, and two of the same.
    for (id, time) in [("one", NOW + YEAR / 2.0), ("two", NOW + YEAR / 2.0), ("last", NOW * 2.0)] {
        store.write(message(id, time, "alice", "me")).unwrap();
    }
    assert_eq!(of_peer(&store, "alice", 9), ["last", "two", "one"]);
    let query = Query { limit: 3, before: Some(Before::Id("last")), peer: None };
    assert_eq!(store.messages(&query).unwrap().values, ["1", "3", "5"]);
    assert_eq!(store.stats().unwrap().messages, steps as u64 + 3);
    let verification = store.verify().unwrap();
    assert!(verification.is_whole(), "{verification:?}");
    store.close().unwrap();
    let longest = labels(&env).iter().map(Vec::len).max().unwrap();
    assert!(longest <= SHORT, "{longest} bytes");
    nothing_is_left_of_what_is_deleted(&env, expected.iter().map(String::as_str));
}

fn nothing_is_left_of_what_is_deleted<'a>(env: &MemoryEnv, ids: impl Iterator<Item = &'a str>) {
    let store = open(env);
    let deletions: Vec<_> = ids.chain(["one", "two", "last"]).map(delete).collect();
    store.write_all(&deletions).into_iter().for_each(Result::unwrap);
    assert_eq!(store.stats().unwrap().messages, 0);
    store.close().unwrap();
    let db = database(env, "data-1");
    for space in [b"m", b"i", b"p"] {
        assert_eq!(db.range(Range::prefix(space)).unwrap().count(), 0, "{space:?}");
    }
    db.close().unwrap();
}

/// Whatever the attacker has saved before, in operations of the disk with nothing kept in memory.
#[test]
fn a_save_in_the_gap_reads_a_bounded_number_of_blocks() {
    let reads = |steps: usize| {
        let memory = MemoryEnv::new();
        attacked(&memory, steps).purge().unwrap();
        let env = FaultEnv::on_memory(memory);
        let options = Options {
            durability: Durability::Process,
            opened_cache_size: 0,
            block_cache_size: 0,
            ..options(&env)
        };
        let store = Store::open(ROOT, PASSWORD, options).unwrap();
        let mut most = 0;
        for number in 0..40 {
            let (reads, moved) = (env.op_count_of(IoOperation::Read, None), store.metrics().moved);
            let time = NOW + YEAR / 2.0 + f64::from(number);
            store.write(message(&format!("honest {number}"), time, "alice", "me")).unwrap();
            most = most.max(env.op_count_of(IoOperation::Read, None) - reads);
            assert!(store.metrics().moved - moved <= MOST_MOVED);
        }
        most
    };
    let counts = [200, 1_000, 3_000].map(reads);
    assert!(counts.iter().all(|count| *count > 0 && *count < 6_000), "{counts:?} reads");
}

/// One that cannot be read stays where it is, and is told of; the others go around it.
#[test]
fn what_cannot_be_read_does_not_move() {
    let env = MemoryEnv::new();
    attacked(&env, 240).close().unwrap();
    let deep: Vec<_> = labels(&env).into_iter().filter(|label| label.len() >= SHORT / 2).collect();
    let place = [b"m", deep[deep.len() / 2].as_slice()].concat();
    change_record(&env, "data-1", &place, |record| *record.last_mut().unwrap() ^= 1);
    let store = open(&env);
    let steps = until_messages_move(&store, 240);
    let page = store.messages(&Query { limit: usize::MAX, ..Query::default() }).unwrap();
    let [lost] = &page.unreadable[..] else { panic!("{:?}", page.unreadable) };
    let found = recent(&store, usize::MAX);
    assert_eq!(found.len(), steps - 1);
    assert!(expected(steps).iter().filter(|id| *id != lost).eq(&found));
    // Saved again it is in its order.
    store.write(hostile(lost.parse().unwrap())).unwrap();
    assert!(recent(&store, usize::MAX) == expected(steps));
    // Whose it was could not be read: its entries there lead nowhere now.
    let verification = store.verify().unwrap();
    assert!(verification.unreadable.is_empty() && verification.loose_ends <= 2, "{verification:?}");
    store.close().unwrap();
    assert!(!labels(&env).contains(&place[1..].to_vec()));
}

/// A page that follows another has what it would have had, but for what moved meanwhile.
#[test]
fn pages_go_on_around_what_moves() {
    let env = MemoryEnv::new();
    let store = open(&env);
    for number in 0..600 {
        let id = format!("early {number}");
        store.write(message(&id, NOW - 1_000.0 + f64::from(number), "x", "me")).unwrap();
        let id = format!("late {number}");
        store.write(message(&id, NOW + 2.0 * YEAR + f64::from(number), "x", "me")).unwrap();
    }
    let cursors: Vec<_> = [5, 60]
        .into_iter()
        .map(|limit| {
            let page = store.messages(&Query { limit, ..Query::default() }).unwrap();
            (limit, page.cursor.unwrap())
        })
        .collect();
    let steps = until_messages_move(&store, 0);
    let middle = store.messages(&Query { limit: 600 + steps / 2, ..Query::default() }).unwrap();
    let steps = until_messages_move(&store, steps);
    let all = recent(&store, usize::MAX);
    for (seen, cursor) in cursors {
        let before = Some(Before::Cursor(&cursor));
        let page = store.messages(&Query { limit: usize::MAX, before, peer: None }).unwrap();
        assert!(page.values.iter().map(|it| &it[..]).eq(all[seen..].iter().map(String::as_bytes)));
    }
    // From within what moves: everything on the other side, once, and nothing of this side.
    let cursor = middle.cursor.unwrap();
    let before = Some(Before::Cursor(&cursor));
    let page = store.messages(&Query { limit: usize::MAX, before, peer: None }).unwrap();
    let text = |value: &bytes::Bytes| String::from_utf8(value.to_vec()).unwrap();
    let rest: Vec<_> = page.values.iter().map(text).collect();
    assert!(rest.ends_with(&all[all.len() - 20..]));
    assert!(!rest.iter().any(|id| id.starts_with("late")));
    assert!(rest.is_sorted_by_key(|id| all.iter().position(|other| other == id)));
    assert_eq!(all.len(), steps + 1_200);
}

/// What moves while the key is replaced has the new one.
#[test]
fn nothing_that_moves_keeps_an_old_key() {
    let env = MemoryEnv::new();
    let store = attacked(&env, 200);
    let steps = std::thread::scope(|scope| {
        let rotating = scope.spawn(|| {
            for _ in 0..20 {
                store.rotate_key().unwrap();
            }
        });
        let mut step = 200;
        while !rotating.is_finished() || store.metrics().moved == 0 {
            store.write(hostile(step)).unwrap();
            step += 1;
        }
        rotating.join().unwrap();
        step
    });
    store.close().unwrap();
    // It knows the last key alone.
    let store = open(&env);
    assert!(recent(&store, usize::MAX) == expected(steps));
    assert!(store.verify().unwrap().is_whole());
}

#[derive(Debug, Clone)]
enum Step {
    /// More messages around the gap, some of them by moving what is there already.
    Narrow {
        count: usize,
        group: usize,
        moving: usize,
    },
    /// One at the time of another, or halfway to the next.
    Beside {
        which: prop::sample::Index,
        is_same: bool,
    },
    Delete {
        which: prop::sample::Index,
        count: usize,
    },
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let which = any::<prop::sample::Index>;
    prop_oneof![
        6 => (50_usize..400, 1_usize..60, 0_usize..5)
            .prop_map(|(count, group, moving)| Step::Narrow { count, group, moving }),
        3 => (which(), any::<bool>()).prop_map(|(which, is_same)| Step::Beside { which, is_same }),
        2 => (which(), 1_usize..60).prop_map(|(which, count)| Step::Delete { which, count }),
        1 => Just(Step::Restart),
    ]
}

/// The messages there should be.
#[derive(Default)]
struct Model {
    /// Time, when it came there, id; sorted.
    rows: Vec<(f64, usize, String)>,
    came: usize,
}

impl Model {
    fn save(&mut self, id: &str, time: f64) -> Change {
        let old = self.rows.iter().position(|row| row.2 == id).map(|at| self.rows.remove(at));
        self.came += 1;
        let came = old.filter(|old| old.0 == time).map_or(self.came, |old| old.1);
        let at = self.rows.partition_point(|row| (row.0, row.1) < (time, came));
        self.rows.insert(at, (time, came, id.to_owned()));
        message(id, time, "mallory", if came.is_multiple_of(2) { "me" } else { "you" })
    }

    /// An id of a message that is near to the gap, if any.
    fn near(&self, time: f64) -> Option<String> {
        let at = self.rows.partition_point(|row| row.0 < time);
        let rows = self.rows.get(at.saturating_sub(30)..(at + 30).min(self.rows.len()))?;
        Some(rows.get(self.came % rows.len().max(1))?.2.clone())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_store_is_sorted_by_time_whoever_chooses_the_times(
        steps in prop::collection::vec(step(), 1..14),
    ) {
        let env = MemoryEnv::new();
        let mut store = open(&env);
        let (mut model, mut narrowed) = (Model::default(), 0);
        for step in steps {
            match step {
                Step::Narrow { count, group, moving } => {
                    let mut changes = Vec::new();
                    for _ in 0..count {
                        let time = narrowing(narrowed);
                        narrowed += 1;
                        let moved = (narrowed % 5 < moving).then(|| model.near(time)).flatten();
                        let id = moved.unwrap_or_else(|| format!("narrow {narrowed}"));
                        changes.push(model.save(&id, time));
                    }
                    for changes in changes.chunks(group) {
                        store.write_all(changes).into_iter().for_each(Result::unwrap);
                    }
                }
                Step::Beside { which, is_same } if !model.rows.is_empty() => {
                    let at = which.index(model.rows.len());
                    let time = model.rows[at].0;
                    let next = model.rows.get(at + 1).map_or(time, |row| row.0);
                    let id = format!("beside {}", model.came);
                    let time = if is_same { time } else { time + (next - time) / 2.0 };
                    store.write(model.save(&id, time)).unwrap();
                }
                Step::Delete { which, count } if !model.rows.is_empty() => {
                    let at = which.index(model.rows.len());
                    let until = (at + count).min(model.rows.len());
                    let changes: Vec<_> = model.rows.drain(at..until).map(|row| delete(&row.2)).collect();
                    store.write_all(&changes).into_iter().for_each(Result::unwrap);
                }
                Step::Restart => {
                    store.close().unwrap();
                    store = open(&env);
                }
                Step::Beside { .. } | Step::Delete { .. } => {}
            }
            let expected: Vec<_> = model.rows.iter().rev().map(|row| row.2.clone()).collect();
            prop_assert_eq!(&recent(&store, usize::MAX), &expected);
            prop_assert_eq!(&of_peer(&store, "mallory", usize::MAX), &expected);
        }
        let verification = store.verify().unwrap();
        prop_assert!(verification.is_whole(), "{:?}", verification);
        store.close().unwrap();
        prop_assert!(labels(&env).iter().all(|label| label.len() <= SHORT));
    }
}
