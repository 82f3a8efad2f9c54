use std::cell::Cell;
use std::ops::Range;

use crate::data::{Data, DensePart, Element, PartKind};
use crate::error::Result;
use crate::leaves::{Accumulate, Gather, Scatter};
use crate::memory::zeros;
use crate::panel::{Panel, stride_of};
use crate::parallel::{each_task, even_ranges, tasks_of};
use crate::simd::run;
use crate::sparse::{Lists, WINDOW};

/// Bytes of a panel that the terms of a dense product down a column take at once: they stay in the nearest cache.
const DOWN: usize = 32 << 10;
/// Columns of a dense block whose entries down a column are taken together.
const BESIDE: usize = 96;
/// Terms of a dense product along a row that are taken at once: a line of entries for each stays near.
const ALONG: usize = 24;
/// How often a task should read every byte of a stretch of a panel that it brings near.
const USES: usize = 16;
/// Bytes of entries side by side that a task should find on each page it visits,
const BESIDE_EACH_OTHER: usize = 2 << 10;
/// where that leaves so many tasks.
const FEW: usize = 8;

thread_local! {
    static COLUMNS_MADE: Cell<usize> = const { Cell::new(0) };
}

/// Columns of products with data that this thread has made so far: by them a test counts what a fit costs.
pub fn columns_made() -> usize {
    COLUMNS_MADE.get()
}

fn count(columns: &Range<usize>) {
    COLUMNS_MADE.set(COLUMNS_MADE.get() + columns.len());
}

/// Every entry of a product is one chain of fused multiply-adds in ascending order, whatever its block is stored as and
/// however the work is cut; so dense and sparse, by rows and by columns, with the transpose and without give the same bits.
///
/// out = columns `columns` of W·X, k × so many, from the panel W (k × features).
pub fn times_columns<T: Element>(
    w: &Panel<T>,
    x: &Data<'_, T>,
    columns: Range<usize>,
    out: &mut [T],
) {
    count(&columns);
    out.fill(T::default());
    let stride = w.stride;
    for part in x.parts.iter().filter(|part| part.rows() > 0) {
        let factor = &w.data()[part.top * stride..(part.top + part.rows()) * stride];
        match &part.kind {
            PartKind::Dense(block) => {
                let block = Strided::columns(block, columns.clone());
                dense(factor, stride, &block, out);
            }
            PartKind::Sparse(block) => gather(factor, stride, &block.columns(), columns.start, out),
        }
    }
}

/// out = columns `rows` of H·Xᵀ, k × so many, from the panel H (k × samples).
pub fn times_rows<T: Element>(h: &Panel<T>, x: &Data<'_, T>, rows: Range<usize>, out: &mut [T]) {
    count(&rows);
    out.fill(T::default());
    let stride = h.stride;
    for part in &x.parts {
        let from = rows.start.max(part.top);
        let to = rows.end.min(part.top + part.rows());
        if from >= to {
            continue;
        }
        let out = &mut out[(from - rows.start) * stride..(to - rows.start) * stride];
        let own = from - part.top..to - part.top;
        match &part.kind {
            PartKind::Dense(block) => dense(h.data(), stride, &Strided::rows(block, own), out),
            PartKind::Sparse(block) => match block.by_row() {
                Some(lists) => gather(h.data(), stride, &lists, own.start, out),
                None => scatter(h.data(), stride, &block.columns(), own, out),
            },
        }
    }
}

/// Part of a dense block: entry of term t and column c is `entries[t·along + c·across]`.
struct Strided<'a, T> {
    entries: &'a [T],
    along: usize,
    across: usize,
    terms: usize,
}

impl<'a, T: Element> Strided<'a, T> {
    fn columns(block: &'a DensePart<'_, T>, columns: Range<usize>) -> Self {
        Self {
            entries: &block.data[columns.start * block.across..],
            along: block.down,
            across: block.across,
            terms: block.rows,
        }
    }

    fn rows(block: &'a DensePart<'_, T>, rows: Range<usize>) -> Self {
        Self {
            entries: &block.data[rows.start * block.down..],
            along: block.across,
            across: block.down,
            terms: block.cols,
        }
    }
}

fn dense<T: Element>(factor: &[T], stride: usize, block: &Strided<'_, T>, out: &mut [T]) {
    // Terms that lie side by side in memory, or columns that do.
    let (depth, beside) = if block.along == 1 {
        ((DOWN / (stride * size_of::<T>())).max(ALONG), BESIDE)
    } else {
        (ALONG, usize::MAX / stride)
    };
    for (c, out) in out.chunks_mut(beside.saturating_mul(stride)).enumerate() {
        for first in (0..block.terms).step_by(depth) {
            let terms = depth.min(block.terms - first);
            run(Accumulate {
                factor: &factor[first * stride..],
                stride,
                entries: &block.entries[first * block.along + c * beside * block.across..],
                along: block.along,
                across: block.across,
                terms,
                out,
            });
        }
    }
}

