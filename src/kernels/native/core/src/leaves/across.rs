use crate::simd::{Leaf, Real, Vector, prefetch};

/// Most factors.
pub const FEW: usize = 8;
/// Most numbers in a line.
const WIDEST: usize = 16;
/// Terms that are brought near before they are taken.
const SOON: usize = 24;

/// out_c += Σ_t x_tc · f_t, in ascending order of t, for the columns c of `out`: what `Accumulate` does, for few factors and
/// entries that lie side by side. Its lanes run along the columns, so that each is in use.
///
/// f_t is column t of a panel, a line of numbers each; x_tc is `entries[t · along + c]`.
pub struct Across<'a, T> {
    /// `terms` columns of a panel.
    pub factor: &'a [T],
    /// Numbers of its columns that are not padding: at most 8.
    pub k: usize,
    /// What the columns are multiplied with.
    pub entries: &'a [T],
    /// Steps in `entries` from one term to the next.
    pub along: usize,
    /// Number of terms.
    pub terms: usize,
    /// Columns of a panel, at least as many as a line has numbers; the padding stays as it is.
    pub out: &'a mut [T],
}

impl<T: Real> Leaf<T> for Across<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<T>>(self) {
        let columns = self.out.len() / T::LANES;
        if self.terms == 0 || columns == 0 || self.k == 0 {
            return;
        }
        assert!(self.k <= FEW && columns >= T::LANES && self.out.len() == columns * T::LANES);
        assert!(self.factor.len() >= self.terms * T::LANES);
        assert!(self.entries.len() >= (self.terms - 1) * self.along + columns);
        let (beside, most) = if V::REGISTERS == 32 { (3, FEW) } else { (1, 6) };
        let lines = columns.div_ceil(T::LANES);
        let factors = self.k.div_ceil(self.k.div_ceil(most));
        for line in (0..lines).step_by(beside) {
            // The last line may reach back over columns that are done: what it finds for those is not stored.
            let mut at = [0; 3];
            for (l, at) in at.iter_mut().enumerate() {
                *at = ((line + l) * T::LANES).min(columns - T::LANES);
            }
            for first in (0..self.k).step_by(factors) {
                let tile = Tile {
                    factor: self.factor.as_ptr().wrapping_add(first),
                    entries: self.entries.as_ptr(),
                    along: self.along,
                    terms: self.terms,
                    first,
                    line,
                    at,
                    out: self.out.as_mut_ptr(),
                };
                let factors = factors.min(self.k - first);
                // SAFETY: every line begins so that it ends within the columns, the factors are among the k, and the asserts
                // bound what is read and written of these.
                unsafe {
                    match (V::REGISTERS, lines - line) {
                        (32, 1) => tile.of::<V, 1>(factors),
                        (32, 2) => tile.of::<V, 2>(factors),
                        (32, _) => tile.of::<V, 3>(factors),
                        _ => tile.of::<V, 1>(factors),
                    }
                }
            }
        }
    }
}

/// Sums of some factors for some lines of columns, each in a register.
struct Tile<T> {
    factor: *const T,
    entries: *const T,
    along: usize,
    terms: usize,
    /// The first factor.
    first: usize,
    /// The first line, and the column with which each begins.
    line: usize,
    at: [usize; 3],
    out: *mut T,
}

impl<T: Real> Tile<T> {
    /// # Safety
    /// As for `add`, for `factors` ≤ 8 factors.
    #[inline(always)]
    unsafe fn of<V: Vector<T>, const LINES: usize>(self, factors: usize) {
        // SAFETY: the caller vouches for so many factors.
        unsafe {
            match factors {
                1 => self.add::<V, LINES, 1>(),
                2 => self.add::<V, LINES, 2>(),
                3 => self.add::<V, LINES, 3>(),
                4 => self.add::<V, LINES, 4>(),
                5 => self.add::<V, LINES, 5>(),
                6 => self.add::<V, LINES, 6>(),
                7 => self.add::<V, LINES, 7>(),
                _ => self.add::<V, LINES, 8>(),
            }
        }
    }

    /// # Safety
    /// `factor` holds `terms` terms of `FACTORS` factors, `entries` theirs for `LINES` lines of columns, and `out` the
    /// columns of all lines.
    #[inline(always)]
    unsafe fn add<V: Vector<T>, const LINES: usize, const FACTORS: usize>(self) {
        let mut turned = [[T::default(); WIDEST]; WIDEST];
        let turned: *mut T = turned.as_mut_ptr().cast();
        // SAFETY: the caller vouches for every address but those of `turned`, which holds a line of lines.
        unsafe {
            let mut sums = [[V::zero(); LINES]; FACTORS];
            for l in 0..LINES {
                let columns = self.out.add(self.at[l] * T::LANES);
                V::transpose(columns, T::LANES, turned, T::LANES);
                for (r, sums) in sums.iter_mut().enumerate() {
                    sums[l] = V::load(turned.add((self.first + r) * T::LANES));
                }
            }
            for t in 0..self.terms {
                let entries = self.entries.add(t * self.along);
                let factor = self.factor.add(t * T::LANES);
                let mut lines = [V::zero(); LINES];
                for (l, line) in lines.iter_mut().enumerate() {
                    *line = V::load(entries.add(self.at[l]));
                    // The hardware does not see so long a step coming.
                    prefetch(entries.wrapping_add(SOON * self.along + self.at[l]));
                }
                for (r, sums) in sums.iter_mut().enumerate() {
                    let f = V::splat(*factor.add(r));
                    for (sum, line) in sums.iter_mut().zip(lines) {
                        *sum = sum.fma(line, f);
                    }
                }
            }
            for l in 0..LINES {
                let columns = self.out.add(self.at[l] * T::LANES);
                V::transpose(columns, T::LANES, turned, T::LANES);
                for (r, sums) in sums.iter().enumerate() {
                    sums[l].store(turned.add((self.first + r) * T::LANES));
                }
                let mut found = [[T::default(); WIDEST]; WIDEST];
                let found: *mut T = found.as_mut_ptr().cast();
                V::transpose(turned, T::LANES, found, T::LANES);
                for c in (self.line + l) * T::LANES - self.at[l]..T::LANES {
                    V::load(found.add(c * T::LANES)).store(columns.add(c * T::LANES));
                }
            }
        }
    }
}
