//! Edits that fail: what they added goes, what they only named stays. And a manifest does not grow for
//! ever.

use super::*;
use crate::env::{FaultEnv, FaultPlan, MemoryEnv, errno};
use crate::file_name::FileKind;

struct World {
    fault: FaultEnv,
    trash: Arc<Trash>,
    set: VersionSet,
}

/// A set with table 7 in level 1.
fn world() -> World {
    let fault = FaultEnv::on_memory(MemoryEnv::new());
    fault.create_dir_all(Path::new("/db")).unwrap();
    let (numbers, trash) = (Arc::new(FileNumbers::new(10)), Arc::new(Trash::default()));
    let env = Arc::new(fault.clone());
    let state = VersionSetState::default();
    let mut set = VersionSet::new(env, "/db".into(), numbers, Arc::clone(&trash), state);
    set.apply(adding(1, 7)).unwrap();
    World { fault, trash, set }
}

fn file(number: u64) -> NewFile {
    let key = |user: u64| crate::internal_key::encode(&user.to_be_bytes(), 1);
    NewFile { number, size: 1, smallest: key(number), largest: key(number) }
}

fn adding(level: usize, number: u64) -> VersionEdit {
    VersionEdit { new_files: vec![(level, file(number))], ..VersionEdit::default() }
}

fn moving(from: usize, to: usize, number: u64) -> VersionEdit {
    VersionEdit { deleted_files: vec![(from, number)], ..adding(to, number) }
}

fn fail_once(fault: &FaultEnv, operation: IoOperation) {
    let plan = FaultPlan::fail_nth(0, errno::EIO);
    fault.set_plan(plan.on(operation).of(FileKind::Manifest(0)));
}

#[test]
fn a_table_whose_move_failed_is_not_thrown_away() {
    for operation in [IoOperation::Write, IoOperation::Sync] {
        let World { fault, trash, mut set } = world();
        fail_once(&fault, operation);
        assert!(set.apply(moving(1, 2, 7)).is_err());
        set.apply(adding(1, 8)).unwrap();
        assert!(trash.take().is_empty());
        set.apply(moving(1, 2, 7)).unwrap();
        assert_eq!(set.current().files(2).len(), 1);
        assert!(trash.take().is_empty());
    }
}

#[test]
fn a_table_that_a_failed_edit_added_is_removed_once_no_crash_can_bring_the_edit_back() {
    let World { fault, trash, mut set } = world();
    fail_once(&fault, IoOperation::Sync);
    assert!(set.apply(adding(1, 8)).is_err());
    assert!(trash.take().is_empty(), "a crash may bring the edit back");
    // The manifest that would settle it cannot be made; its own edit was written nowhere.
    fail_once(&fault, IoOperation::Create);
    assert!(set.apply(adding(1, 9)).is_err());
    assert_eq!(trash.take(), [9]);
    set.apply(adding(1, 10)).unwrap();
    assert_eq!(trash.take(), [8]);
}

#[test]
fn a_manifest_that_has_grown_is_begun_anew_with_the_same_state() {
    let World { fault, trash, mut set } = world();
    let manifests = || {
        let names = fault.list(Path::new("/db")).unwrap();
        names.into_iter().filter(|name| matches!(FileKind::of(name), FileKind::Manifest(_)))
    };
    let first: Vec<_> = manifests().collect();
    for _ in 0..=MANIFEST_SIZE_LIMIT >> 20 {
        assert_eq!(manifests().collect::<Vec<_>>(), first);
        let compact_pointers = vec![(1, crate::internal_key::encode(&vec![7; 1 << 20], 1))];
        set.apply(VersionEdit { compact_pointers, ..VersionEdit::default() }).unwrap();
    }
    set.apply(adding(1, 8)).unwrap();
    let second: Vec<_> = manifests().collect();
    assert_eq!(second.len(), 1, "the old one is removed");
    assert_ne!(second, first);
    let path = Path::new("/db").join(&second[0]);
    let read = crate::version::manifest::read(&fault, &path, 1, trash).unwrap();
    let numbers: Vec<_> = read.version.files(1).iter().map(|file| file.number).collect();
    assert_eq!(numbers, [7, 8]);
    assert_eq!(read.compact_pointers[1].len(), (1 << 20) + 8);
}
