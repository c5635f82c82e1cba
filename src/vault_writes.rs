//! Changes to a messenger's store. They are made durable before they are acknowledged, so they are
//! queued, and a job on the pool takes all that are queued at that time: one batch and one sync for
//! as many as there are.

use std::mem;
use std::sync::Arc;

use napi_derive::napi;
use sigil_storage::{Change, Kind, Message};

use crate::boundary::{Result, guard};
use crate::bytes::Input;
use crate::failure::{CallFailure, Failure};
use crate::job::{Promise, on_pool};
use crate::vault_store::NativeVault;

/// The changes that wait, in the order of their calls.
#[derive(Default)]
pub struct VaultQueue(Vec<Change>);

/// A kind by the number that `lib/` uses.
pub fn kind_of(number: u32) -> std::result::Result<Kind, Failure> {
    match number {
        0 => Ok(Kind::Message),
        1 => Ok(Kind::Session),
        2 => Ok(Kind::Proof),
        3 => Ok(Kind::Peer),
        _ => Err(Failure::new("INVALID_PARAMETERS", "there is no such kind")),
    }
}

#[napi]
impl NativeVault {
    fn queue(&self, change: Change) {
        self.queue.lock().0.push(change);
    }

    /// Queues the saving of a message.
    #[napi]
    pub fn save_message(
        &self,
        id: Input,
        time: f64,
        sender: Option<Input>,
        recipient: Option<Input>,
        value: Input,
    ) -> Result<()> {
        guard(|| {
            let (id, value) = (id.text()?, value.0);
            let sender = sender.map(Input::text).transpose()?;
            let recipient = recipient.map(Input::text).transpose()?;
            self.queue(Change::SaveMessage(Message { id, time, sender, recipient, value }));
            Ok(())
        })
    }

    /// Queues the saving of a session, a proof or a peer.
    #[napi]
    pub fn save_item(&self, kind: u32, id: Input, value: Input) -> Result<()> {
        guard(|| {
            let (kind, id) = (kind_of(kind)?, id.text()?);
            self.queue(Change::SaveItem { kind, id, value: value.0 });
            Ok(())
        })
    }

    /// Queues a deletion.
    #[napi]
    pub fn remove(&self, kind: u32, id: Input) -> Result<()> {
        guard(|| {
            let id = id.text()?;
            self.queue(match kind_of(kind)? {
                Kind::Message => Change::DeleteMessage { id },
                kind => Change::DeleteItem { kind, id },
            });
            Ok(())
        })
    }

    /// Makes all changes that are queued now; gives those that failed.
    #[napi]
    pub fn commit_queued(&self) -> Result<Promise<Vec<CallFailure>>> {
        guard(|| {
            let taken = mem::take(&mut self.queue.lock().0);
            let store = Arc::clone(&self.store);
            Ok(on_pool(move || {
                let results = store.write_all(&taken);
                let failures = (0..).zip(results).filter_map(|(index, result)| {
                    Some(CallFailure::of(index, &result.err()?.into()))
                });
                Ok(failures.collect())
            }))
        })
    }
}
