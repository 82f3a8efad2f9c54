use crate::simd::{Leaf, Real, Vector};

/// Lines whose sums are held at once.
const TOGETHER: usize = 4;

/// out_i = Σ_r x_r·rows_ri, in ascending order of r: estimates of the entries of a column.
pub struct Mix<'a, T> {
    /// As many rows as `x` has numbers.
    pub rows: &'a [T],
    /// Numbers from one row to the next.
    pub line: usize,
    /// What rows are multiplied by.
    pub x: &'a [T],
    /// A whole number of lines, no longer than a row.
    pub out: &'a mut [T],
}

impl<T: Real> Leaf<T> for Mix<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<T>>(mut self) {
        let length = self.out.len();
        assert!(length.is_multiple_of(T::LANES) && length <= self.line);
        assert!(self.rows.len() >= self.x.len() * self.line);
        let mut first = 0;
        // SAFETY: TOGETHER lines, or one, from `first` on lie within `out` and so within each row.
        unsafe {
            while first + TOGETHER * T::LANES <= length {
                self.sums::<V, TOGETHER>(first);
                first += TOGETHER * T::LANES;
            }
            while first < length {
                self.sums::<V, 1>(first);
                first += T::LANES;
            }
        }
    }
}

impl<T: Real> Mix<'_, T> {
    /// # Safety
    /// `LINES` lines from `first` on lie within `out`, and so within each row.
    #[inline(always)]
    unsafe fn sums<V: Vector<T>, const LINES: usize>(&mut self, first: usize) {
        let mut sums = [V::zero(); LINES];
        // SAFETY: the caller vouches for the lines.
        unsafe {
            for (r, x) in self.x.iter().enumerate() {
                let x = V::splat(*x);
                let row = self.rows.as_ptr().add(r * self.line + first);
                for (l, sum) in sums.iter_mut().enumerate() {
                    *sum = sum.fma(x, V::load(row.add(l * T::LANES)));
                }
            }
            let out = self.out.as_mut_ptr().add(first);
            for (l, sum) in sums.iter().enumerate() {
                sum.store(out.add(l * T::LANES));
            }
        }
    }
}
