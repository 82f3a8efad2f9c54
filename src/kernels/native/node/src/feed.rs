use std::ops::Range;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use factorloom_core::data::Block;
use factorloom_core::error::{KernelError, Result};
use factorloom_core::stream::{self, Source};
use napi::Status;
use napi::bindgen_prelude::FnArgs;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;

use crate::matrices::{Matrix, view};
use crate::running::Ticket;

type Asked = (f64, f64);

/// Asks for columns; weak: it does not keep the process alive.
pub type OnAsk = ThreadsafeFunction<FnArgs<Asked>, (), FnArgs<Asked>, Status, false, true, 0>;

/// How long a kernel waits for a panel before it looks whether its JavaScript thread is about to end.
const PATIENCE: Duration = Duration::from_millis(50);

/// The shape of what is streamed.
#[napi(object, object_to_js = false)]
pub struct Streamed {
    pub rows: u32,
    pub cols: u32,
    /// Most columns in a panel.
    pub together: u32,
}

impl Streamed {
    pub(crate) fn from<'a>(&self, source: &'a dyn Source) -> stream::Streamed<'a> {
        stream::Streamed {
            rows: self.rows as usize,
            cols: self.cols as usize,
            together: self.together as usize,
            source,
        }
    }
}

/// The way of panels from JavaScript to one call.
#[napi]
pub struct Feed {
    panels: Sender<Option<Matrix>>,
    given: Mutex<Option<Receiver<Option<Matrix>>>>,
}

impl Default for Feed {
    fn default() -> Self {
        let (panels, given) = channel();
        Self {
            panels,
            given: Mutex::new(Some(given)),
        }
    }
}

#[napi]
impl Feed {
    /// One that has not been used yet.
    #[napi(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// The columns that were asked for; they must not be written to before others are asked for twice.
    #[napi]
    pub fn give(&self, panel: Matrix) {
        // A call that is over wants no more.
        drop(self.panels.send(Some(panel)));
    }

    /// Ends the call: what it asked for can't be had.
    #[napi]
    pub fn fail(&self) {
        drop(self.panels.send(None));
    }
}

impl Feed {
    pub(crate) fn given(&self) -> Given {
        Given(
            self.given
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        )
    }
}

/// What a feed is given; nothing, where another call has it.
pub struct Given(Option<Receiver<Option<Matrix>>>);

impl Given {
    pub(crate) fn asking<'a>(self, on_ask: &'a OnAsk, ticket: &'a Ticket) -> Asking<'a> {
        Asking {
            given: Mutex::new(self.0),
            on_ask,
            ticket,
        }
    }
}

/// Panels that are asked for in JavaScript.
pub struct Asking<'a> {
    given: Mutex<Option<Receiver<Option<Matrix>>>>,
    on_ask: &'a OnAsk,
    ticket: &'a Ticket,
}

impl Source for Asking<'_> {
    fn ask(&self, columns: &Range<usize>) {
        let asked = (columns.start as f64, columns.end as f64);
        self.on_ask
            .call(asked.into(), ThreadsafeFunctionCallMode::NonBlocking);
    }

    fn take(
        &self,
        _columns: &Range<usize>,
        call: &mut dyn FnMut(Block<'_>) -> Result<()>,
    ) -> Result<()> {
        let unread = || Err(KernelError::invalid("the data could not be read"));
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(given) = &*given else {
            return Err(KernelError::invalid("a feed serves one call"));
        };
        loop {
            match given.recv_timeout(PATIENCE) {
                Ok(Some(panel)) => return call(view(&panel)),
                Err(RecvTimeoutError::Timeout) if !self.ticket.closing() => {}
                _ => return unread(),
            }
        }
    }
}
