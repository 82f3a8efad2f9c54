use crate::simd::{Leaf, Real, Vector};

/// x ← x + β·(x − before), kept within bounds, and before ← x as it was.
pub struct Extrapolate<'a, T> {
    /// The present, and then the guess at the future.
    pub x: &'a mut [T],
    /// The past, and then the present.
    pub before: &'a mut [T],
    /// β.
    pub beta: T,
    /// Least of a guess.
    pub lower: T,
    /// Most of a guess.
    pub upper: T,
}

impl<T: Real> Leaf<T> for Extrapolate<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<T>>(self) {
        assert!(self.x.len() == self.before.len() && self.x.len().is_multiple_of(T::LANES));
        let (beta, lower, upper) = (
            V::splat(self.beta),
            V::splat(self.lower),
            V::splat(self.upper),
        );
        for l in (0..self.x.len()).step_by(T::LANES) {
            // SAFETY: both slices hold a whole number of lines, and `l` is the begin of one.
            unsafe {
                let (x, before) = (self.x.as_mut_ptr().add(l), self.before.as_mut_ptr().add(l));
                let now = V::load(x);
                let guess = now.fma(beta, now.sub(V::load(before)));
                guess.max(lower).min(upper).store(x);
                now.store(before);
            }
        }
    }
}
