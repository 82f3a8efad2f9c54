use crate::simd::Real;

/// What the coordinates of a column have beside the data: linear·x + ½·ridge·x² + shrink·|x| each, and ½·xᵀCx, within
/// bounds.
#[derive(Clone, Copy)]
pub struct Coordinates<'a> {
    /// Slope that does not depend on the column, k of them.
    pub linear: &'a [f64],
    /// k of them, ≥ 0; a coordinate whose ridge is infinite is left alone.
    pub ridge: &'a [f64],
    /// k of them, ≥ 0.
    pub shrink: &'a [f64],
    /// C, k × k, symmetric, zero on the diagonal.
    pub coupling: Option<&'a [f64]>,
    /// Least of each.
    pub lower: f64,
    /// Most of each.
    pub upper: f64,
}

impl Coordinates<'_> {
    /// Row r of C·x.
    #[inline(always)]
    pub fn coupled<T: Real>(&self, r: usize, x: &[T]) -> f64 {
        let Some(coupling) = self.coupling else {
            return 0.0;
        };
        let k = self.linear.len();
        let row = coupling[r * k..(r + 1) * k].iter().zip(x);
        row.fold(0.0, |sum, (c, x)| sum + c * x.to_f64())
    }

    /// Where coordinate r is lowest, for data of that slope and curvature at x.
    #[inline(always)]
    pub fn best<T: Real>(&self, r: usize, x: &[T], slope: f64, curvature: f64) -> f64 {
        let at = x[r].to_f64();
        let (ridge, shrink) = (self.ridge[r], self.shrink[r]);
        let slope = slope + self.linear[r] + self.coupled(r, x);
        let curvature = curvature + ridge;
        if curvature == 0.0 {
            let falls = slope + shrink > 0.0 && self.lower > f64::NEG_INFINITY;
            return if falls { self.lower } else { at };
        }
        let free = at - (slope + ridge * at) / curvature;
        let shrink = shrink / curvature;
        let to = ((free - shrink).max(0.0) + (free + shrink).min(0.0))
            .max(self.lower)
            .min(self.upper);
        if curvature.is_finite() && to.is_finite() {
            to
        } else {
            at
        }
    }

    /// By how much their own terms rise from one column to another.
    pub fn change<T: Real>(&self, from: &[T], to: &[T]) -> f64 {
        let mut sum = 0.0;
        for (r, (from_r, to_r)) in from.iter().zip(to).enumerate() {
            let (old, new) = (from_r.to_f64(), to_r.to_f64());
            if old == new {
                continue;
            }
            let coupled = self.coupled(r, from) + self.coupled(r, to);
            let by = self.linear[r] + 0.5 * (self.ridge[r] * (old + new) + coupled);
            sum += by * (new - old) + self.shrink[r] * (new.abs() - old.abs());
        }
        sum
    }
}
