use crate::simd::{Leaf, Real, Vector};

/// Terms whose entries are packed at once for the columns that are left over.
const DEPTH: usize = 64;
/// Most columns in a tile.
const WIDEST: usize = 16;
/// Most numbers in the sums of a tile: 24 lines of 32 bits.
const SUMS: usize = 25 * 16;

/// out_c += Σ_t x_tc · f_t, in ascending order of t, for the columns c of `out`.
///
/// f_t is column t of a panel, `stride` numbers each; x_tc is `entries[t · along + c · across]`.
pub struct Accumulate<'a, T> {
    /// `terms` columns of a panel.
    pub factor: &'a [T],
    /// Numbers from one column of the panel, and of `out`, to the next.
    pub stride: usize,
    /// What the columns are multiplied with.
    pub entries: &'a [T],
    /// Steps in `entries` from one term to the next.
    pub along: usize,
    /// Steps in `entries` from one column of `out` to the next.
    pub across: usize,
    /// Number of terms.
    pub terms: usize,
    /// Some columns of a panel.
    pub out: &'a mut [T],
}

/// A tile of sums: so many lines of so many columns.
#[derive(Clone, Copy)]
struct Tile<T> {
    factor: *const T,
    factor_stride: usize,
    entries: *const T,
    along: usize,
    across: usize,
    terms: usize,
    out: *mut T,
    out_stride: usize,
}

impl<T: Real> Leaf<T> for Accumulate<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<T>>(self) {
        let columns = self.out.len() / self.stride;
        if self.terms == 0 || columns == 0 {
            return;
        }
        assert!(self.stride.is_multiple_of(T::LANES) && self.out.len() == columns * self.stride);
        assert!(self.factor.len() >= self.terms * self.stride);
        assert!(self.entries.len() > (self.terms - 1) * self.along + (columns - 1) * self.across);
        let lines = self.stride / T::LANES;
        let most = if V::REGISTERS == 32 { 8 } else { 1 };
        let width = lines.div_ceil(lines.div_ceil(most));
        let mut tile = Tile {
            factor: self.factor.as_ptr(),
            factor_stride: self.stride,
            entries: self.entries.as_ptr(),
            along: self.along,
            across: self.across,
            terms: self.terms,
            out: self.out.as_mut_ptr(),
            out_stride: self.stride,
        };
        let mut first = 0;
        while first < lines {
            let run = width.min(lines - first);
            // SAFETY: the asserts bound every read of `factor` and `entries` and every access to `out`: a run begins
            // `first` lines into each column and takes `run` of its `lines` lines.
            unsafe {
                match (V::REGISTERS, run) {
                    (32, 1) => tile.each::<V, 1, 14>(columns),
                    (32, 2) => tile.each::<V, 2, 12>(columns),
                    (32, 3) => tile.each::<V, 3, 8>(columns),
                    (32, 4) => tile.each::<V, 4, 6>(columns),
                    (32, 5) => tile.each::<V, 5, 5>(columns),
                    (32, 6) => tile.each::<V, 6, 4>(columns),
                    (32, 7) => tile.each::<V, 7, 3>(columns),
                    (32, 8) => tile.each::<V, 8, 3>(columns),
                    _ => tile.each::<V, 1, 5>(columns),
                }
                tile.factor = tile.factor.add(run * T::LANES);
                tile.out = tile.out.add(run * T::LANES);
            }
            first += run;
        }
    }
}

impl<T: Real> Tile<T> {
    /// Takes the columns `COLUMNS` at a time.
    ///
    /// # Safety
    /// `LINES` lines lie within every column from `factor` and `out` on, and `entries` holds every x_tc.
    #[inline(always)]
    unsafe fn each<V: Vector<T>, const LINES: usize, const COLUMNS: usize>(self, columns: usize) {
        let full = columns / COLUMNS * COLUMNS;
        let at = |c: usize| Self {
            // SAFETY: column c exists.
            entries: unsafe { self.entries.add(c * self.across) },
            out: unsafe { self.out.add(c * self.out_stride) },
            ..self
        };
        for c in (0..full).step_by(COLUMNS) {
            // SAFETY: columns c .. c + COLUMNS exist.
            unsafe {
                // Two copies, so that each has one step that is known.
                if self.across == 1 {
                    Self { across: 1, ..at(c) }.add::<V, LINES, COLUMNS>();
                } else {
                    Self { along: 1, ..at(c) }.general::<V, LINES, COLUMNS>(self.along);
                }
            }
        }
        if full < columns {
            // SAFETY: columns full .. columns exist and are fewer than COLUMNS.
            unsafe { at(full).rest::<V, LINES, COLUMNS>(columns - full) };
        }
    }

