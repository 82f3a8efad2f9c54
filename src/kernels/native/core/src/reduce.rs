use crate::data::{Data, Dense};
use crate::error::Result;
use crate::matrix::Panel;
use crate::memory::zeros;
use crate::parallel::collect;
use crate::products::dense_rows;

/// Entries of a dot product in one chunk.
const ENTRIES: usize = 4096;
/// Columns of a panel in one chunk.
pub const COLUMNS: usize = 512;
/// Partial Gram matrices held at once.
const PARTIALS: usize = 32;
const LANES: usize = 8;

/// Σ a_i·b_i on this thread, in eight running sums.
pub fn inner(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let (a_lanes, a_rest) = a.as_chunks::<LANES>();
    let (b_lanes, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a_lanes.iter().zip(b_lanes) {
        for l in 0..LANES {
            sums[l] += a[l] * b[l];
        }
    }
    for (l, (a, b)) in a_rest.iter().zip(b_rest).enumerate() {
        sums[l] += a * b;
    }
    let pair = |l: usize| sums[l] + sums[l + 4];
    (pair(0) + pair(2)) + (pair(1) + pair(3))
}

/// Σ a_i·b_i.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    let chunk = |c: usize| {
        let range = c * ENTRIES..((c + 1) * ENTRIES).min(a.len());
        inner(&a[range.clone()], &b[range])
    };
    sum(&collect(a.len().div_ceil(ENTRIES), a.len(), chunk))
}

/// Σ x_i, one after the other.
pub fn sum(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |sum, x| sum + x)
}

/// ‖X‖², the sum of squares of all entries.
pub fn sum_of_squares(x: &Data<'_>) -> f64 {
    x.parts
        .iter()
        .fold(0.0, |sum, part| sum + dot(part.stored(), part.stored()))
}

/// G = F·Fᵀ, k × k, of a panel F (k × n); at most `PARTIALS` partial sums of that size are held.
pub fn gram(f: &Panel) -> Result<Vec<f64>> {
    let k = f.rows;
    let columns = COLUMNS.max(f.cols.div_ceil(PARTIALS));
    let chunk = |c: usize| {
        let data = &f.data[c * columns * k..((c + 1) * columns).min(f.cols) * k];
        let block = Dense {
            rows: k,
            cols: data.len() / k,
            data,
        };
        let mut out = zeros(k * k)?;
        dense_rows(data, k, &block, 0, &mut out);
        Ok(out)
    };
    let partials: Result<Vec<Vec<f64>>> =
        collect(f.cols.div_ceil(columns), f.data.len() * k, chunk)
            .into_iter()
            .collect();
    partials.map(in_order)
}

/// Lengths of the k rows of a panel.
#[derive(Clone, Debug, PartialEq)]
pub struct FactorNorms {
    /// Entries of a row.
    pub length: usize,
    /// ‖f_r‖₁, k of them.
    pub l1: Vec<f64>,
    /// ‖f_r‖₂, k of them.
    pub l2: Vec<f64>,
}

/// ‖f_r‖₁ and ‖f_r‖₂ of each row of a panel F (k × n).
pub fn panel_norms(f: &Panel) -> FactorNorms {
    let k = f.rows;
    let chunk = |c: usize| {
        let mut sums = vec![0.0; 2 * k];
        let (l1, l2) = sums.split_at_mut(k);
        let columns = &f.data[c * COLUMNS * k..((c + 1) * COLUMNS).min(f.cols) * k];
        for column in columns.chunks_exact(k) {
            for r in 0..k {
                l1[r] += column[r].abs();
                l2[r] += column[r] * column[r];
            }
        }
        sums
    };
    let mut l1 = in_order(collect(f.cols.div_ceil(COLUMNS), f.data.len(), chunk));
    let l2 = l1.split_off(k).iter().map(|x| x.sqrt()).collect();
    FactorNorms {
        length: f.cols,
        l1,
        l2,
    }
}

fn in_order(chunks: Vec<Vec<f64>>) -> Vec<f64> {
    let mut chunks = chunks.into_iter();
    let mut total = chunks.next().unwrap_or_default();
    for chunk in chunks {
        for (total, x) in total.iter_mut().zip(chunk) {
            *total += x;
        }
    }
    total
}
