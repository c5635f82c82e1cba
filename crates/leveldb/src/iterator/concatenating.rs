//! A cursor over files whose key ranges follow one another, such as those of a level. A file is
//! opened when the cursor comes to it, and let go when it goes on.

use std::cmp::Ordering;

use bytes::Bytes;

use super::InternalIterator;
use crate::error::Result;
use crate::internal_key;

/// Sorted files with ranges that do not overlap.
pub(crate) trait FileList: Send {
    fn len(&self) -> usize;
    /// The last internal key of a file.
    fn largest(&self, index: usize) -> &[u8];
    /// The first internal key of a file.
    fn smallest(&self, index: usize) -> &[u8];
    /// A cursor over a file.
    fn open(&self, index: usize) -> Result<Box<dyn InternalIterator>>;
}

/// The files as one.
pub(crate) struct ConcatenatingIterator<L> {
    files: L,
    /// The open file and its index.
    open: Option<(usize, Box<dyn InternalIterator>)>,
    /// Whether the open file's cursor is ours: cleared by moves that fail.
    valid: bool,
}

impl<L: FileList> ConcatenatingIterator<L> {
    pub(crate) fn new(files: L) -> Self {
        Self { files, open: None, valid: false }
    }

    /// Goes from file to file, starting with `index`, until one has an entry where `position`
    /// puts its cursor; `toward` says which file is tried next.
    fn find(
        &mut self,
        mut index: Option<usize>,
        mut position: impl FnMut(&mut dyn InternalIterator) -> Result<()>,
        toward: impl Fn(usize) -> Option<usize>,
    ) -> Result<()> {
        self.valid = false;
        while let Some(at) = index.filter(|&at| at < self.files.len()) {
            let file = match &mut self.open {
                Some((open, file)) if *open == at => file,
                slot => {
                    *slot = None;
                    &mut slot.insert((at, self.files.open(at)?)).1
                }
            };
            position(file.as_mut())?;
            if file.valid() {
                self.valid = true;
                return Ok(());
            }
            index = toward(at);
        }
        Ok(())
    }

    fn find_forward(&mut self, index: Option<usize>) -> Result<()> {
        self.find(index, |file| file.seek_to_first(), |at| at.checked_add(1))
    }

    fn find_backward(&mut self, index: Option<usize>) -> Result<()> {
        self.find(index, |file| file.seek_to_last(), |at| at.checked_sub(1))
    }

    /// The first file that ends at or after `target`.
    fn file_for(&self, target: &[u8]) -> usize {
        let (mut low, mut high) = (0, self.files.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if internal_key::compare(self.files.largest(middle), target) == Ordering::Less {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    fn current(&self) -> Option<&dyn InternalIterator> {
        self.open.as_ref().filter(|_| self.valid).map(|(_, file)| file.as_ref())
    }

    /// Moves within the open file: its index if the file has no further entry that way.
    fn step(
        &mut self,
        step: impl FnOnce(&mut dyn InternalIterator) -> Result<()>,
    ) -> Result<Option<usize>> {
        let Some((index, file)) = self.open.as_mut().filter(|_| self.valid) else {
            return Ok(None);
        };
        let moved = step(file.as_mut());
        self.valid = moved.is_ok() && file.valid();
        moved.map(|()| (!self.valid).then_some(*index))
    }
}

impl<L: FileList> InternalIterator for ConcatenatingIterator<L> {
    fn valid(&self) -> bool {
        self.valid
    }

    fn seek_to_first(&mut self) -> Result<()> {
        self.find_forward(Some(0))
    }

    fn seek_to_last(&mut self) -> Result<()> {
        self.find_backward(self.files.len().checked_sub(1))
    }

    fn seek(&mut self, target: &[u8]) -> Result<()> {
        let first = self.file_for(target);
        if first < self.files.len()
            && internal_key::compare(target, self.files.smallest(first)) == Ordering::Less
        {
            // Between two files: no search is needed within the second.
            return self.find_forward(Some(first));
        }
        self.find(Some(first), |file| file.seek(target), |at| at.checked_add(1))
    }

    fn next(&mut self) -> Result<()> {
        match self.step(|file| file.next())? {
            Some(ended) => self.find_forward(ended.checked_add(1)),
            None => Ok(()),
        }
    }

    fn prev(&mut self) -> Result<()> {
        match self.step(|file| file.prev())? {
            Some(ended) => self.find_backward(ended.checked_sub(1)),
            None => Ok(()),
        }
    }

    fn key(&self) -> &[u8] {
        self.current().map_or(&[], InternalIterator::key)
    }

    fn value(&self) -> &[u8] {
        self.current().map_or(&[], InternalIterator::value)
    }

    fn value_bytes(&self) -> Bytes {
        self.current().map_or_else(Bytes::new, InternalIterator::value_bytes)
    }
}
