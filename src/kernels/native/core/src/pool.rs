use std::collections::HashMap;
use std::fmt::Display;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::thread;

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::{ErrorCode, KernelError, Result};

/// Idle threads kept for the next call; pools beyond that end with their call.
const KEPT: usize = 64;

/// How the threads of this crate are called.
pub const THREAD_NAME: &str = "factorloom";

static IDLE: LazyLock<Mutex<HashMap<usize, Vec<Arc<ThreadPool>>>>> = LazyLock::new(Mutex::default);

/// Runs `work` with `threads` threads of its own; calls at the same time never share a pool, so none waits for another.
pub fn with_threads<T: Send>(threads: usize, work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    let pool = take(threads)?;
    let result = pool.install(work);
    give_back(threads, pool);
    result
}

/// Has `job` called with `threads` threads of its own, or with the reason why there are none, and returns at once: where
/// no pool is idle one is built elsewhere. A job that panics ends the process.
pub fn begin(threads: usize, job: impl FnOnce(Result<()>) + Send + 'static) -> Result<()> {
    if let Some(pool) = waiting(threads) {
        run(threads, pool, job);
        return Ok(());
    }
    let build = move || match take(threads) {
        Ok(pool) => run(threads, pool, job),
        Err(error) => job(Err(error)),
    };
    match thread::Builder::new()
        .name(THREAD_NAME.to_owned())
        .spawn(build)
    {
        Ok(_) => Ok(()),
        Err(error) => Err(none(1, &error)),
    }
}

fn run(threads: usize, pool: Arc<ThreadPool>, job: impl FnOnce(Result<()>) + Send + 'static) {
    let own = Arc::clone(&pool);
    pool.spawn(move || {
        job(Ok(()));
        give_back(threads, own);
    });
}

fn waiting(threads: usize) -> Option<Arc<ThreadPool>> {
    idle(|pools| pools.get_mut(&threads).and_then(Vec::pop))
}

/// An idle pool, or a new one.
fn take(threads: usize) -> Result<Arc<ThreadPool>> {
    if threads == 0 {
        return Err(KernelError::invalid("at least one thread is needed"));
    }
    waiting(threads).map_or_else(|| build(threads), Ok)
}

fn give_back(threads: usize, pool: Arc<ThreadPool>) {
    idle(|pools| {
        let resting: usize = pools.iter().map(|(size, same)| size * same.len()).sum();
        if resting + threads <= KEPT {
            pools.entry(threads).or_default().push(pool);
        }
    });
}

fn idle<R>(look: impl FnOnce(&mut HashMap<usize, Vec<Arc<ThreadPool>>>) -> R) -> R {
    look(&mut IDLE.lock().unwrap_or_else(PoisonError::into_inner))
}

fn build(threads: usize) -> Result<Arc<ThreadPool>> {
    ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|i| format!("{THREAD_NAME}-{i}"))
        .build()
        .map(Arc::new)
        .map_err(|error| none(threads, &error))
}

fn none(threads: usize, error: &dyn Display) -> KernelError {
    KernelError::new(
        ErrorCode::OutOfMemory,
        format!("{threads} threads cannot be started: {error}"),
    )
}
