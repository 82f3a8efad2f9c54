use std::ops::Range;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use factorloom_core::data::Block;
use factorloom_core::error::{KernelError, Result};
use factorloom_core::stream::{self, Source};
use napi::Status;
use napi::bindgen_prelude::{FnArgs, Uint32Array};
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
    /// Of sparse data.
    pub listed: Option<Listed>,
}

/// How many entries sparse data list.
#[napi(object, object_to_js = false)]
pub struct Listed {
    /// Of each feature.
    pub by_row: Uint32Array,
    /// Of each sample.
    pub by_column: Uint32Array,
}

/// The way of panels from JavaScript to one call.
#[napi]
pub struct Feed {
    panels: Sender<Option<Matrix>>,
    given: Mutex<Option<Given>>,
}

#[napi]
impl Feed {
    /// One that has not been used yet, and what it is asked by.
    #[napi(constructor)]
    pub fn new(
        x: Streamed,
        #[napi(ts_arg_type = "(from: number, to: number) => void")] on_ask: OnAsk,
    ) -> Self {
        let (panels, given) = channel();
        Self {
            panels,
            given: Mutex::new(Some(Given { given, x, on_ask })),
        }
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
    /// What a call reads from; nothing, where another call does.
    pub(crate) fn given(&self) -> Option<Given> {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        given.take()
    }
}

/// The end of a feed that a call has.
pub struct Given {
    given: Receiver<Option<Matrix>>,
    x: Streamed,
    on_ask: OnAsk,
}

impl Given {
    /// Calls with the data that it stands for.
    pub(crate) fn read<R>(
        self,
        ticket: &Ticket,
        call: impl FnOnce(stream::Streamed<'_>) -> R,
    ) -> R {
        let Self { given, x, on_ask } = self;
        let source = Asking {
            given: Mutex::new(given),
            on_ask: &on_ask,
            ticket,
        };
        call(stream::Streamed {
            rows: x.rows as usize,
            cols: x.cols as usize,
            together: x.together as usize,
            listed: x.listed.as_ref().map(|listed| stream::Listed {
                by_row: &listed.by_row,
                by_column: &listed.by_column,
            }),
            source: &source,
        })
    }
}

/// Panels that are asked for in JavaScript.
struct Asking<'a> {
    given: Mutex<Receiver<Option<Matrix>>>,
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
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match given.recv_timeout(PATIENCE) {
                Ok(Some(panel)) => return call(view(&panel)),
                Err(RecvTimeoutError::Timeout) if !self.ticket.closing() => {}
                _ => return Err(KernelError::invalid("the data could not be read")),
            }
        }
    }
}
