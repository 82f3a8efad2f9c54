use crate::error::Result;
use crate::leaves::Accumulate;
use crate::memory::Aligned;
use crate::panel::stride_of;
use crate::quadratic::Quadratic;
use crate::simd::{Real, run};

/// x ← x · max(b, 0) ÷ (G·x + ridge·x + linear), so many times: it never raises the objective and keeps zeros.
pub struct Updates<'a, T: Real> {
    quadratic: &'a Quadratic<'a>,
    /// G as a panel.
    gram: Aligned<T>,
    most: usize,
}

impl<'a, T: Real> Updates<'a, T> {
    /// Of a half-step's problem.
    pub fn new(quadratic: &'a Quadratic<'a>, most: usize) -> Result<Self> {
        Ok(Self {
            quadratic,
            gram: gram_panel(quadratic.k, &quadratic.gram, 1.0)?,
            most,
        })
    }

    /// Updates columns x of a panel, given columns b; how much the objective falls is not known (0).
    pub fn apply(&self, stride: usize, x: &mut [T], b: &[T]) -> Result<f64> {
        let terms = &self.quadratic.terms;
        let mut slopes = Aligned::zeros(x.len())?;
        for _ in 0..self.most {
            times_gram(&self.gram, stride, x, &mut slopes);
            let columns = x.chunks_exact_mut(stride).zip(b.chunks_exact(stride));
            for ((x, b), gx) in columns.zip(slopes.chunks_exact(stride)) {
                for r in (0..self.quadratic.k).filter(|&r| self.quadratic.curvature[r] > 0.0) {
                    let (at, linear, ridge) = (x[r].to_f64(), terms.linear[r], terms.ridge[r]);
                    let over = gx[r].to_f64() + ridge * at + linear;
                    let up = b[r].to_f64().max(0.0);
                    x[r] = T::from_f64(if up == 0.0 || at == 0.0 {
                        0.0
                    } else {
                        at * (up / over.max(f64::MIN_POSITIVE))
                    });
                }
            }
        }
        Ok(0.0)
    }
}

/// G, times a number, as k columns of a panel.
pub fn gram_panel<T: Real>(k: usize, gram: &[f64], by: f64) -> Result<Aligned<T>> {
    let stride = stride_of::<T>(k);
    let mut out = Aligned::zeros(k * stride)?;
    for (column, row) in out.chunks_exact_mut(stride).zip(gram.chunks_exact(k)) {
        for (out, x) in column.iter_mut().zip(row) {
            *out = T::from_f64(by * x);
        }
    }
    Ok(out)
}

/// out = G·x for columns x of a panel.
pub fn times_gram<T: Real>(gram: &[T], stride: usize, x: &[T], out: &mut [T]) {
    let k = gram.len() / stride;
    out.fill(T::default());
    run(Accumulate {
        factor: gram,
        stride,
        k,
        entries: x,
        along: 1,
        across: stride,
        terms: k,
        out,
    });
}
