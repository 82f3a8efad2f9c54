use std::cell::Cell;
use std::ops::Range;

use crate::data::{Data, DensePart, Element, PartKind};
use crate::error::Result;
use crate::leaves::{Accumulate, Across, FEW, Gather, Scatter};
use crate::panel::{Panel, stride_of};
use crate::simd::run;
use crate::sparse::Lists;
use crate::view::{Side, View};

/// Bytes of a panel that the terms of a dense product down a column take at once: they stay in the nearest cache.
const DOWN: usize = 32 << 10;
/// Columns of a dense block whose entries down a column are taken together.
const BESIDE: usize = 96;
/// Terms of a dense product along a row that are taken at once: a line of entries for each stays near.
const ALONG: usize = 24;
/// Bytes of a dense block that the second cache holds: from further away a column's entries come slower than few factors
/// use them up.
const NEAR: usize = 2 << 20;

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
                dense(factor, w.k, stride, &block, out);
            }
            PartKind::Sparse(block) => gather(factor, stride, &block.columns(), columns.start, out),
        }
    }
}

/// out = columns `rows` of H·Xᵀ, k × so many, from the panel H (k × samples).
pub fn times_rows<T: Element>(h: &Panel<T>, x: &Data<'_, T>, rows: Range<usize>, out: &mut [T]) {
    count(&rows);
    out.fill(T::default());
    add_rows(h.data(), h.k, x, rows, out);
}

/// The same for some columns of H, k numbers each, and so many of X, going on from the chains that `out` holds.
pub fn add_rows<T: Element>(h: &[T], k: usize, x: &Data<'_, T>, rows: Range<usize>, out: &mut [T]) {
    let stride = stride_of::<T>(k);
    for part in &x.parts {
        let from = rows.start.max(part.top);
        let to = rows.end.min(part.top + part.rows());
        if from >= to {
            continue;
        }
        let out = &mut out[(from - rows.start) * stride..(to - rows.start) * stride];
        let own = from - part.top..to - part.top;
        match &part.kind {
            PartKind::Dense(block) => {
                dense(h, k, stride, &Strided::rows(block, own), out);
            }
            PartKind::Sparse(block) => match block.by_row() {
                Some(lists) => gather(h, stride, &lists, own.start, out),
                None => scatter(h, stride, &block.columns(), own, out),
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
    /// Whether the whole block is near.
    near: bool,
}

impl<'a, T: Element> Strided<'a, T> {
    fn columns(block: &'a DensePart<'_, T>, columns: Range<usize>) -> Self {
        Self {
            entries: &block.data[columns.start * block.across..],
            along: block.down,
            across: block.across,
            terms: block.rows,
            near: Self::near(block),
        }
    }

    fn near(block: &DensePart<'_, T>) -> bool {
        size_of::<T>() < size_of::<f64>() || size_of_val(&*block.data) <= NEAR
    }

    fn rows(block: &'a DensePart<'_, T>, rows: Range<usize>) -> Self {
        Self {
            entries: &block.data[rows.start * block.down..],
            along: block.across,
            across: block.down,
            terms: block.cols,
            near: Self::near(block),
        }
    }
}

fn dense<T: Element>(factor: &[T], k: usize, stride: usize, block: &Strided<'_, T>, out: &mut [T]) {
    if k <= FEW && block.across == 1 && block.near && out.len() >= T::LANES * stride {
        run(Across {
            factor,
            k,
            entries: block.entries,
            along: block.along,
            terms: block.terms,
            out,
        });
        return;
    }
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
                k,
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

/// W·X, k × samples, from the panel W (k × features).
pub fn times_data<T: Element>(w: &Panel<T>, x: &Data<'_, T>) -> Result<Panel<T>> {
    View::new(x, Side::H, w.k)?.product(w)
}

/// H·Xᵀ, k × features, from the panel H (k × samples).
pub fn times_transposed<T: Element>(h: &Panel<T>, x: &Data<'_, T>) -> Result<Panel<T>> {
    View::new(x, Side::W, h.k)?.product(h)
}
