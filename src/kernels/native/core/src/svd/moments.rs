use crate::data::{Data, DensePart, PartKind};
use crate::error::Result;
use crate::memory::zeros;
use crate::parallel::each_chunk;

/// Features that one task takes.
const ROWS: usize = 64;

/// What centring and scaling need to know of each feature.
pub struct Moments {
    /// Mean of each feature, if it is to be subtracted.
    pub center: Option<Vec<f64>>,
    /// Standard deviation of each feature (n − 1; 1 where it is constant), if it is to be divided out.
    pub scale: Option<Vec<f64>>,
    /// Σ_j ((x_ij − μ_i) / s_i)² over what is known, with μ = 0 and s = 1 where not asked for.
    pub squares: Vec<f64>,
    /// Features that centring leaves nothing of.
    pub empty: Vec<usize>,
}

impl Moments {
    /// What feature i is divided by.
    pub fn deviation(&self, i: usize) -> f64 {
        self.scale.as_ref().map_or(1.0, |scale| scale[i])
    }
}

/// Means, deviations and squares in three passes, the second of which takes the rounding out of the means; the zeros of
/// sparse rows count, and what is missing does not.
pub fn feature_moments(x: &Data<'_>, center: bool, scale: bool) -> Result<Moments> {
    let unlisted = unlisted_by_row(x);
    let mut known = sums_by_row(x, |_, _| 1.0)?;
    known
        .iter_mut()
        .zip(&unlisted)
        .for_each(|(known, unlisted)| *known += unlisted);
    let mut mean = sums_by_row(x, |_, x| x)?;
    mean.iter_mut()
        .zip(&known)
        .for_each(|(mean, n)| *mean /= n.max(1.0));
    let off = sums_by_row(x, |i, x| x - mean[i])?;
    for (i, mean) in mean.iter_mut().enumerate() {
        *mean += (off[i] - unlisted[i] * *mean) / known[i].max(1.0);
    }
    let mut spread = sums_by_row(x, |i, x| (x - mean[i]) * (x - mean[i]))?;
    for ((spread, mean), unlisted) in spread.iter_mut().zip(&mean).zip(&unlisted) {
        *spread += unlisted * mean * mean;
    }
    let spread_of = |i: usize| (spread[i] / (known[i] - 1.0).max(1.0)).sqrt();
    let constant = |i: usize| spread_of(i) <= 1e-14 * mean[i].abs();
    let empty = (0..x.rows).filter(|&i| center && constant(i)).collect();
    let deviation: Vec<f64> = (0..x.rows)
        .map(|i| if constant(i) { 1.0 } else { spread_of(i) })
        .collect();
    let mut squares = if center {
        spread
    } else {
        sums_by_row(x, |_, x| x * x)?
    };
    if scale {
        for (squares, deviation) in squares.iter_mut().zip(&deviation) {
            *squares /= deviation * deviation;
        }
    }
    Ok(Moments {
        center: center.then_some(mean),
        scale: scale.then_some(deviation),
        squares,
        empty,
    })
}

/// How many entries of each feature are zeros that are not listed.
fn unlisted_by_row(x: &Data<'_>) -> Vec<f64> {
    let rows = x.parts.iter().flat_map(|part| {
        (0..part.rows()).map(|row| match &part.kind {
            PartKind::Dense(_) => 0,
            PartKind::Sparse(block) if block.unlisted_missing => 0,
            PartKind::Sparse(block) => block
                .by_row()
                .map_or(0, |rows| x.cols - rows.list(row).0.len()),
        })
    });
    rows.map(|count| count as f64).collect()
}

/// Σ value(i, x_ij) over the listed entries of each feature i that are known, in the order of the samples.
fn sums_by_row(x: &Data<'_>, value: impl Fn(usize, f64) -> f64 + Sync) -> Result<Vec<f64>> {
    let value = |i: usize, x: f64| if x.is_nan() { 0.0 } else { value(i, x) };
    let mut sums = zeros(x.rows)?;
    for part in &x.parts {
        let out = &mut sums[part.top..part.top + part.rows()];
        each_chunk(out, ROWS, part.stored().len(), |c, out| {
            let first = c * ROWS;
            match &part.kind {
                PartKind::Dense(block) => {
                    dense_sums(block, first, out, |i, x| value(part.top + i, x))
                }
                PartKind::Sparse(block) => {
                    let Some(rows) = block.by_row() else { return };
                    for (i, sum) in (first..).zip(out) {
                        let (_, values) = rows.list(i);
                        *sum = values
                            .iter()
                            .fold(0.0, |sum, &x| sum + value(part.top + i, x));
                    }
                }
            }
        });
    }
    Ok(sums)
}

fn dense_sums(
    block: &DensePart<'_, f64>,
    first: usize,
    out: &mut [f64],
    value: impl Fn(usize, f64) -> f64,
) {
    for j in 0..block.cols {
        for (i, sum) in (first..).zip(out.iter_mut()) {
            *sum += value(i, block.data[i * block.down + j * block.across]);
        }
    }
}
