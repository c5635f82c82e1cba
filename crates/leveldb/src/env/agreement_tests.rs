//! The file system in memory does what the real one does, whatever the sequence of operations:
//! the same answers, the same kinds of error, the same files at the end. What crash tests show on
//! the one would otherwise say nothing about the other.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// Names of files; the one of a directory is `sub`.
const NAMES: [&str; 3] = ["a", "b", "sub/c"];
const DIRECTORY: &str = "sub";

#[derive(Debug, Clone)]
enum Step {
    Create(usize),
    CreateNew(usize),
    Append(usize, Vec<u8>),
    Truncate(usize, u64),
    Open(usize),
    Read(usize, u64, usize),
    Rename(usize, usize),
    Link(usize, usize),
    Remove(usize),
    CreateDir,
    RemoveDir,
    SyncFile(usize),
    SyncDir,
    List,
}

fn step() -> impl Strategy<Value = Step> {
    let name = || 0..NAMES.len();
    prop_oneof![
        3 => name().prop_map(Step::Create),
        1 => name().prop_map(Step::CreateNew),
        3 => (0..4_usize, vec(any::<u8>(), 0..20)).prop_map(|(at, bytes)| Step::Append(at, bytes)),
        1 => (0..4_usize, 0..30_u64).prop_map(|(at, size)| Step::Truncate(at, size)),
        2 => name().prop_map(Step::Open),
        2 => (0..4_usize, 0..40_u64, 0..20_usize).prop_map(|(at, o, n)| Step::Read(at, o, n)),
        2 => (name(), name()).prop_map(|(from, to)| Step::Rename(from, to)),
        1 => (name(), name()).prop_map(|(from, to)| Step::Link(from, to)),
        1 => name().prop_map(Step::Remove),
        2 => Just(Step::CreateDir),
        1 => Just(Step::RemoveDir),
        1 => name().prop_map(Step::SyncFile),
        1 => Just(Step::SyncDir),
        1 => Just(Step::List),
    ]
}

struct Session<'a> {
    env: &'a dyn Env,
    root: &'a Path,
    writers: Vec<Arc<dyn WritableFile>>,
    readers: Vec<Arc<dyn ReadableFile>>,
}

impl Session<'_> {
    fn take(&mut self, step: &Step) -> Result<String, io::ErrorKind> {
        let (env, path) = (self.env, |name: &usize| self.root.join(NAMES[*name]));
        let directory = self.root.join(DIRECTORY);
        let done = |()| String::new();
        let outcome = match step {
            Step::Create(name) => {
                env.create(&path(name)).map(|file| self.writers.push(file)).map(done)
            }
            Step::CreateNew(name) => {
                env.create_new(&path(name)).map(|file| self.writers.push(file)).map(done)
            }
            Step::Open(name) => env.open(&path(name)).map(|file| self.readers.push(file)).map(done),
            Step::Append(at, bytes) => match self.writers.get(*at) {
                Some(file) => file.append(bytes).map(done),
                None => Ok(String::new()),
            },
            Step::Truncate(at, size) => match self.writers.get(*at) {
                Some(file) => file.truncate(*size).map(done),
                None => Ok(String::new()),
            },
            Step::Read(at, offset, count) => match self.readers.get(*at) {
                Some(file) => {
                    let mut buffer = vec![0; *count];
                    file.read_at(*offset, &mut buffer).map(|read| format!("{read} {buffer:?}"))
                }
                None => Ok(String::new()),
            },
            Step::Rename(from, to) => env.rename(&path(from), &path(to)).map(done),
            Step::Link(from, to) => env.hard_link(&path(from), &path(to)).map(done),
            Step::Remove(name) => env.remove(&path(name)).map(done),
            Step::CreateDir => env.create_dir_all(&directory).map(done),
            Step::RemoveDir => env.remove_dir(&directory).map(done),
            Step::SyncFile(name) => env.sync_file(&path(name)).map(done),
            Step::SyncDir => env.sync_dir(&directory).map(done),
            Step::List => env.list(&directory).map(|mut names| {
                names.sort();
                format!("{names:?}")
            }),
        };
        outcome.map_err(|error| error.kind())
    }

    fn files(&self) -> BTreeMap<&'static str, Vec<u8>> {
        let content = |name| read_small_file(self.env, &self.root.join(name), 10_000).ok();
        NAMES.into_iter().filter_map(|name| Some((name, content(name)?))).collect()
    }

    /// The pairs of names that one file has. A name has the same identity as a handle opened by it.
    fn links(&self) -> Vec<(&'static str, &'static str)> {
        let identity = |name| {
            let path = self.root.join(name);
            let identity = self.env.identity(&path).ok()?;
            assert_eq!(identity, self.env.open(&path).unwrap().identity().unwrap());
            Some(identity)
        };
        let pairs = NAMES.into_iter().flat_map(|a| NAMES.map(|b| (a, b))).filter(|(a, b)| a < b);
        let linked =
            |a, b| identity(a).is_some_and(|a| identity(b).is_some_and(|b| a.is_same_file(&b)));
        pairs.filter(|(a, b)| linked(*a, *b)).collect()
    }
}

proptest! {
    #[test]
    fn memory_and_machine_agree(steps in vec(step(), 1..40)) {
        let directory = tempfile::tempdir().unwrap();
        let (real, memory) = (RealEnv::new(), MemoryEnv::new());
        memory.create_dir_all(Path::new("/db")).unwrap();
        let session =
            |env, root| Session { env, root, writers: Vec::new(), readers: Vec::new() };
        let mut on_disk = session(&real as &dyn Env, directory.path());
        let mut in_memory = session(&memory as &dyn Env, Path::new("/db"));
        for step in &steps {
            prop_assert_eq!(in_memory.take(step), on_disk.take(step), "{:?}", step);
            prop_assert_eq!(in_memory.files(), on_disk.files(), "{:?}", step);
            prop_assert_eq!(in_memory.links(), on_disk.links(), "{:?}", step);
        }
        prop_assert_eq!(memory.open_files(), real.open_files());
    }
}
