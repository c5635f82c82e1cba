//! The layers of the engine are those that ARCHITECTURE.md lists: each module uses only modules above
//! it, but for the exceptions that are named there.

// A test panics where something is not as it should be.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What may be used by whom although it stands below.
const EXCEPTIONS: [(&str, &str); 1] = [("compaction", "db")];

/// The modules in the order of the document: the first column of its list.
fn listed(root: &Path) -> Vec<String> {
    let text = fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    let list = text.split("```").nth(1).unwrap();
    let lines = list.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = lines.flat_map(|line| line[2..].split("  ").next().unwrap().split(' '));
    names.map(|name| name.trim_end_matches('/').trim_end_matches(".rs").to_owned()).collect()
}

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            sources(&entry.path(), found);
        } else {
            found.push(entry.path());
        }
    }
}

/// The modules that a source names outside of its tests.
fn used(text: &str) -> BTreeSet<String> {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let names = code.flat_map(|line| line.split("crate::").skip(1));
    let ends = |letter: char| !letter.is_ascii_alphanumeric() && letter != '_';
    names.map(|rest| rest.split(ends).next().unwrap().to_owned()).collect()
}

#[test]
fn every_module_is_listed_and_uses_only_those_above_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let listed = listed(root);
    let place = |module: &str| {
        let found = listed.iter().position(|name| name == module);
        found.unwrap_or_else(|| panic!("{module} is not in the list of ARCHITECTURE.md"))
    };
    let mut files = Vec::new();
    sources(&root.join("src"), &mut files);
    assert!(files.len() > 100);
    for path in files {
        let path = path.strip_prefix(root.join("src")).unwrap();
        let tests = path.to_string_lossy().contains("tests");
        let module = path.iter().next().unwrap().to_string_lossy();
        let module = module.trim_end_matches(".rs");
        if tests || module == "lib" {
            continue;
        }
        let text = fs::read_to_string(root.join("src").join(path)).unwrap();
        for name in used(&text) {
            assert!(
                place(&name) <= place(module) || EXCEPTIONS.contains(&(module, &name)),
                "{} uses {name}, which stands below {module}",
                path.display()
            );
        }
    }
}

#[test]
fn every_file_of_an_open_database_is_listed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    for entry in fs::read_dir(root.join("src/db")).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        let listed = text.split_whitespace().any(|word| word == name);
        assert!(listed || entry.path().is_dir(), "db/{name} is not in ARCHITECTURE.md");
    }
}
