use crate::simd::{Leaf, Real, Vector};

/// out_(indices_p − first) += values_p · f for one column f of a panel and its listed entries.
pub struct Scatter<'a, T> {
    /// A column of a panel.
    pub factor: &'a [T],
    /// What the first column of `out` is called.
    pub first: usize,
    /// Columns of `out`.
    pub indices: &'a [u32],
    /// Listed entries.
    pub values: &'a [T],
    /// Some columns of a panel.
    pub out: &'a mut [T],
}

impl<T: Real> Leaf<T> for Scatter<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<T>>(self) {
        let stride = self.factor.len();
        assert!(stride.is_multiple_of(T::LANES));
        for (&index, &x) in self.indices.iter().zip(self.values) {
            let x = V::splat(x);
            let at = (index as usize - self.first) * stride;
            let out = &mut self.out[at..at + stride];
            for l in (0..stride).step_by(T::LANES) {
                // SAFETY: both slices hold `stride` numbers, a whole number of lines.
                unsafe {
                    let f = V::load(self.factor.as_ptr().add(l));
                    let to = out.as_mut_ptr().add(l);
                    V::load(to).fma(x, f).store(to);
                }
            }
        }
    }
}
