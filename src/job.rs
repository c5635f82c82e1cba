//! Work for libuv's thread pool.

use napi::bindgen_prelude::{AsyncTask, ToNapiValue, TypeName};
use napi::{Env, JsError, Task};

use crate::boundary::{self, Code};
use crate::failure::Failure;

type Body<T> = Box<dyn FnOnce() -> Result<T, Failure> + Send>;

/// A body that runs on the pool and settles a promise with its result.
pub struct Job<T> {
    body: Option<Body<T>>,
}

/// A promise in JavaScript.
pub type Promise<T> = AsyncTask<Job<T>>;

/// Starts a body on the pool.
pub fn on_pool<T>(body: impl FnOnce() -> Result<T, Failure> + Send + 'static) -> Promise<T>
where
    T: ToNapiValue + TypeName + Send + 'static,
{
    AsyncTask::new(Job { body: Some(Box::new(body)) })
}

impl<T: ToNapiValue + TypeName + Send + 'static> Task for Job<T> {
    // A failure is carried as a result: Node's own status has no room for our codes.
    type Output = boundary::Result<T>;
    type JsValue = T;

    fn compute(&mut self) -> napi::Result<Self::Output> {
        Ok(boundary::guard(|| match self.body.take() {
            Some(body) => body(),
            None => Err(Failure::new("INTERNAL_ERROR", "a job was started twice")),
        }))
    }

    fn resolve(&mut self, env: Env, output: Self::Output) -> napi::Result<T> {
        output.map_err(|error: napi::Error<Code>| {
            napi::Error::from(JsError::from(error).into_unknown(env))
        })
    }
}
