//! Which operations fail, with what, and what they leave on the disk.

use super::*;
use crate::env::CrashMode;

fn fixture() -> (MemoryEnv, FaultEnv) {
    let memory = MemoryEnv::new();
    let env = FaultEnv::on_memory(memory.clone());
    env.create_dir_all(Path::new("/db")).unwrap();
    env.sync_dir(Path::new("/")).unwrap();
    (memory, env)
}

fn path(name: &str) -> PathBuf {
    Path::new("/db").join(name)
}

#[test]
fn operations_are_counted_by_sort_and_kind() {
    let (_, env) = fixture();
    let log = env.create(&path("000001.log")).unwrap();
    log.append(b"abc").unwrap();
    log.sync().unwrap();
    let table = env.create(&path("000002.ldb")).unwrap();
    table.append(b"abc").unwrap();
    let reader = env.open(&path("000002.ldb")).unwrap();
    reader.read_at(0, &mut [0; 3]).unwrap();
    reader.read_at_if_cached(0, &mut [0; 3]).unwrap();
    assert_eq!(env.op_count(), 10);
    assert_eq!(env.op_count_of(IoOperation::Write, None), 2);
    assert_eq!(env.op_count_of(IoOperation::Write, Some(FileKind::Log(99))), 1);
    assert_eq!(env.op_count_of(IoOperation::Read, Some(FileKind::Table(0))), 2);
    assert_eq!(env.mutation_count(), 5);
    let before = env.mutation_count();
    env.list(Path::new("/db")).unwrap();
    env.lock(&path("LOCK")).unwrap();
    assert_eq!(env.mutation_count(), before);
    assert_eq!((env.open_files().logs, env.open_files().tables), (1, 2));
}

#[test]
fn the_nth_operation_fails_once_or_from_then_on() {
    let (_, env) = fixture();
    env.set_plan(FaultPlan::fail_nth(1, errno::EMFILE));
    env.create(&path("a")).unwrap();
    let error = env.open(&path("a")).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(errno::EMFILE));
    env.open(&path("a")).unwrap();
    env.set_plan(FaultPlan::fail_from(1, errno::EROFS));
    env.create(&path("a")).unwrap();
    for _ in 0..3 {
        let error = env.remove(&path("a")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ReadOnlyFilesystem);
    }
    env.clear_plan();
    env.remove(&path("a")).unwrap();
}

#[test]
fn a_plan_can_be_for_one_sort_of_operation_on_one_kind_of_file() {
    let (_, env) = fixture();
    env.set_plan(
        FaultPlan::fail_nth(1, errno::EIO).on(IoOperation::Write).of(FileKind::Manifest(0)),
    );
    let log = env.create(&path("000001.log")).unwrap();
    let manifest = env.create(&path("MANIFEST-000002")).unwrap();
    manifest.append(b"1").unwrap();
    log.append(b"1").unwrap();
    manifest.sync().unwrap();
    assert!(manifest.append(b"2").is_err());
    manifest.append(b"3").unwrap();
}

#[test]
fn a_failing_append_writes_as_much_as_planned() {
    let (memory, env) = fixture();
    let file = env.create(&path("f")).unwrap();
    env.set_plan(FaultPlan::fail_from(0, errno::EIO).writing(2));
    assert!(file.append(b"abcd").is_err());
    assert!(file.append(b"efgh").is_err());
    assert_eq!(memory.read_file(&path("f")).unwrap(), b"ab");
    env.set_plan(FaultPlan::fail_nth(0, errno::EIO).writing(100));
    assert!(file.append(b"cd").is_err(), "an append may fail with all of it written");
    assert_eq!(memory.read_file(&path("f")).unwrap(), b"abcd");
}

#[test]
fn a_failed_sync_is_not_made_good_by_the_next() {
    let (memory, env) = fixture();
    let file = env.create(&path("f")).unwrap();
    env.sync_dir(Path::new("/db")).unwrap();
    file.append(b"lost").unwrap();
    env.set_plan(FaultPlan::fail_nth(0, errno::EIO));
    assert!(file.sync().is_err());
    file.append(b"kept").unwrap();
    file.sync().unwrap();
    let crashed = memory.crash(CrashMode::Drop);
    assert_eq!(crashed.read_file(&path("f")).unwrap(), b"\0\0\0\0kept");
}

#[test]
fn a_halt_freezes_the_disk() {
    let (memory, env) = fixture();
    let file = env.create(&path("f")).unwrap();
    env.sync_dir(Path::new("/db")).unwrap();
    env.set_plan(FaultPlan::halt_at(2).writing(1));
    file.append(b"1").unwrap();
    file.sync().unwrap();
    assert!(file.append(b"23").is_err());
    assert!(file.sync().is_err());
    assert!(env.remove(&path("f")).is_err());
    assert!(env.open(&path("f")).is_err());
    assert!(matches!(env.lock(&path("LOCK")), Err(LockError::Io(_))));
    assert_eq!(memory.crash(CrashMode::Keep).read_file(&path("f")).unwrap(), b"12");
    assert_eq!(memory.crash(CrashMode::Drop).read_file(&path("f")).unwrap(), b"1");
}

#[test]
fn a_full_disk_takes_what_fits_and_gets_space_back() {
    let (memory, env) = fixture();
    let file = env.create(&path("f")).unwrap();
    env.set_free_space(Some(10));
    file.append(&[1; 8]).unwrap();
    let error = file.append(&[2; 8]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    assert_eq!(memory.read_file(&path("f")).unwrap().len(), 10);
    assert!(file.append(&[3]).is_err());
    file.truncate(6).unwrap();
    file.append(&[4; 4]).unwrap();
    assert!(file.append(&[5]).is_err());
    let other = env.create(&path("g")).unwrap();
    env.remove(&path("f")).unwrap();
    other.append(&[6; 10]).unwrap();
    assert!(other.append(&[7]).is_err());
    env.create(&path("h")).unwrap();
    env.rename(&path("h"), &path("g")).unwrap();
    env.create(&path("i")).unwrap().append(&[8; 10]).unwrap();
    env.set_free_space(None);
    env.create(&path("j")).unwrap().append(&[9; 100]).unwrap();
}

#[test]
fn a_cold_disk_answers_nothing_from_memory() {
    let (memory, env) = fixture();
    memory.write_file(&path("f"), "abc").unwrap();
    let file = env.open(&path("f")).unwrap();
    assert_eq!(file.read_at_if_cached(0, &mut [0; 3]).unwrap(), Some(3));
    env.set_cold(true);
    assert_eq!(file.read_at_if_cached(0, &mut [0; 3]).unwrap(), None);
    assert_eq!(file.read_at(0, &mut [0; 3]).unwrap(), 3);
}
