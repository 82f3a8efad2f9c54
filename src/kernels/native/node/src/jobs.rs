use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::thread;

use factorloom_core::error::Result;
use factorloom_core::pool::{THREAD_NAME, begin};
use napi::Env;
use napi::bindgen_prelude::{Either, JsValue, PromiseRaw, ToNapiValue};

use crate::results::Failure;
use crate::running::{Running, Ticket};

/// What every call resolves with: it never rejects.
pub type Outcome<T> = Either<T, Failure>;

/// Runs `work` on a pool of `threads` of its own. A panic becomes a failure like any other.
pub fn spawn<'env, T: ToNapiValue + Send + 'static>(
    env: &'env Env,
    threads: u32,
    work: impl FnOnce(&Ticket) -> Result<T> + Send + 'static,
) -> napi::Result<PromiseRaw<'env, Outcome<T>>> {
    keep_panics_quiet();
    let ticket = Running::enter(env)?;
    let (deferred, promise) = env.create_deferred()?;
    let promise = PromiseRaw::new(env.raw(), promise.raw());
    let refused = deferred.clone();
    let job = move |started: Result<()>| {
        let guarded = || started.and_then(|()| work(&ticket));
        let outcome = match catch_unwind(AssertUnwindSafe(guarded)) {
            Ok(Ok(result)) => Either::A(result),
            Ok(Err(error)) => Either::B(error.into()),
            Err(payload) => Either::B(Failure::new("panic", words(&*payload))),
        };
        drop(ticket);
        deferred.resolve(Box::new(move |_: Env| Ok(outcome)) as Resolver<T>);
    };
    if let Err(error) = begin(threads as usize, job) {
        refused.resolve(Box::new(move |_: Env| Ok(Either::B(error.into()))));
    }
    Ok(promise)
}

type Resolver<T> = Box<dyn FnOnce(Env) -> napi::Result<Outcome<T>> + Send>;

fn words(payload: &(dyn Any + Send)) -> String {
    let said = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    format!("a kernel panicked: {}", said.unwrap_or("without a message"))
}

/// A panic of a kernel is reported through its promise and not on stderr as well.
fn keep_panics_quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let ours = thread::current()
                .name()
                .is_some_and(|name| name.starts_with(THREAD_NAME));
            if !ours {
                before(info);
            }
        }));
    });
}
