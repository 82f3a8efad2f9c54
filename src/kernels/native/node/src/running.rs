use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use napi::{Env, Result};

/// The calls of one JavaScript thread that still read its arrays. The thread cannot end before they let go of them.
#[derive(Default)]
pub struct Running {
    closing: AtomicBool,
    count: Mutex<usize>,
    fewer: Condvar,
}

/// One running call; dropped once it has let go of its arrays.
pub struct Ticket(Arc<Running>);

thread_local! {
    static HERE: RefCell<Option<Arc<Running>>> = const { RefCell::new(None) };
}

impl Running {
    /// Counts in a call made on this JavaScript thread.
    pub fn enter(env: &Env) -> Result<Ticket> {
        let running = HERE.with_borrow_mut(|here| match here {
            Some(running) => Ok(Arc::clone(running)),
            None => {
                let running = Arc::new(Self::default());
                env.add_env_cleanup_hook(Arc::clone(&running), |running| {
                    HERE.with_borrow_mut(Option::take);
                    running.close();
                })?;
                Ok::<_, napi::Error>(Arc::clone(here.insert(running)))
            }
        })?;
        *running.count.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        Ok(Ticket(running))
    }

    fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
        let count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.fewer.wait_while(count, |count| *count > 0));
    }
}

impl Ticket {
    /// True once the JavaScript thread is about to end.
    pub fn closing(&self) -> bool {
        self.0.closing.load(Ordering::Relaxed)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let lock = &self.0.count;
        *lock.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.0.fewer.notify_all();
    }
}
