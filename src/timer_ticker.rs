//! A regular call into JavaScript that does not keep the process alive.
//!
//! The environment of the JavaScript can end at any moment: what it has added is taken from the
//! timer before, by a hook of the environment.

use std::cell::Cell;
use std::thread;
use std::time::Duration;

use napi::Env;
use napi::bindgen_prelude::Function;
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi_derive::napi;

use crate::boundary::{Result, guard};
use crate::failure::Failure;
use crate::timer;

thread_local! {
    static HOOKED: Cell<bool> = const { Cell::new(false) };
}

/// Calls a function every so many milliseconds until it is stopped, or nobody has it any more.
#[napi]
pub struct NativeTicker {
    number: u64,
}

#[napi]
impl NativeTicker {
    /// Starts. After a call the next one waits for [`NativeTicker::done`].
    #[napi(constructor)]
    pub fn new(env: Env, milliseconds: f64, call: Function<'_, (), ()>) -> Result<Self> {
        guard(|| {
            let unusable =
                |error: napi::Error| Failure::new("STORAGE_UNAVAILABLE", error.to_string());
            let wake = call
                .build_threadsafe_function::<()>()
                .weak::<true>()
                .max_queue_size::<1>()
                .build()
                .map_err(unusable)?;
            if !HOOKED.get() {
                let owner = thread::current().id();
                env.add_env_cleanup_hook(owner, timer::remove_all_of).map_err(unusable)?;
                HOOKED.set(true);
            }
            let period = Duration::from_secs_f64((milliseconds / 1000.0).clamp(0.001, 1e9));
            // What the call says is that the environment ends: then there is nobody to tell.
            let call = Box::new(move || {
                let _ = wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
            });
            let number = timer::add(period, call)
                .map_err(|error| Failure::new("STORAGE_UNAVAILABLE", error.to_string()))?;
            Ok(Self { number })
        })
    }

    /// What the last call was for is done.
    #[napi]
    pub fn done(&self) -> Result<()> {
        guard(|| {
            timer::done(self.number);
            Ok(())
        })
    }

    /// Calls no more. A call that is on its way may still arrive.
    #[napi]
    pub fn stop(&self) -> Result<()> {
        guard(|| {
            timer::remove(self.number);
            Ok(())
        })
    }
}

impl Drop for NativeTicker {
    fn drop(&mut self) {
        timer::remove(self.number);
    }
}
