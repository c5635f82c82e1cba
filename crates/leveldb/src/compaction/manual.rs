//! Compactions that a caller asked for. The compaction thread serves them, one after another, so
//! that only ever one compaction runs; the caller waits.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

use super::plan::{self, Limits};
use super::run;
use crate::db::core::Core;
use crate::error::{Error, Result};
use crate::version::Version;

/// A range to compact: user keys, both ends included; `None` is no bound.
#[derive(Debug)]
pub(crate) struct Request {
    from: Option<Vec<u8>>,
    to: Option<Vec<u8>>,
    outcome: Mutex<Option<Result<()>>>,
    finished: Condvar,
}

/// Requests in line.
#[derive(Debug, Default)]
pub(crate) struct ManualQueue {
    line: Mutex<Line>,
}

#[derive(Debug, Default)]
struct Line {
    waiting: VecDeque<Arc<Request>>,
    closed: bool,
}

impl ManualQueue {
    pub(crate) fn submit(&self, from: Option<&[u8]>, to: Option<&[u8]>) -> Result<Arc<Request>> {
        let request = Arc::new(Request {
            from: from.map(<[u8]>::to_vec),
            to: to.map(<[u8]>::to_vec),
            outcome: Mutex::new(None),
            finished: Condvar::new(),
        });
        let mut line = self.line.lock();
        if line.closed {
            return Err(Error::Closed);
        }
        line.waiting.push_back(Arc::clone(&request));
        Ok(request)
    }

    pub(super) fn next(&self) -> Option<Service> {
        self.line.lock().waiting.pop_front().map(Service)
    }

    /// Answers everyone who still waits; nobody serves them any more.
    pub(crate) fn close(&self) {
        let waiting = {
            let mut line = self.line.lock();
            line.closed = true;
            std::mem::take(&mut line.waiting)
        };
        for request in waiting {
            drop(Service(request));
        }
    }
}

/// A request that was taken out of the line. Dropped without an answer, as when its thread panics, it
/// is answered that the database is closed: nobody waits for what nobody does any more.
pub(super) struct Service(Arc<Request>);

impl Service {
    pub(super) fn request(&self) -> &Request {
        &self.0
    }

    pub(super) fn answer(&self, outcome: Result<()>) {
        *self.0.outcome.lock() = Some(outcome);
        self.0.finished.notify_all();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let mut outcome = self.0.outcome.lock();
        outcome.get_or_insert(Err(Error::Closed));
        self.0.finished.notify_all();
    }
}

impl Request {
    pub(crate) fn wait(&self) -> Result<()> {
        let mut outcome = self.outcome.lock();
        loop {
            if let Some(outcome) = outcome.as_ref() {
                return outcome.clone();
            }
            self.finished.wait(&mut outcome);
        }
    }
}

/// Compacts a range level by level down to the deepest that has any of it, then rewrites what is
/// left of deletions there.
pub(super) fn serve(core: &Core, request: &Request) -> Result<()> {
    let (from, to) = (request.from.as_deref(), request.to.as_deref());
    let deepest = deepest_of(&core.view.load().version, from, to);
    let before = core.numbers.next();
    for level in 0..deepest.max(1) {
        let mut from = request.from.clone();
        while let Some(plan) = run::begin(core, |version, _, limits| {
            plan::pick_range(version, level, from.as_deref(), to, limits, before)
        }) {
            core.check_open()?;
            if level > 0 {
                // What the inputs covered is done: their successors are one level deeper.
                let covered = plan.inputs.iter().map(|file| file.largest_user_key()).max();
                from = covered.map(<[u8]>::to_vec);
            }
            run::execute(core, plan)?;
        }
    }
    rewrite_leftovers(core, from, to)
}

fn rewrite_leftovers(core: &Core, from: Option<&[u8]>, to: Option<&[u8]>) -> Result<()> {
    let before = core.numbers.next();
    while let Some(plan) = run::begin(core, |version, _, limits: &Limits| {
        let level = deepest_of(version, from, to);
        (level > 0).then(|| plan::pick_leftover(version, level, from, to, limits, before)).flatten()
    }) {
        core.check_open()?;
        run::execute(core, plan)?;
    }
    Ok(())
}

/// The deepest level with files that overlap the range.
fn deepest_of(version: &Version, from: Option<&[u8]>, to: Option<&[u8]>) -> usize {
    let overlapping = version.all_files().filter(|(_, file)| file.overlaps(from, to));
    overlapping.map(|(level, _)| level).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_waits_gets_an_answer_whatever_becomes_of_the_service() {
        let queue = ManualQueue::default();
        let requests: Vec<_> = (0..4).map(|_| queue.submit(None, None).unwrap()).collect();
        queue.next().unwrap().answer(Ok(()));
        drop(queue.next().unwrap());
        let service = queue.next().unwrap();
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
            let _service = service;
            panic!("a defect");
        }));
        assert!(panicked.is_err());
        queue.close();
        let mut answers = requests.iter().map(|request| request.wait());
        assert!(answers.next().unwrap().is_ok());
        assert!(answers.all(|answer| matches!(answer, Err(Error::Closed))));
        assert!(matches!(queue.submit(None, None), Err(Error::Closed)));
    }
}