fn gather<T: Element>(
    factor: &[T],
    stride: usize,
    lists: &Lists<'_, T>,
    first: usize,
    out: &mut [T],
) {
    for window in 0..lists.windows {
        run(Gather {
            factor,
            stride,
            indices: lists.indices,
            values: lists.values,
            bounds: |c| lists.bounds(first + c, window),
            order: lists.order(first, out.len() / stride),
            first,
            out,
        });
    }
}

fn scatter<T: Element>(
    h: &[T],
    stride: usize,
    columns: &Lists<'_, T>,
    rows: Range<usize>,
    out: &mut [T],
) {
    for (j, factor) in h.chunks_exact(stride).enumerate() {
        let (indices, values) = columns.list(j);
        let from = indices.partition_point(|&i| (i as usize) < rows.start);
        let to = from + indices[from..].partition_point(|&i| (i as usize) < rows.end);
        run(Scatter {
            factor,
            first: rows.start,
            indices: &indices[from..to],
            values: &values[from..to],
            out,
        });
    }
}

/// Ranges of columns of X that are about the same work to multiply with.
pub fn column_ranges<T: Element>(x: &Data<'_, T>, k: usize) -> Result<Vec<Range<usize>>> {
    let mut before = zeros::<usize>(x.cols + 1)?;
    let mut windows = 1;
    let mut dense = false;
    for part in &x.parts {
        match &part.kind {
            PartKind::Dense(block) => {
                dense = true;
                before
                    .iter_mut()
                    .enumerate()
                    .for_each(|(j, sum)| *sum += j * block.rows);
            }
            PartKind::Sparse(block) => {
                let lists = block.columns();
                windows = windows.max(lists.windows);
                before
                    .iter_mut()
                    .enumerate()
                    .for_each(|(j, sum)| *sum += lists.bound(j));
            }
        }
    }
    Ok(ranges::<T>(x.cols, k, windows, dense, &before))
}

/// Ranges of rows of X that are about the same work to multiply with.
pub fn row_ranges<T: Element>(x: &Data<'_, T>, k: usize) -> Result<Vec<Range<usize>>> {
    let mut before = zeros::<usize>(x.rows + 1)?;
    let mut windows = 1;
    let mut dense = false;
    let mut sum = 0;
    for part in &x.parts {
        let lists = match &part.kind {
            PartKind::Dense(_) => {
                dense = true;
                None
            }
            PartKind::Sparse(block) => block.by_row(),
        };
        windows = windows.max(lists.map_or(1, |lists| lists.windows));
        let even = match &part.kind {
            PartKind::Dense(block) => block.cols,
            PartKind::Sparse(block) => block.values.len().div_ceil(block.rows.max(1)),
        };
        for i in 0..part.rows() {
            sum += lists.map_or(even, |lists| lists.bound(i + 1) - lists.bound(i));
            before[part.top + i + 1] = sum;
        }
    }
    Ok(ranges::<T>(x.rows, k, windows, dense, &before))
}

fn ranges<T: Element>(
    length: usize,
    k: usize,
    windows: usize,
    dense: bool,
    before: &[usize],
) -> Vec<Range<usize>> {
    // A column costs its entries, and sweeps of about k multiply-adds for each of its k coordinates.
    let weight = |i: usize| before[i] + i * k;
    let mut tasks = tasks_of(weight(length) * k);
    if windows > 1 {
        // Each task reads every window; it should use it many times over.
        let bytes = before[length] * stride_of::<T>(k) * size_of::<T>();
        tasks = tasks.min(bytes / (USES * WINDOW * windows)).max(1);
    }
    // Either way round: how dense data lie must not change how sums are cut.
    if dense {
        tasks = tasks.min((length * size_of::<T>() / BESIDE_EACH_OTHER).max(FEW));
    }
    even_ranges(length, tasks, weight)
}

/// W·X, k × samples, from the panel W (k × features).
pub fn times_data<T: Element>(w: &Panel<T>, x: &Data<'_, T>) -> Result<Panel<T>> {
    whole(w, x.cols, column_ranges(x, w.k)?, x.stored, |range, out| {
        times_columns(w, x, range, out)
    })
}

/// H·Xᵀ, k × features, from the panel H (k × samples).
pub fn times_transposed<T: Element>(h: &Panel<T>, x: &Data<'_, T>) -> Result<Panel<T>> {
    whole(h, x.rows, row_ranges(x, h.k)?, x.stored, |range, out| {
        times_rows(h, x, range, out)
    })
}

fn whole<T: Element>(
    factor: &Panel<T>,
    cols: usize,
    ranges: Vec<Range<usize>>,
    stored: usize,
    product: impl Fn(Range<usize>, &mut [T]) + Sync,
) -> Result<Panel<T>> {
    let mut out = Panel::zeros(factor.k, cols)?;
    if factor.k == 0 {
        return Ok(out);
    }
    let tasks = out.split(&ranges).into_iter().zip(ranges).collect();
    each_task(tasks, stored * factor.k, |_, (out, range)| {
        product(range, out)
    });
    Ok(out)
}
