use crate::error::Result;
use crate::matrix::Matrix;
use crate::memory::zeros;
use crate::reduce::inner;
use crate::scale::falling;

/// Most rounds over all pairs of columns.
const ROUNDS: usize = 60;

/// A = U·diag(σ)·Vᵀ of a small matrix.
pub struct SmallSvd {
    /// Orthonormal columns, or zero where σ is.
    pub u: Matrix,
    /// Falling.
    pub sigma: Vec<f64>,
    /// Orthonormal columns.
    pub v: Matrix,
}

/// The SVD of a small square matrix by one-sided Jacobi rotations (Hestenes 1958).
pub fn jacobi_svd(a: &Matrix) -> Result<SmallSvd> {
    let n = a.cols;
    let mut u = Matrix::copied(a.rows, n, &a.data)?;
    let mut v = Matrix::zeros(n, n)?;
    for i in 0..n {
        v.data[i * n + i] = 1.0;
    }
    let tolerance = 2e-16 * n.max(8) as f64;
    for _ in 0..ROUNDS {
        if !round(&mut u, &mut v, tolerance) {
            break;
        }
    }
    sorted(&u, &v)
}

/// One round over all pairs of columns; false when all were at right angles.
fn round(u: &mut Matrix, v: &mut Matrix, tolerance: f64) -> bool {
    let n = u.cols;
    let mut rotated = false;
    for p in 0..n {
        for q in p + 1..n {
            let a = inner(u.column(p), u.column(p));
            let b = inner(u.column(q), u.column(q));
            let c = inner(u.column(p), u.column(q));
            if c.abs() <= tolerance * a.sqrt() * b.sqrt() {
                continue;
            }
            rotated = true;
            let zeta = (b - a) / (2.0 * c);
            let t = (if zeta >= 0.0 { 1.0 } else { -1.0 }) / (zeta.abs() + zeta.hypot(1.0));
            let cos = 1.0 / t.hypot(1.0);
            rotate(u, p, q, cos, cos * t);
            rotate(v, p, q, cos, cos * t);
        }
    }
    rotated
}

fn rotate(m: &mut Matrix, p: usize, q: usize, cos: f64, sin: f64) {
    let (left, right) = m.data.split_at_mut(q * m.rows);
    let x = &mut left[p * m.rows..(p + 1) * m.rows];
    for (x, y) in x.iter_mut().zip(right) {
        (*x, *y) = (cos * *x - sin * *y, sin * *x + cos * *y);
    }
}

/// Lengths of the columns of U taken out as σ, falling.
fn sorted(u: &Matrix, v: &Matrix) -> Result<SmallSvd> {
    let n = u.cols;
    let lengths: Vec<f64> = (0..n)
        .map(|j| inner(u.column(j), u.column(j)).sqrt())
        .collect();
    let mut out = SmallSvd {
        u: Matrix::zeros(u.rows, n)?,
        sigma: zeros(n)?,
        v: Matrix::zeros(n, n)?,
    };
    let order = falling(&lengths);
    for (to, &from) in order.iter().enumerate() {
        out.v.column_mut(to).copy_from_slice(v.column(from));
        if lengths[from] <= 1e-15 * lengths[order[0]] {
            continue;
        }
        out.sigma[to] = lengths[from];
        for (target, x) in out.u.column_mut(to).iter_mut().zip(u.column(from)) {
            *target = x / lengths[from];
        }
    }
    Ok(out)
}
