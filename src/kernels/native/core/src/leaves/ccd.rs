use super::along::{STRETCH, across};
use super::coordinate::Coordinates;
use crate::simd::{Leaf, Real, Vector};

/// Sweeps of Newton steps over the coordinates of a column x (CCD: Hsieh & Dhillon 2011), each on the loss as it is then:
/// −Σ_i (a_i·ln μ_i + b_i·ln(μ_i + s_i)) and what its coordinates have beside that, where μ = rowsᵀ·x.
///
/// Slopes and curvatures are those at max(μ, floor): sums of t and t² with t = row/μ; they are added as `Along` adds.
pub struct Ccd<'a, T> {
    /// k rows.
    pub rows: &'a [T],
    /// Numbers from one row to the next.
    pub line: usize,
    /// A whole number of lines, no longer than a row; 0 beyond the entries.
    pub a: &'a [T],
    /// b and s, each as long, s > 0 or b = 0.
    pub shifted: Option<(&'a [T], &'a [T])>,
    /// Least μ, > 0.
    pub floor: T,
    /// As long; kept up.
    pub mu: &'a mut [T],
    /// k coordinates.
    pub x: &'a mut [T],
    /// What they have beside the data.
    pub beside: Coordinates<'a>,
    /// How many sweeps.
    pub sweeps: usize,
}

impl<T: Real> Leaf<T> for Ccd<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<T>>(mut self) {
        let length = self.a.len();
        let k = self.x.len();
        assert!(length.is_multiple_of(T::LANES) && length <= self.line && self.mu.len() == length);
        assert!(self.rows.len() >= k * self.line && self.beside.linear.len() == k);
        if let Some((b, s)) = self.shifted {
            assert!(b.len() == length && s.len() == length);
        }
        // The step of the coordinate before, which μ has not taken yet.
        let mut before: Option<(usize, T)> = None;
        for _ in 0..self.sweeps {
            for r in 0..k {
                let (slope, curvature) = match (before, self.shifted.is_some()) {
                    (None, false) => self.pass::<V, false, false>(r, 0, T::default()),
                    (None, true) => self.pass::<V, false, true>(r, 0, T::default()),
                    (Some((q, step)), false) => self.pass::<V, true, false>(r, q, step),
                    (Some((q, step)), true) => self.pass::<V, true, true>(r, q, step),
                };
                let to = T::from_f64(self.beside.best(r, self.x, -slope, curvature));
                let step = T::from_f64(to.to_f64() - self.x[r].to_f64());
                self.x[r] = to;
                before = (step != T::default()).then_some((r, step));
            }
        }
        if let Some((q, step)) = before {
            self.pass::<V, true, false>(q, q, step);
        }
    }
}

impl<T: Real> Ccd<'_, T> {
    /// Adds step·(row q) to μ, and looks along row r.
    #[inline(always)]
    fn pass<V: Vector<T>, const MOVED: bool, const SHIFTED: bool>(
        &mut self,
        r: usize,
        q: usize,
        step: T,
    ) -> (f64, f64) {
        let lines = self.a.len() / T::LANES;
        let (floor, step) = (V::splat(self.floor), V::splat(step));
        let (b, s) = self.shifted.unwrap_or((self.a, self.a));
        let (mut slope, mut curvature) = (0.0, 0.0);
        for from in (0..lines).step_by(STRETCH) {
            let (mut first, mut second) = (V::zero(), V::zero());
            for at in from..lines.min(from + STRETCH) {
                let at = at * T::LANES;
                // SAFETY: `at` is a line of `a`, and so of every row and of what is as long as `a`.
                unsafe {
                    let row = V::load(self.rows.as_ptr().add(r * self.line + at));
                    let place = self.mu.as_mut_ptr().add(at);
                    let mut mu = V::load(place);
                    if MOVED {
                        let moved = V::load(self.rows.as_ptr().add(q * self.line + at));
                        mu = mu.fma(step, moved);
                        mu.store(place);
                    }
                    let mu = mu.max(floor);
                    let a = V::load(self.a.as_ptr().add(at));
                    let t = row.div(mu);
                    let at_t = a.mul(t);
                    first = first.add(at_t);
                    second = second.fma(at_t, t);
                    if SHIFTED {
                        let t = row.div(mu.add(V::load(s.as_ptr().add(at))));
                        let at_t = V::load(b.as_ptr().add(at)).mul(t);
                        first = first.add(at_t);
                        second = second.fma(at_t, t);
                    }
                }
            }
            slope += across(first);
            curvature += across(second);
        }
        (slope, curvature)
    }
}
