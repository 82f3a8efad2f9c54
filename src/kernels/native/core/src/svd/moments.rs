use crate::data::{Data, Dense, PartKind};
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
    /// Σ_j ((x_ij − μ_i) / s_i)², with μ = 0 and s = 1 where not asked for.
    pub squares: Vec<f64>,
}

impl Moments {
    /// What feature i is divided by.
    pub fn deviation(&self, i: usize) -> f64 {
        self.scale.as_ref().map_or(1.0, |scale| scale[i])
    }
}

/// Means, deviations and squares in two passes; the zeros of sparse rows count.
pub fn feature_moments(x: &Data<'_>, center: bool, scale: bool) -> Result<Moments> {
    let n = x.cols as f64;
    let mut mean = sums_by_row(x, |_, x| x)?;
    mean.iter_mut().for_each(|mean| *mean /= n);
    let mut squares = sums_by_row(x, |i, x| {
        let d = x - if center { mean[i] } else { 0.0 };
        d * d
    })?;
    let spread = if center {
        None
    } else {
        Some(sums_by_row(x, |i, x| (x - mean[i]) * (x - mean[i]))?)
    };
    let mut deviation = zeros(x.rows)?;
    for part in &x.parts {
        for row in 0..part.rows() {
            let i = part.top + row;
            let listed = match &part.kind {
                PartKind::Dense(_) => x.cols,
                PartKind::Csc(_, rows) => rows.transpose().column(row).0.len(),
            };
            let unlisted = (x.cols - listed) as f64 * mean[i] * mean[i];
            let spread = spread.as_ref().map_or(squares[i], |spread| spread[i]) + unlisted;
            if center {
                squares[i] += unlisted;
            }
            let s = if x.cols > 1 {
                (spread / (n - 1.0)).sqrt()
            } else {
                0.0
            };
            deviation[i] = if s > 1e-14 * mean[i].abs() { s } else { 1.0 };
            if scale {
                squares[i] /= deviation[i] * deviation[i];
            }
        }
    }
    Ok(Moments {
        center: center.then_some(mean),
        scale: scale.then_some(deviation),
        squares,
    })
}

/// Σ value(i, x_ij) over the listed entries of each feature i, in the order of the samples.
fn sums_by_row(x: &Data<'_>, value: impl Fn(usize, f64) -> f64 + Sync) -> Result<Vec<f64>> {
    let mut sums = zeros(x.rows)?;
    for part in &x.parts {
        let out = &mut sums[part.top..part.top + part.rows()];
        each_chunk(out, ROWS, part.stored().len(), |c, out| {
            let first = c * ROWS;
            match &part.kind {
                PartKind::Dense(block) => {
                    dense_sums(block, first, out, |i, x| value(part.top + i, x))
                }
                PartKind::Csc(_, rows) => {
                    for (i, sum) in (first..).zip(out) {
                        let (_, values) = rows.transpose().column(i);
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

fn dense_sums(block: &Dense<'_>, first: usize, out: &mut [f64], value: impl Fn(usize, f64) -> f64) {
    for j in 0..block.cols {
        let from = first + j * block.rows;
        let entries = &block.data[from..from + out.len()];
        for ((i, sum), &x) in (first..).zip(out.iter_mut()).zip(entries) {
            *sum += value(i, x);
        }
    }
}
