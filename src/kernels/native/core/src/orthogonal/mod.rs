//! Orthonormal columns: Gram–Schmidt and one-sided Jacobi on column-contiguous matrices.

mod gram_schmidt;
mod jacobi;

pub use gram_schmidt::{Qr, complete, extend, qr};
pub use jacobi::{SmallSvd, jacobi_svd};

use crate::error::Result;
use crate::matrix::Matrix;
use crate::parallel::each_chunk;

/// x −= c·q, entry by entry.
fn subtract(x: &mut [f64], c: f64, q: &[f64]) {
    for (x, q) in x.iter_mut().zip(q) {
        *x -= c * q;
    }
}

/// A·B for small B.
pub fn multiply(a: &Matrix, b: &Matrix) -> Result<Matrix> {
    let mut out = Matrix::zeros(a.rows, b.cols)?;
    each_chunk(
        &mut out.data,
        a.rows.max(1),
        a.data.len() * b.cols,
        |j, target| {
            for (s, &b) in b.column(j).iter().enumerate() {
                if b != 0.0 {
                    subtract(target, -b, a.column(s));
                }
            }
        },
    );
    Ok(out)
}
