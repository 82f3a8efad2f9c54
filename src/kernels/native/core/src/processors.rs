//! On which processors threads run.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Processors that threads have taken, each one of its own.
///
/// Linux puts a thread that is woken in line behind another where it does not see that a processor is idle: in a virtual
/// machine one that sleeps looks like one that was taken away. It notices after milliseconds, when a small fit is over.
#[derive(Default)]
pub struct Processors {
    numbers: Mutex<Vec<usize>>,
    taken: AtomicUsize,
}

impl Processors {
    /// How many threads have taken one; asked without waiting for who is about to.
    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    /// Takes the processor that this thread runs on. Where another has taken that, this one first moves to a free one, if
    /// there is any that it may run on; it is not bound to it.
    pub fn take_one(&self) {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(number) = own(&numbers) {
            numbers.push(number);
        }
        self.taken.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(target_os = "linux")]
fn own(taken: &[usize]) -> Option<usize> {
    use rustix::thread::{sched_getaffinity, sched_getcpu, sched_setaffinity};

    let mut own = sched_getcpu();
    if taken.contains(&own)
        && let Ok(allowed) = sched_getaffinity(None)
    {
        let mut free = allowed;
        taken.iter().for_each(|&number| free.unset(number));
        if free.count() > 0 && sched_setaffinity(None, &free).is_ok() {
            own = sched_getcpu();
            // It stays there until the system has a reason to move it. Were this refused, it would be bound to where it
            // could run before.
            let _ = sched_setaffinity(None, &allowed);
        }
    }
    Some(own)
}

/// Elsewhere this is left to the system.
#[cfg(not(target_os = "linux"))]
fn own(_taken: &[usize]) -> Option<usize> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::thread::scope;

    use rustix::thread::{sched_getaffinity, sched_getcpu};

    use super::Processors;

    #[test]
    fn threads_take_processors_of_their_own_and_are_not_bound() {
        let allowed = sched_getaffinity(None).unwrap();
        let own = Processors::default();
        let count = allowed.count() as usize;
        scope(|scope| {
            for _ in 0..count + 1 {
                scope.spawn(|| {
                    own.take_one();
                    assert_eq!(sched_getaffinity(None).unwrap(), allowed);
                });
            }
        });
        assert_eq!(own.taken(), count + 1);
        let numbers = own.numbers.into_inner().unwrap();
        // The last one found none that was free.
        let [first, .., last] = numbers[..] else {
            panic!("each has taken one")
        };
        assert!(allowed.is_set(first) && allowed.is_set(last));
        let mut each = numbers[..count].to_vec();
        each.sort_unstable();
        each.dedup();
        assert_eq!(each.len(), count);
    }

    /// A thread that finds its processor taken is on another afterwards, where there is one.
    #[test]
    fn a_taken_processor_is_left() {
        if sched_getaffinity(None).unwrap().count() < 2 {
            return;
        }
        for _ in 0..50 {
            let own = Processors::default();
            own.numbers.lock().unwrap().push(sched_getcpu());
            own.take_one();
            let numbers = own.numbers.into_inner().unwrap();
            assert_ne!(numbers[0], numbers[1]);
        }
    }
}
