use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use factorloom_text::entries::{Lent, Listed, Lists, read_entries};
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

/// What is listed, and where it goes: arrays that are written until the promise has settled, or of its own. See `ListedEntries` of native-text.ts.
#[napi(object, object_to_js = false)]
pub struct EntriesArgs {
    pub rows: u32,
    pub cols: u32,
    pub valued: bool,
    pub mirror: Option<f64>,
    pub count: f64,
    pub room: Option<EntriesRoom>,
}

#[napi(object, object_to_js = false)]
pub struct EntriesRoom {
    pub indices: Uint32Array,
    pub values: Float64Array,
}

/// Entries as they were listed; without their rows and values where room was given. See `ListedSoFar` of entries.ts.
#[napi(object, object_from_js = false)]
pub struct EntriesRead {
    pub indices: Option<Uint32Array>,
    pub values: Option<Float64Array>,
    pub columns: Option<Uint32Array>,
    pub counts: Uint32Array,
    pub ascending: bool,
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

    /// Resolves with all entries of the rest, or with nothing where it holds anything else.
    #[napi(ts_return_type = "Promise<EntriesRead | null | Failure>")]
    pub fn entries<'env>(
        &self,
        env: &'env Env,
        args: EntriesArgs,
        threads: u32,
    ) -> Result<PromiseRaw<'env, Outcome<Option<EntriesRead>>>> {
        let text = Arc::clone(&self.text);
        spawn(env, threads, move |ticket| {
            let listed = Listed {
                rows: args.rows,
                cols: args.cols,
                valued: args.valued,
                mirror: args.mirror,
                count: args.count as usize,
            };
            let mut text = text.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(read(&mut text, listed, args.room, || ticket.closing()).ok())
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

fn read(
    text: &mut Text,
    listed: Listed,
    room: Option<EntriesRoom>,
    closing: impl Fn() -> bool,
) -> factorloom_text::Result<EntriesRead> {
    let mut lists = None;
    let order = if let Some(mut given) = room {
        let mut lent = Lent::new(lent_u32(&mut given.indices), lent_f64(&mut given.values));
        read_entries(text, listed, &mut lent, closing)?
    } else {
        let own = lists.get_or_insert_with(Lists::default);
        let order = read_entries(text, listed, own, closing)?;
        own.indices.shrink_to_fit();
        own.values.shrink_to_fit();
        order
    };
    let (indices, values) = lists.map(|own| (own.indices, own.values)).unzip();
    Ok(EntriesRead {
        indices: indices.map(Uint32Array::new),
        values: values.map(Float64Array::new),
        columns: order.columns.map(Uint32Array::new),
        counts: Uint32Array::new(order.counts),
        ascending: order.ascending,
    })
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
