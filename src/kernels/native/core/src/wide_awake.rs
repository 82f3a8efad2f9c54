//! Threads that are at hand while many short tasks are made.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rayon::Yield;

use crate::parallel::on_one_thread;
use crate::processors::Processors;

/// How long a thread that is kept awake looks for work in vain.
const PATIENCE: Duration = Duration::from_micros(200);
/// How often this thread lets others go first.
const YIELDS: usize = 4;

/// What `call` returns. Meanwhile the other threads of the pool look for tasks before they fall asleep: in a small fit
/// waking one takes longer than a task. `work` is a count of multiply-adds, of a product with the data.
pub fn wide_awake<R>(work: usize, call: impl FnOnce() -> R) -> R {
    if on_one_thread(work) {
        return call();
    }
    let over = AtomicBool::new(false);
    let processors = Processors::default();
    rayon::in_place_scope(|scope| {
        let caller = rayon::current_thread_index();
        let (over, processors) = (&over, &processors);
        processors.take_one();
        scope.spawn_broadcast(move |_, thread| {
            if Some(thread.index()) != caller {
                processors.take_one();
                look_for_tasks(over);
            }
        });
        let _end = End(over);
        // One that was woken may stand in line behind this thread; while it moves on there is work to begin with.
        for _ in 0..YIELDS {
            if processors.taken() == rayon::current_num_threads() {
                break;
            }
            thread::yield_now();
        }
        call()
    })
}

fn look_for_tasks(over: &AtomicBool) {
    let mut since = Instant::now();
    while !over.load(Ordering::Relaxed) && since.elapsed() < PATIENCE {
        match rayon::yield_now() {
            Some(Yield::Executed) => since = Instant::now(),
            _ => spin_loop(),
        }
    }
}

/// Says so when it ends, be it by a panic.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
    use std::sync::Barrier;

    use rayon::ThreadPoolBuilder;

    use super::wide_awake;
    use crate::parallel::collect;

    #[test]
    fn what_is_returned_and_what_is_thrown_comes_out() {
        for threads in [1, 2, 5] {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build();
            let pool = pool.unwrap();
            for work in [1, usize::MAX] {
                assert_eq!(pool.install(|| wide_awake(work, || 7)), 7);
                let throwing = || pool.install(|| wide_awake(work, || panic_any(8)));
                let thrown = catch_unwind(AssertUnwindSafe(throwing));
                assert_eq!(thrown.unwrap_err().downcast_ref(), Some(&8));
            }
        }
    }

    /// Tasks that wait for one another can be done by as many threads only.
    #[test]
    fn every_thread_takes_tasks() {
        let pool = ThreadPoolBuilder::new().num_threads(3).build().unwrap();
        let all = Barrier::new(3);
        let done = pool.install(|| {
            wide_awake(usize::MAX, || {
                collect(3, usize::MAX, |task| {
                    all.wait();
                    task
                })
            })
        });
        assert_eq!(done, [0, 1, 2]);
    }
}
