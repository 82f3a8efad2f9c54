use super::subtract;
use crate::error::Result;
use crate::factor::exponent;
use crate::matrix::Matrix;
use crate::parallel::each_chunk;
use crate::reduce::inner;

/// What is left of a column after projection counts as nothing below this fraction of it.
const DEPENDENT: f64 = 1e-12;

/// Takes from x its part along each of the orthonormal columns q (one after the other); adds what it took to `taken`.
fn project<'a>(q: impl Iterator<Item = &'a [f64]>, x: &mut [f64], taken: &mut [f64]) {
    for (q, taken) in q.zip(taken) {
        let c = inner(q, x);
        *taken += c;
        subtract(x, c, q);
    }
}

/// Divides x by the length that projection has left of it; returns that length, 0 (and x = 0) if that is nothing.
fn normalize(x: &mut [f64], before: f64) -> f64 {
    let after = inner(x, x).sqrt();
    if after <= DEPENDENT * before {
        x.fill(0.0);
        return 0.0;
    }
    x.iter_mut().for_each(|x| *x /= after);
    after
}

/// Multiplies each column by the power of two that brings its largest entry to 1 … 2, so that squares stay numbers.
fn bring_to_one(m: &mut Matrix) {
    for column in m.data.chunks_exact_mut(m.rows) {
        let largest = column.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
        // In two steps, since the power itself may be out of range.
        let half = exponent(largest) / 2;
        let rest = exponent(largest) - half;
        for x in column {
            *x = *x * 2.0_f64.powi(-half) * 2.0_f64.powi(-rest);
        }
    }
}

/// Q with what is new in the columns of `block` added to its orthonormal columns, up to `most` of them; what lies in it
/// already is left out. Gram–Schmidt, done twice ("twice is enough", Giraud et al. 2005).
pub fn extend(q: &Matrix, block: &Matrix, most: usize) -> Result<Matrix> {
    let rows = block.rows;
    let mut unit = Matrix::copied(rows, block.cols, &block.data)?;
    bring_to_one(&mut unit);
    let mut once = Matrix::copied(rows, block.cols, &unit.data)?;
    let work = 2 * q.data.len() * block.cols;
    // Each column's first pass over Q does not wait for the other columns.
    each_chunk(&mut once.data, rows, work, |_, x| {
        project(q.data.chunks_exact(rows), x, &mut vec![0.0; q.cols]);
    });
    let mut wider = Matrix::zeros(rows, q.cols + block.cols)?;
    wider.data[..q.data.len()].copy_from_slice(&q.data);
    let mut count = q.cols;
    for j in 0..block.cols {
        if count == most {
            break;
        }
        let (done, rest) = wider.data.split_at_mut(count * rows);
        let x = &mut rest[..rows];
        x.copy_from_slice(once.column(j));
        let mut taken = vec![0.0; count];
        project(done[q.data.len()..].chunks_exact(rows), x, &mut taken);
        project(done.chunks_exact(rows), x, &mut taken);
        let before = inner(unit.column(j), unit.column(j)).sqrt();
        if normalize(x, before) > 0.0 {
            count += 1;
        }
    }
    wider.columns(0, count)
}

/// Y = Q·R.
pub struct Qr {
    /// Orthonormal columns, or zero where a column of Y depends on those before it; rows × cols.
    pub q: Matrix,
    /// Upper triangular, cols × cols.
    pub r: Matrix,
}

/// Gram–Schmidt, done twice.
pub fn qr(y: &Matrix) -> Result<Qr> {
    let mut q = Matrix::copied(y.rows, y.cols, &y.data)?;
    let mut r = Matrix::zeros(y.cols, y.cols)?;
    for j in 0..y.cols {
        let (done, rest) = q.data.split_at_mut(j * y.rows);
        let x = &mut rest[..y.rows];
        let taken = r.column_mut(j);
        let before = inner(x, x).sqrt();
        project(done.chunks_exact(y.rows), x, taken);
        project(done.chunks_exact(y.rows), x, taken);
        taken[j] = normalize(x, before);
    }
    Ok(Qr { q, r })
}

/// Fills the zero columns of Q with unit vectors at right angles to all others, as far as there is room.
pub fn complete(q: &mut Matrix) {
    let rows = q.rows;
    let mut next = 0;
    for j in 0..q.cols {
        if inner(q.column(j), q.column(j)) > 0.0 {
            continue;
        }
        while next < rows {
            let mut x = vec![0.0; rows];
            x[next] = 1.0;
            next += 1;
            for _ in 0..2 {
                project(q.data.chunks_exact(rows), &mut x, &mut vec![0.0; q.cols]);
            }
            let left = inner(&x, &x).sqrt();
            if left > 1e-3 {
                x.iter_mut().for_each(|x| *x /= left);
                q.column_mut(j).copy_from_slice(&x);
                break;
            }
        }
    }
}