    #[inline(always)]
    unsafe fn general<V: Vector<T>, const LINES: usize, const COLUMNS: usize>(self, along: usize) {
        // SAFETY: as for `add`.
        unsafe {
            if along == 1 {
                self.add::<V, LINES, COLUMNS>();
            } else {
                Self { along, ..self }.add::<V, LINES, COLUMNS>();
            }
        }
    }

    /// # Safety
    /// `factor` and `entries` hold `terms` terms for `LINES` lines and `COLUMNS` columns, `out` so many sums.
    #[inline(always)]
    unsafe fn add<V: Vector<T>, const LINES: usize, const COLUMNS: usize>(self) {
        // SAFETY: the caller vouches for every address.
        unsafe {
            let mut sums = [[V::zero(); LINES]; COLUMNS];
            for (c, sums) in sums.iter_mut().enumerate() {
                for (v, sum) in sums.iter_mut().enumerate() {
                    *sum = V::load(self.out.add(c * self.out_stride + v * T::LANES));
                }
            }
            for t in 0..self.terms {
                let factor = self.factor.add(t * self.factor_stride);
                let entries = self.entries.add(t * self.along);
                let mut lines = [V::zero(); LINES];
                for (v, line) in lines.iter_mut().enumerate() {
                    *line = V::load(factor.add(v * T::LANES));
                }
                for (c, sums) in sums.iter_mut().enumerate() {
                    let x = V::splat(*entries.add(c * self.across));
                    for (sum, line) in sums.iter_mut().zip(lines) {
                        *sum = sum.fma(x, line);
                    }
                }
            }
            for (c, sums) in sums.iter().enumerate() {
                for (v, sum) in sums.iter().enumerate() {
                    sum.store(self.out.add(c * self.out_stride + v * T::LANES));
                }
            }
        }
    }

    /// The columns that are left over: their entries are packed as if there were `COLUMNS` of them.
    ///
    /// # Safety
    /// As for `each`, for `columns` < `COLUMNS` columns.
    #[inline(always)]
    unsafe fn rest<V: Vector<T>, const LINES: usize, const COLUMNS: usize>(self, columns: usize) {
        let mut packed = [T::default(); WIDEST * DEPTH];
        let mut sums = [T::default(); SUMS];
        let lanes = LINES * T::LANES;
        debug_assert!(COLUMNS <= WIDEST && COLUMNS * lanes <= SUMS);
        // SAFETY: the caller vouches for the columns; `packed` holds DEPTH · WIDEST entries and `sums` all sums.
        unsafe {
            for c in 0..columns {
                for l in 0..lanes {
                    sums[c * lanes + l] = *self.out.add(c * self.out_stride + l);
                }
            }
            for first in (0..self.terms).step_by(DEPTH) {
                let terms = DEPTH.min(self.terms - first);
                for t in 0..terms {
                    for c in 0..columns {
                        packed[t * WIDEST + c] =
                            *self.entries.add((first + t) * self.along + c * self.across);
                    }
                }
                let part = Self {
                    factor: self.factor.add(first * self.factor_stride),
                    entries: packed.as_ptr(),
                    along: WIDEST,
                    across: 1,
                    terms,
                    out: sums.as_mut_ptr(),
                    out_stride: lanes,
                    ..self
                };
                part.add::<V, LINES, COLUMNS>();
            }
            for c in 0..columns {
                for l in 0..lanes {
                    *self.out.add(c * self.out_stride + l) = sums[c * lanes + l];
                }
            }
        }
    }
}
