//! Versions: which tables make up the database, and how that changes.

pub(crate) mod edit;
