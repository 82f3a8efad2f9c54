use std::ops::Range;

use crate::data::{Data, Dense, DensePart, Layout};
use crate::error::Result;
use crate::leaves::Estimate;
use crate::matrix::Matrix;
use crate::memory::{Aligned, zeros};
use crate::panel::Panel;
use crate::parallel::{each_task, even_ranges, tasks_of};
use crate::products::times_columns;
use crate::simd::run;
use crate::sparse::SparsePart;

/// Lines of a block whose estimates are made together.
const TOGETHER: usize = 16;

/// A model of a block: W (rows × r) times H (r × samples).
pub struct Model {
    /// Its rows of W.
    pub w: Matrix,
    /// H.
    pub h: Matrix,
}

/// What an entry (i, j) of X, x, that a model has as e becomes; nothing where it is missing or counts nothing.
pub(super) trait Entry: Fn(f64, f64, usize, usize) -> Result<Option<f64>> + Sync {}

impl<F: Fn(f64, f64, usize, usize) -> Result<Option<f64>> + Sync> Entry for F {}

/// Entries of one's own, and how many of them count.
pub(super) type Counted = (Vec<f64>, f64);

impl Model {
    pub(super) fn of(w: &Dense<'_>, h: &Dense<'_>, rows: Range<usize>) -> Result<Self> {
        let mut own = Matrix::zeros(rows.len(), w.cols)?;
        for r in 0..w.cols {
            let column = &w.data[r * w.rows..][rows.clone()];
            own.column_mut(r).copy_from_slice(column);
        }
        Ok(Self {
            w: own,
            h: Matrix::copied(h.rows, h.cols, h.data)?,
        })
    }

    /// With its columns multiplied by these.
    pub(super) fn scaled(mut self, scales: &[f64]) -> Self {
        for (j, scale) in scales.iter().enumerate() {
            let column = self.h.column_mut(j);
            column.iter_mut().for_each(|x| *x *= scale);
        }
        self
    }

    /// Every entry of a dense block, as they lie there.
    pub(super) fn rest_of_dense(
        &self,
        block: &DensePart<'_, f64>,
        entry: &impl Entry,
    ) -> Result<Counted> {
        let lay = |line: usize, out: &mut [f64]| {
            out.copy_from_slice(&block.data[line * out.len()..][..out.len()]);
        };
        if block.down == 1 {
            return self.by_columns(lay, entry);
        }
        let panel = Panel::from_rows(&self.h.view())?;
        // W row after row is its transpose, column after column.
        let turned = self.w.transposed()?;
        lines(&panel, &turned, lay, entry)
    }

    /// Every entry of a sparse block, column after column.
    pub(super) fn rest_of_sparse(
        &self,
        block: &SparsePart<'_, f64>,
        entry: &impl Entry,
    ) -> Result<Counted> {
        let columns = block.columns();
        let lay = |j: usize, out: &mut [f64]| {
            let (indices, values) = columns.list(j);
            for (&i, &x) in indices.iter().zip(values) {
                out[i as usize] = x;
            }
        };
        self.by_columns(lay, entry)
    }

    fn by_columns(
        &self,
        lay: impl Fn(usize, &mut [f64]) + Sync,
        entry: &impl Entry,
    ) -> Result<Counted> {
        let panel = Panel::from_columns(&self.w.view())?;
        lines(&panel, &self.h, lay, |x, e, j, i| entry(x, e, i, j))
    }

    /// The listed entries of a sparse block, in their order.
    pub(super) fn rest_of_listed(
        &self,
        block: &SparsePart<'_, f64>,
        entry: &impl Entry,
    ) -> Result<Counted> {
        let columns = block.columns();
        self.listed(block, |j, estimates, out| {
            let (indices, values) = columns.list(j);
            estimates(out);
            let mut count = 0.0;
            for ((out, &i), &x) in out.iter_mut().zip(indices).zip(values) {
                let found = entry(x, *out, i as usize, j)?;
                *out = found.unwrap_or_default();
                count += f64::from(u8::from(found.is_some()));
            }
            Ok(count)
        })
    }

