use crate::data::{Data, DensePart, Element, PartKind};
use crate::error::Result;
use crate::leaves::{Accumulate, Dot, SUMS};
use crate::memory::{Aligned, zeros};
use crate::panel::Panel;
use crate::parallel::collect;
use crate::simd::{Real, run};

/// Entries of a dot product in one chunk.
const ENTRIES: usize = 4096;
/// Columns of a panel in one chunk.
const COLUMNS: usize = 1024;
/// Columns whose products are summed in the panel's own numbers before they are added in 64 bits.
const NARROW: usize = 64;
/// Columns whose parts of a half-step's sums are added at once, from the begin of a range on: a range that is met stretch by
/// stretch has the sums that it has as a whole.
pub const STRETCH: usize = NARROW;

/// Σ a_i·b_i on this thread, summed in 64 bits.
pub fn inner<T: Real>(a: &[T], b: &[T]) -> f64 {
    run(Dot { a, b })
}

/// Σ a_i·b_i, summed in 64 bits.
pub fn dot<T: Real>(a: &[T], b: &[T]) -> f64 {
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

/// ‖X‖², the sum of squares of all entries; the same bits whichever way dense entries are stored.
pub fn sum_of_squares<T: Element>(x: &Data<'_, T>) -> f64 {
    x.parts.iter().fold(0.0, |sum, part| {
        sum + match &part.kind {
            PartKind::Dense(block) => sum_by_column(&squares_by_column(block)),
            PartKind::Sparse(block) => dot(&block.values, &block.values),
        }
    })
}

/// ‖x_j‖² of each column, as by `inner`.
pub fn squares_by_column<T: Element>(block: &DensePart<'_, T>) -> Vec<f64> {
    let of_columns = |c: usize| {
        let columns = c * NARROW..((c + 1) * NARROW).min(block.cols);
        if block.across != 1 {
            let column = |j: usize| &block.data[j * block.across..][..block.rows];
            return columns.map(|j| inner(column(j), column(j))).collect();
        }
        let mut sums = [[0.0; NARROW]; SUMS];
        for i in 0..block.rows {
            let row = &block.data[i * block.down..][columns.clone()];
            for (sum, x) in sums[i % SUMS].iter_mut().zip(row) {
                *sum += x.to_f64() * x.to_f64();
            }
        }
        let mut width = SUMS;
        while width > 1 {
            width /= 2;
            for l in 0..width {
                let other = sums[l + width];
                sums[l].iter_mut().zip(other).for_each(|(sum, x)| *sum += x);
            }
        }
        sums[0][..columns.len()].to_vec()
    };
    let chunks = block.cols.div_ceil(NARROW);
    collect(chunks, block.data.len(), of_columns).concat()
}

/// The sum of one number for each column.
pub fn sum_by_column(squares: &[f64]) -> f64 {
    squares
        .chunks(NARROW)
        .map(sum)
        .fold(0.0, |total, x| total + x)
}

/// ‖X‖² of data that come panel by panel, dense or sparse, with the bits of `sum_of_squares`.
#[derive(Default)]
pub struct Squares<T> {
    /// Of each column, of dense data.
    columns: Vec<f64>,
    /// Of each chunk of entries that is whole, of sparse ones.
    chunks: Vec<f64>,
    /// Entries of a chunk that has begun.
    rest: Vec<T>,
}

impl<T: Element> Squares<T> {
    /// Goes on with the next columns.
    pub fn add(&mut self, x: &Data<'_, T>) {
        for part in &x.parts {
            match &part.kind {
                PartKind::Dense(block) => self.columns.extend(squares_by_column(block)),
                PartKind::Sparse(block) => self.add_listed(&block.values),
            }
        }
    }

    fn add_listed(&mut self, values: &[T]) {
        let (first, values) = values.split_at((ENTRIES - self.rest.len()).min(values.len()));
        self.rest.extend_from_slice(first);
        if self.rest.len() < ENTRIES {
            return;
        }
        self.chunks.push(inner(&self.rest, &self.rest));
        let (whole, rest) = values.split_at(values.len() - values.len() % ENTRIES);
        let chunk = |c: usize| {
            let own = &whole[c * ENTRIES..(c + 1) * ENTRIES];
            inner(own, own)
        };
        self.chunks
            .extend(collect(whole.len() / ENTRIES, whole.len(), chunk));
        self.rest.clear();
        self.rest.extend_from_slice(rest);
    }

    /// The sum of all.
    pub fn total(mut self) -> f64 {
        if !self.rest.is_empty() {
            self.chunks.push(inner(&self.rest, &self.rest));
        }
        sum_by_column(&self.columns) + sum(&self.chunks)
    }
}

/// Σ a_i·b_i of some columns of two panels, on this thread, stretch after stretch.
pub fn inner_by_stretch<T: Real>(a: &[T], b: &[T], stride: usize) -> f64 {
    let size = STRETCH * stride;
    let parts = a.chunks(size).zip(b.chunks(size));
    parts.fold(0.0, |sum, (a, b)| sum + inner(a, b))
}

/// Adds F·Fᵀ of some columns of a panel to `out`, k × k.
pub fn add_gram<T: Real>(columns: &[T], stride: usize, k: usize, out: &mut [f64]) -> Result<()> {
    add_cross(columns, columns, stride, k, out)
}

/// Adds A·Bᵀ of some columns of two panels to `out`, k × k, column after column.
fn add_cross<T: Real>(a: &[T], b: &[T], stride: usize, k: usize, out: &mut [f64]) -> Result<()> {
    // The rows of padding are products too: whole tiles are faster.
    let mut products = Aligned::zeros(stride * stride)?;
    let size = NARROW * stride;
    for (factor, entries) in a.chunks(size).zip(b.chunks(size)) {
        products.fill(T::default());
        run(Accumulate {
            factor,
            stride,
            k,
            entries,
            along: stride,
            across: 1,
            terms: factor.len() / stride,
            out: &mut products,
        });
        for (out, column) in out.chunks_exact_mut(k).zip(products.chunks_exact(stride)) {
            for (out, x) in out.iter_mut().zip(column) {
                *out += x.to_f64();
            }
        }
    }
    Ok(())
}

/// G = F·Fᵀ, k × k, of a panel F (k × n).
pub fn gram<T: Real>(f: &Panel<T>) -> Result<Vec<f64>> {
    cross_gram(f, f)
}

/// A·Bᵀ, k × k, column after column, of two panels (k × n).
pub fn cross_gram<T: Real>(a: &Panel<T>, b: &Panel<T>) -> Result<Vec<f64>> {
    let k = a.k;
    let chunk = |c: usize| {
        let columns = c * COLUMNS..((c + 1) * COLUMNS).min(a.cols);
        let mut out = zeros(k * k)?;
        let data = columns.start * a.stride..columns.end * a.stride;
        add_cross(
            &a.data()[data.clone()],
            &b.data()[data],
            a.stride,
            k,
            &mut out,
        )?;
        Ok(out)
    };
    let count = a.cols.div_ceil(COLUMNS);
    let partials: Result<Vec<Vec<f64>>> =
        collect(count, a.cols * k * k, chunk).into_iter().collect();
    Ok(in_order(partials?, k * k))
}

/// Σ_j a_rj·b_rj of each row r of some columns of two panels, one after the other.
pub fn cross_of<T: Real>(k: usize, stride: usize, a: &[T], b: &[T]) -> Vec<f64> {
    let mut sums = vec![0.0; k];
    for (a, b) in a.chunks_exact(stride).zip(b.chunks_exact(stride)) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a.to_f64() * b.to_f64();
        }
    }
    sums
}

