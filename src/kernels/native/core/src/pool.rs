use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::{ErrorCode, KernelError, Result};

/// Idle threads kept for the next call; pools beyond that end with their call.
const KEPT: usize = 64;

/// How the threads of this crate are called.
pub const THREAD_NAME: &str = "factorloom";

static IDLE: LazyLock<Mutex<HashMap<usize, Vec<ThreadPool>>>> = LazyLock::new(Mutex::default);

/// Runs `work` with `threads` threads of its own; calls at the same time never share a pool, so none waits for another.
pub fn with_threads<T: Send>(threads: usize, work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    if threads == 0 {
        return Err(KernelError::invalid("at least one thread is needed"));
    }
    let idle = || IDLE.lock().unwrap_or_else(PoisonError::into_inner);
    let waiting = idle().get_mut(&threads).and_then(Vec::pop);
    let pool = match waiting {
        Some(pool) => pool,
        None => build(threads)?,
    };
    let result = pool.install(work);
    let mut pools = idle();
    let resting: usize = pools.iter().map(|(size, same)| size * same.len()).sum();
    if resting + threads <= KEPT {
        pools.entry(threads).or_default().push(pool);
    }
    result
}

fn build(threads: usize) -> Result<ThreadPool> {
    ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|i| format!("{THREAD_NAME}-{i}"))
        .build()
        .map_err(|error| {
            KernelError::new(
                ErrorCode::OutOfMemory,
                format!("{threads} threads cannot be started: {error}"),
            )
        })
}
