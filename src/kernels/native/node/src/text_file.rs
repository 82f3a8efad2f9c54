use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use factorloom_text::entries::{Listed, Room, Stopped, read_entries};
use factorloom_text::table::{Dialect, Field, Rows, read_rows};
use factorloom_text::{Declined, Text};
use napi::bindgen_prelude::{Float64Array, PromiseRaw, Uint8Array, Uint32Array};
use napi::{Env, Result};
use napi_derive::napi;

use crate::jobs::{Outcome, spawn};

/// Numbers in a file of text, read stretch by stretch from a byte on, counted as it is unpacked. One call at a time.
#[napi]
pub struct TextFile {
    text: Arc<Mutex<Text>>,
}

/// Where entries go; these arrays are written until the promise has settled. See `Room` of entries.ts.
#[napi(object, object_to_js = false)]
pub struct EntriesArgs {
    pub rows: u32,
    pub cols: u32,
    pub valued: bool,
    pub mirror: Option<f64>,
    pub indices: Uint32Array,
    pub values: Float64Array,
    pub columns: Option<Uint32Array>,
    pub counts: Uint32Array,
    pub filled: u32,
    /// The row and the column of the last entry.
    pub last_row: u32,
    pub last_column: u32,
    pub ascending: bool,
    /// Lines that are still to be read.
    pub left: f64,
}

/// Why reading entries stopped: 'declined' where the text holds something else.
#[napi(string_enum = "kebab-case")]
pub enum EntriesStopped {
    Done,
    Full,
    Unordered,
    Declined,
}

#[napi(object, object_from_js = false)]
pub struct EntriesRead {
    pub stopped: EntriesStopped,
    pub filled: u32,
    pub last_row: u32,
    pub last_column: u32,
    pub ascending: bool,
    pub left: f64,
}

/// Where rows go; `data` is written until the promise has settled.
#[napi(object, object_to_js = false)]
pub struct RowsArgs {
    pub delimiter: u8,
    /// For each field of a line its place in a row, −1 for what is left out, −2 for the name.
    pub places: Vec<i32>,
    pub missing: Vec<Uint8Array>,
    pub data: Float64Array,
    pub cols: u32,
    pub filled: u32,
}

/// Why reading rows stopped.
#[napi(string_enum = "kebab-case")]
pub enum RowsStopped {
    Done,
    Full,
    Declined,
}

#[napi(object, object_from_js = false)]
pub struct RowsRead {
    pub stopped: RowsStopped,
    pub filled: u32,
    pub names: Vec<String>,
    /// Bytes of the text that were read, or left out before.
    pub consumed: f64,
}

#[napi]
impl TextFile {
    /// A file, gzip or not; nothing is opened yet.
    #[napi(constructor)]
    pub fn new(path: String, gzip: bool, from: f64) -> Self {
        Self {
            text: Arc::new(Mutex::new(Text::new(Path::new(&path), gzip, from as u64))),
        }
    }

    /// Resolves with how far entries were read.
    #[napi(ts_return_type = "Promise<EntriesRead | Failure>")]
    pub fn entries<'env>(
        &self,
        env: &'env Env,
        mut args: EntriesArgs,
        threads: u32,
    ) -> Result<PromiseRaw<'env, Outcome<EntriesRead>>> {
        let text = Arc::clone(&self.text);
        spawn(env, threads, move |ticket| {
            let listed = Listed {
                rows: args.rows,
                cols: args.cols,
                valued: args.valued,
                mirror: args.mirror,
            };
            let mut room = Room {
                indices: lent_u32(&mut args.indices),
                values: lent_f64(&mut args.values),
                columns: args.columns.as_mut().map(lent_u32),
                counts: lent_u32(&mut args.counts),
                filled: args.filled as usize,
                last: (args.last_row, args.last_column),
                ascending: args.ascending,
                left: args.left as u64,
            };
            let mut text = text.lock().unwrap_or_else(PoisonError::into_inner);
            let read = read_entries(&mut text, listed, &mut room, || ticket.closing());
            Ok(EntriesRead {
                stopped: match read {
                    Ok(Stopped::Done) => EntriesStopped::Done,
                    Ok(Stopped::Full) => EntriesStopped::Full,
                    Ok(Stopped::Unordered) => EntriesStopped::Unordered,
                    Err(Declined) => EntriesStopped::Declined,
                },
                filled: room.filled as u32,
                last_row: room.last.0,
                last_column: room.last.1,
                ascending: room.ascending,
                left: room.left as f64,
            })
        })
    }

    /// Resolves with how far rows were read.
    #[napi(ts_return_type = "Promise<RowsRead | Failure>")]
    pub fn rows<'env>(
        &self,
        env: &'env Env,
        mut args: RowsArgs,
        threads: u32,
    ) -> Result<PromiseRaw<'env, Outcome<RowsRead>>> {
        let text = Arc::clone(&self.text);
        spawn(env, threads, move |ticket| {
            let fields: Vec<_> = args.places.iter().map(|place| field(*place)).collect();
            let missing: Vec<_> = args.missing.iter().map(|own| own.to_vec()).collect();
            let dialect = Dialect {
                delimiter: args.delimiter,
                fields: &fields,
                missing: &missing,
            };
            let mut rows = Rows {
                data: lent_f64(&mut args.data),
                cols: args.cols as usize,
                filled: args.filled as usize,
                names: Vec::new(),
            };
            let mut text = text.lock().unwrap_or_else(PoisonError::into_inner);
            let read = read_rows(&mut text, &dialect, &mut rows, || ticket.closing());
            Ok(RowsRead {
                stopped: match read {
                    Ok(true) => RowsStopped::Done,
                    Ok(false) => RowsStopped::Full,
                    Err(Declined) => RowsStopped::Declined,
                },
                filled: rows.filled as u32,
                names: rows.names,
                consumed: text.consumed() as f64,
            })
        })
    }
}

fn field(place: i32) -> Field {
    match usize::try_from(place) {
        Ok(place) => Field::Number(place),
        Err(_) if place == NAME => Field::Name,
        Err(_) => Field::Skipped,
    }
}

const NAME: i32 = -2;

#[allow(unsafe_code)]
fn lent_u32(array: &mut Uint32Array) -> &mut [u32] {
    // SAFETY: whoever calls lends the array, and doesn't touch it until the promise has settled.
    unsafe { array.as_mut() }
}

#[allow(unsafe_code)]
fn lent_f64(array: &mut Float64Array) -> &mut [f64] {
    // SAFETY: as above.
    unsafe { array.as_mut() }
}
