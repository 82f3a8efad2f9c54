use std::ops::Range;

use crate::data::{Data, Element, PartKind};
use crate::error::Result;
use crate::hold_out::{Mask, Weights};
use crate::leaves::Accumulate;
use crate::memory::{Aligned, zeros};
use crate::panel::Panel;
use crate::parallel::each_task;
use crate::reduce::sum;
use crate::simd::run;

/// Features that one task takes.
const ROWS: usize = 64;
/// Samples whose estimates are made at once.
const DEPTH: usize = 32;

/// What of X is not seen, or not wholly.
#[derive(Clone, Copy)]
pub struct Gaps<'a> {
    /// Entries that don't count; they are zero in X.
    pub mask: &'a Mask,
    /// What the others were multiplied by in X.
    pub weights: Option<&'a Weights<'a>>,
}

/// Σ_j (X − Wᵀ·H)_ij² for each feature i, entry by entry, for panels W (k × features) and H (k × samples); entries that
/// are held out, and zero in X, don't count, and those with a weight so much.
pub fn residual_by_row<T: Element>(
    x: &Data<'_, T>,
    w: &Panel<T>,
    h: &Panel<T>,
    gaps: Option<Gaps<'_>>,
) -> Result<Vec<f64>> {
    let mut sums = zeros(x.rows)?;
    add_by_row(x, w, h.data(), gaps, &mut sums)?;
    Ok(sums)
}

/// The same for some columns of H and so many of X, added to what `sums` hold, one square after the other.
pub fn add_by_row<T: Element>(
    x: &Data<'_, T>,
    w: &Panel<T>,
    h: &[T],
    gaps: Option<Gaps<'_>>,
    sums: &mut [f64],
) -> Result<()> {
    let work = x.rows * x.cols * (w.k + 1);
    let tasks: Vec<_> = sums.chunks_mut(ROWS).collect();
    each_task(tasks, work, |c, out| squares(x, w, h, gaps, c * ROWS, out))
        .into_iter()
        .collect()
}

/// out_i += Σ_j (x_ij − w_iᵀ·h_j)² for the features from `first` on.
fn squares<T: Element>(
    x: &Data<'_, T>,
    w: &Panel<T>,
    h: &[T],
    gaps: Option<Gaps<'_>>,
    first: usize,
    out: &mut [f64],
) -> Result<()> {
    // Lanes run along the features: term r of an estimate is row r of W, times one number of H.
    let lanes = ROWS;
    let mut by_factor = Aligned::zeros(w.k * lanes)?;
    for (l, column) in w.data()[first * w.stride..]
        .chunks_exact(w.stride)
        .take(out.len())
        .enumerate()
    {
        for r in 0..w.k {
            by_factor[r * lanes + l] = column[r];
        }
    }
    let mut estimates: Aligned<T> = Aligned::zeros(DEPTH * lanes)?;
    let mut entries = Aligned::zeros(DEPTH * lanes)?;
    for left in (0..x.cols).step_by(DEPTH) {
        let depth = DEPTH.min(x.cols - left);
        estimates.fill(T::default());
        run(Accumulate {
            factor: &by_factor,
            stride: lanes,
            k: lanes,
            entries: &h[left * w.stride..],
            along: 1,
            across: w.stride,
            terms: w.k,
            out: &mut estimates[..depth * lanes],
        });
        entries.fill(T::default());
        lay_out(x, first, out.len(), left..left + depth, &mut entries, lanes);
        if let Some(Gaps { mask, weights }) = gaps {
            let tiles = estimates
                .chunks_exact_mut(lanes)
                .zip(entries.chunks_exact_mut(lanes));
            for (d, (estimates, entries)) in tiles.take(depth).enumerate() {
                for (l, (estimate, entry)) in
                    estimates[..out.len()].iter_mut().zip(entries).enumerate()
                {
                    if mask.held(first + l, left + d) {
                        *estimate = T::default();
                    } else if let Some(weights) = weights {
                        let root = weights.at(first + l, left + d).sqrt();
                        *estimate = T::from_f64(estimate.to_f64() * root);
                        *entry = T::from_f64(entry.to_f64() / root);
                    }
                }
            }
        }
        for (entries, estimates) in entries
            .chunks_exact(lanes)
            .zip(estimates.chunks_exact(lanes))
            .take(depth)
        {
            for (out, (x, e)) in out.iter_mut().zip(entries.iter().zip(estimates)) {
                let error = x.to_f64() - e.to_f64();
                *out += error * error;
            }
        }
    }
    Ok(())
}

/// Entries of `count` features from `first` on, sample after sample, `lanes` numbers each.
fn lay_out<T: Element>(
    x: &Data<'_, T>,
    first: usize,
    count: usize,
    samples: Range<usize>,
    out: &mut [T],
    lanes: usize,
) {
    for part in &x.parts {
        let from = first.max(part.top);
        let to = (first + count).min(part.top + part.rows());
        if from >= to {
            continue;
        }
        for (d, j) in samples.clone().enumerate() {
            let out = &mut out[d * lanes + from - first..d * lanes + to - first];
            match &part.kind {
                PartKind::Dense(block) => {
                    for (l, out) in out.iter_mut().enumerate() {
                        *out = block.data[(from - part.top + l) * block.down + j * block.across];
                    }
                }
                PartKind::Sparse(block) => {
                    let columns = block.columns();
                    let (rows, values) = columns.list(j);
                    let begin = rows.partition_point(|&i| (i as usize) < from - part.top);
                    for (&i, &value) in rows[begin..].iter().zip(&values[begin..]) {
                        match out.get_mut(i as usize + part.top - from) {
                            Some(out) => *out = value,
                            None => break,
                        }
                    }
                }
            }
        }
    }
}

/// ‖X − Wᵀ·H‖², entry by entry, but for those that are held out, and those with a weight so much.
pub fn residual<T: Element>(
    x: &Data<'_, T>,
    w: &Panel<T>,
    h: &Panel<T>,
    gaps: Option<Gaps<'_>>,
) -> Result<f64> {
    Ok(sum(&residual_by_row(x, w, h, gaps)?))
}
