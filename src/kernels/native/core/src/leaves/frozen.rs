use super::along::{STRETCH, across};
use super::coordinate::Coordinates;
use crate::simd::{Leaf, Real, Vector};

/// Sweeps over the coordinates of a column x on Σ_i (g_i·u_i + ½·c_i·u_i²) and what they have beside that, where u is what
/// rowsᵀ·x has moved: sums as `Along` adds them.
pub struct Frozen<'a, T> {
    /// k rows.
    pub rows: &'a [T],
    /// Numbers from one row to the next.
    pub line: usize,
    /// g, a whole number of lines, no longer than a row; becomes g + c∘u.
    pub slope: &'a mut [T],
    /// c, as long.
    pub curvature: &'a [T],
    /// Σ_i c_i·rows_ri² of each row.
    pub curvatures: &'a [f64],
    /// k coordinates.
    pub x: &'a mut [T],
    /// What they have beside the data.
    pub beside: Coordinates<'a>,
    /// How many sweeps.
    pub sweeps: usize,
}

impl<T: Real> Leaf<T> for Frozen<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<T>>(mut self) {
        let length = self.slope.len();
        let k = self.x.len();
        assert!(length.is_multiple_of(T::LANES) && length <= self.line);
        assert!(self.curvature.len() == length && self.curvatures.len() == k);
        assert!(self.rows.len() >= k * self.line && self.beside.linear.len() == k);
        let mut before: Option<(usize, T)> = None;
        for _ in 0..self.sweeps {
            for r in 0..k {
                let slope = match before {
                    None => self.pass::<V, false>(r, 0, T::default()),
                    Some((q, step)) => self.pass::<V, true>(r, q, step),
                };
                let to = T::from_f64(self.beside.best(r, self.x, slope, self.curvatures[r]));
                let step = T::from_f64(to.to_f64() - self.x[r].to_f64());
                self.x[r] = to;
                before = (step != T::default()).then_some((r, step));
            }
        }
        if let Some((q, step)) = before {
            self.pass::<V, true>(q, q, step);
        }
    }
}

impl<T: Real> Frozen<'_, T> {
    /// Takes step·(row q), and looks along row r.
    #[inline(always)]
    fn pass<V: Vector<T>, const MOVED: bool>(&mut self, r: usize, q: usize, step: T) -> f64 {
        let lines = self.slope.len() / T::LANES;
        let step = V::splat(step);
        let mut total = 0.0;
        for from in (0..lines).step_by(STRETCH) {
            let mut chains = [V::zero(); 2];
            for at in from..lines.min(from + STRETCH) {
                let chain = at % 2;
                let at = at * T::LANES;
                // SAFETY: `at` is a line of `slope`, and so of every row and of `curvature`.
                unsafe {
                    let row = V::load(self.rows.as_ptr().add(r * self.line + at));
                    let place = self.slope.as_mut_ptr().add(at);
                    let mut slope = V::load(place);
                    if MOVED {
                        let moved = V::load(self.rows.as_ptr().add(q * self.line + at));
                        let c = V::load(self.curvature.as_ptr().add(at));
                        slope = slope.fma(c.mul(moved), step);
                        slope.store(place);
                    }
                    chains[chain] = chains[chain].fma(slope, row);
                }
            }
            total += across(chains[0].add(chains[1]));
        }
        total
    }
}
