use super::along::{STRETCH, across};
use super::coordinate::Coordinates;
use crate::simd::{Leaf, Real, Vector};

/// Sweeps of Newton steps over the coordinates of a column x (CCD: Hsieh & Dhillon 2011), each on the loss as it is then:
/// −Σ_i (a_i·ln μ_i + b_i·ln(μ_i + s_i)) and what its coordinates have beside that, where μ = rowsᵀ·x.
///
/// Slopes and curvatures are those at max(μ, floor): sums of t and t² with t = row·(1/μ); they are added as `Along` adds.
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
    /// Room for 1/μ, as long.
    pub inverse: &'a mut [T],
    /// k coordinates.
    pub x: &'a mut [T],
    /// What they have beside the data.
    pub beside: Coordinates<'a>,
    /// How many sweeps.
    pub sweeps: usize,
}

/// What a pass does before it looks: nothing, for 1/μ is known.
const KNOWN: u8 = 0;
/// It finds 1/μ.
const FOUND: u8 = 1;
/// It moves μ, and finds 1/μ.
const MOVED: u8 = 2;

impl<T: Real> Leaf<T> for Ccd<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<T>>(mut self) {
        let length = self.a.len();
        let k = self.x.len();
        assert!(length.is_multiple_of(T::LANES) && length <= self.line);
        assert!(self.mu.len() == length && self.inverse.len() == length);
        assert!(self.rows.len() >= k * self.line && self.beside.linear.len() == k);
        if let Some((b, s)) = self.shifted {
            assert!(b.len() == length && s.len() == length);
            self.sweep::<V, true>(k);
        } else {
            self.sweep::<V, false>(k);
        }
    }
}

impl<T: Real> Ccd<'_, T> {
    #[inline(always)]
    fn sweep<V: Vector<T>, const SHIFTED: bool>(&mut self, k: usize) {
        // The step of the coordinate before, which μ has not taken yet.
        let mut before: Option<(usize, T)> = None;
        let mut known = false;
        for _ in 0..self.sweeps {
            for r in 0..k {
                let (slope, curvature) = match (before, known) {
                    (None, true) => self.pass::<V, KNOWN, SHIFTED>(r, 0, T::default()),
                    (None, false) => self.pass::<V, FOUND, SHIFTED>(r, 0, T::default()),
                    (Some((q, step)), _) => self.pass::<V, MOVED, SHIFTED>(r, q, step),
                };
                known = true;
                let to = T::from_f64(self.beside.best(r, self.x, -slope, curvature));
                let step = T::from_f64(to.to_f64() - self.x[r].to_f64());
                self.x[r] = to;
                before = (step != T::default()).then_some((r, step));
            }
        }
        if let Some((q, step)) = before {
            self.pass::<V, MOVED, false>(q, q, step);
        }
    }

    /// Adds step·(row q) to μ where it has moved, and looks along row r.
    #[inline(always)]
    fn pass<V: Vector<T>, const BEFORE: u8, const SHIFTED: bool>(
        &mut self,
        r: usize,
        q: usize,
        step: T,
    ) -> (f64, f64) {
        let lines = self.a.len() / T::LANES;
        let (floor, step) = (V::splat(self.floor), V::splat(step));
        let one = V::splat(T::STEPS[1]);
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
                    let kept = self.inverse.as_mut_ptr().add(at);
                    let mut mu = V::zero();
                    if BEFORE != KNOWN || SHIFTED {
                        mu = V::load(place);
                    }
                    if BEFORE == MOVED {
                        let moved = V::load(self.rows.as_ptr().add(q * self.line + at));
                        mu = mu.fma(step, moved);
                        mu.store(place);
                    }
                    if BEFORE != KNOWN || SHIFTED {
                        mu = mu.max(floor);
                    }
                    let inverse = if BEFORE == KNOWN {
                        V::load(kept)
                    } else {
                        let inverse = one.div(mu);
                        inverse.store(kept);
                        inverse
                    };
                    let t = row.mul(inverse);
                    let at_t = V::load(self.a.as_ptr().add(at)).mul(t);
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
