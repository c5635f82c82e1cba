//! The engine beside rusty-leveldb, one run, the same options and the same work.
//!
//! `cargo bench -p sigil-leveldb --bench compare` prints a line for each kind of work with both
//! speeds and their ratio. `ROWS` sets the size of the data (default 1,000,000 rows of 300 bytes),
//! `CONTENDER` (`ours` or `rusty`) runs one alone, for a profiler.
// A benchmark has nobody to give an error to, and its output is what it is for.
#![allow(clippy::indexing_slicing, clippy::print_stdout, clippy::unwrap_used)]

mod contenders;
#[path = "../../tests/common/random.rs"]
mod random;
mod work;

use std::time::Duration;

use contenders::{Contender, Ours, Rusty};
use work::{Outcome, Work};

fn main() {
    let rows = std::env::var("ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(1_000_000);
    let work = Work::new(rows);
    println!(
        "{rows} rows of 300 bytes, keys of 16, 4 MiB write buffer, 4 KiB blocks, 8 MiB tables, 8 MiB cache"
    );
    let chosen = std::env::var("CONTENDER").unwrap_or_default();
    let ours = (chosen != "rusty").then(|| measure::<Ours>(&work));
    let rusty = (chosen != "ours").then(|| measure::<Rusty>(&work));
    println!("{:<34} {:>12} {:>12} {:>8}", "", "ours", "rusty", "ratio");
    let names = ours.as_ref().or(rusty.as_ref()).unwrap().iter().map(|outcome| outcome.name);
    for (index, name) in names.enumerate() {
        let pick = |all: &Option<Vec<Outcome>>| all.as_ref().map(|all| all[index].clone());
        print_row(name, pick(&ours), pick(&rusty));
    }
}

fn measure<C: Contender>(work: &Work) -> Vec<Outcome> {
    let directory = tempfile::tempdir().unwrap();
    let outcomes = work.run::<C>(directory.path());
    // What the file system still has to write must not slow the next contender.
    std::process::Command::new("sync").status().unwrap();
    outcomes
}

fn print_row(name: &str, ours: Option<Outcome>, rusty: Option<Outcome>) {
    let speed = |outcome: &Option<Outcome>| match outcome {
        Some(outcome) => format!("{:.0}/s", outcome.per_second()),
        None => "-".into(),
    };
    let ratio = match (&ours, &rusty) {
        (Some(ours), Some(rusty)) => format!("{:.2}x", ours.per_second() / rusty.per_second()),
        _ => "-".into(),
    };
    println!("{name:<34} {:>12} {:>12} {ratio:>8}", speed(&ours), speed(&rusty));
    let slowest = |outcome: &Option<Outcome>| outcome.as_ref().and_then(|outcome| outcome.slowest);
    if let (Some(ours), Some(rusty)) = (slowest(&ours), slowest(&rusty)) {
        let ratio = rusty.as_secs_f64() / ours.as_secs_f64();
        let name = "  slowest";
        println!(
            "{name:<34} {:>12} {:>12} {:>7}",
            millis(ours),
            millis(rusty),
            format!("1/{ratio:.1}")
        );
    } else if let Some(slowest) = slowest(&ours).or(slowest(&rusty)) {
        println!("{:<34} {:>12}", "  slowest", millis(slowest));
    }
}

fn millis(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1_000.0)
}