    /// The listed entries of a sparse block times the scales of their columns; those that are missing as the model has
    /// them, so that nothing of them is left once that is taken away.
    pub(super) fn filled(&self, block: &SparsePart<'_, f64>, scales: &[f64]) -> Result<Counted> {
        let columns = block.columns();
        self.listed(block, |j, estimates, out| {
            let (_, values) = columns.list(j);
            let missing = values.iter().filter(|x| x.is_nan()).count();
            if missing > 0 {
                estimates(out);
            }
            for (out, &x) in out.iter_mut().zip(values) {
                let x = if x.is_nan() { *out } else { x };
                *out = if scales[j] > 0.0 { x * scales[j] } else { 0.0 };
            }
            let known = (block.rows - missing) as f64;
            Ok(if scales[j] > 0.0 { known } else { 0.0 })
        })
    }

    /// One number for each listed entry, column by column: `column` is given what puts the model's there first, and
    /// returns how many count.
    fn listed(
        &self,
        block: &SparsePart<'_, f64>,
        column: impl Fn(usize, &dyn Fn(&mut [f64]), &mut [f64]) -> Result<f64> + Sync,
    ) -> Result<Counted> {
        let w = Panel::from_rows(&self.w.view())?;
        let h = Panel::from_columns(&self.h.view())?;
        let columns = block.columns();
        let mut own = zeros(block.values.len())?;
        let work = own.len() * w.k;
        let ranges = even_ranges(block.cols, tasks_of(work), |j| columns.bound(j) + j);
        let mut tasks = Vec::with_capacity(ranges.len());
        let mut rest = &mut own[..];
        for range in ranges {
            let length = columns.bound(range.end) - columns.bound(range.start);
            let (mine, others) = rest.split_at_mut(length);
            tasks.push((range, mine));
            rest = others;
        }
        let counts = each_task(tasks, work, |_, (range, mut out)| {
            let mut count = 0.0;
            for j in range {
                let (indices, _) = columns.list(j);
                let (mine, others) = out.split_at_mut(indices.len());
                let estimates = |out: &mut [f64]| {
                    run(Estimate {
                        factor: w.data(),
                        indices,
                        x: h.column(j),
                        out,
                    });
                };
                count += column(j, &estimates, mine)?;
                out = others;
            }
            Ok(count)
        });
        Ok((own, total(counts)?))
    }
}

/// One number for each place of each line: panel columns are what lines are made of, in the shares of a column of `parts`.
/// `lay` writes a line of X over zeros, and `entry` is given (x, estimate, line, place).
fn lines(
    panel: &Panel<f64>,
    parts: &Matrix,
    lay: impl Fn(usize, &mut [f64]) + Sync,
    entry: impl Entry,
) -> Result<Counted> {
    let (length, stride) = (panel.k, panel.stride);
    let layout = Layout {
        k: length,
        low_memory: true,
    };
    let blocks = [parts.block()];
    let parts = Data::<f64>::new(&blocks, layout)?;
    let mut own = zeros(length * parts.cols)?;
    let work = own.len() * (parts.rows + 1);
    let each = parts
        .cols
        .div_ceil(tasks_of(work))
        .next_multiple_of(TOGETHER);
    let tasks = own.chunks_mut(each * length).collect();
    let counts = each_task(tasks, work, |c, out: &mut [f64]| {
        let mut estimates = Aligned::zeros(TOGETHER * stride)?;
        let mut first = c * each;
        let mut count = 0.0;
        for out in out.chunks_mut(TOGETHER * length) {
            let together = out.len() / length;
            let estimates = &mut estimates[..together * stride];
            times_columns(panel, &parts, first..first + together, estimates);
            let lines = out.chunks_exact_mut(length);
            for (line, (out, estimates)) in (first..).zip(lines.zip(estimates.chunks_exact(stride)))
            {
                lay(line, out);
                for (place, (out, &e)) in out.iter_mut().zip(estimates).enumerate() {
                    let found = entry(*out, e, line, place)?;
                    *out = found.unwrap_or_default();
                    count += f64::from(u8::from(found.is_some()));
                }
            }
            first += together;
        }
        Ok(count)
    });
    Ok((own, total(counts)?))
}

/// The sum of counts, which is exact.
fn total(counts: Vec<Result<f64>>) -> Result<f64> {
    let counts: Result<Vec<f64>> = counts.into_iter().collect();
    Ok(counts?.iter().sum())
}