/// Σ_j a_rj·b_rj of each row r of two panels (k × n).
pub fn row_crosses<T: Real>(a: &Panel<T>, b: &Panel<T>) -> Vec<f64> {
    let chunk = |c: usize| {
        let columns = c * COLUMNS..((c + 1) * COLUMNS).min(a.cols);
        let data = columns.start * a.stride..columns.end * a.stride;
        cross_of(a.k, a.stride, &a.data()[data.clone()], &b.data()[data])
    };
    in_order(collect(a.cols.div_ceil(COLUMNS), a.cols * a.k, chunk), a.k)
}

/// Σ_j |x_rj| of each row r of a panel F (k × n).
pub fn sums_of_magnitudes<T: Real>(f: &Panel<T>) -> Vec<f64> {
    sums_of(f, f64::abs)
}

/// Σ_j x_rj² of each row r of a panel F (k × n).
pub fn sums_of_row_squares<T: Real>(f: &Panel<T>) -> Vec<f64> {
    sums_of(f, |x| x * x)
}

fn sums_of<T: Real>(f: &Panel<T>, value: impl Fn(f64) -> f64 + Sync) -> Vec<f64> {
    let chunk = |c: usize| {
        let columns = c * COLUMNS..((c + 1) * COLUMNS).min(f.cols);
        let mut sums = vec![0.0; f.k];
        for column in
            f.data()[columns.start * f.stride..columns.end * f.stride].chunks_exact(f.stride)
        {
            for (sum, x) in sums.iter_mut().zip(column) {
                *sum += value(x.to_f64());
            }
        }
        sums
    };
    in_order(collect(f.cols.div_ceil(COLUMNS), f.cols * f.k, chunk), f.k)
}

/// The sum of vectors, one after the other.
pub fn in_order(vectors: Vec<Vec<f64>>, length: usize) -> Vec<f64> {
    let mut vectors = vectors.into_iter();
    let mut total = vectors.next().unwrap_or_else(|| vec![0.0; length]);
    for vector in vectors {
        for (total, x) in total.iter_mut().zip(vector) {
            *total += x;
        }
    }
    total
}
