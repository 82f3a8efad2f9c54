use crate::simd::{Leaf, Real, Vector, prefetch};

/// Terms whose entries are packed at once where there are fewer columns than a tile has.
const DEPTH: usize = 64;
/// Columns that are taken together where their entries lie side by side: these are read from far only once.
const TOGETHER: usize = 64;
/// Most columns in a tile.
const WIDEST: usize = 16;
/// Most numbers in the sums of a tile: 32 lines of 32 bits.
const SUMS: usize = 32 * 16;

/// out_c += Σ_t x_tc · f_t, in ascending order of t, for the columns c of `out`.
///
/// f_t is column t of a panel, `stride` numbers each; x_tc is `entries[t · along + c · across]`.
pub struct Accumulate<'a, T> {
    /// `terms` columns of a panel.
    pub factor: &'a [T],
    /// Numbers from one column of the panel, and of `out`, to the next.
    pub stride: usize,
    /// Numbers of a column of the panel before those that are padding, which are zeros.
    pub k: usize,
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
pub(super) struct Tile<T> {
    pub factor: *const T,
    pub factor_stride: usize,
    pub entries: *const T,
    pub along: usize,
    pub across: usize,
    pub terms: usize,
    pub out: *mut T,
    pub out_stride: usize,
}

impl<T: Real> Leaf<T> for Accumulate<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<T>>(self) {
        let columns = self.out.len() / self.stride;
        if self.terms == 0 || columns == 0 {
            return;
        }
        assert!(self.k <= self.stride && self.stride.is_multiple_of(T::LANES));
        assert!(self.out.len() == columns * self.stride);
        assert!(self.factor.len() >= self.terms * self.stride);
        assert!(self.entries.len() > (self.terms - 1) * self.along + (columns - 1) * self.across);
        let tile = Tile {
            factor: self.factor.as_ptr(),
            factor_stride: self.stride,
            entries: self.entries.as_ptr(),
            along: self.along,
            across: self.across,
            terms: self.terms,
            out: self.out.as_mut_ptr(),
            out_stride: self.stride,
        };
        let groups = if self.across == 1 {
            (columns / TOGETHER).max(1)
        } else {
            1
        };
        for group in 0..groups {
            let first = group * TOGETHER;
            let last = if group + 1 == groups {
                columns
            } else {
                first + TOGETHER
            };
            // SAFETY: the asserts bound every read of `factor` and `entries` and every access to `out`, and `last` is at
            // most `columns`.
            unsafe { tile.at(first).runs::<V>(self.k, last - first) };
        }
    }
}

impl<T: Real> Tile<T> {
    /// # Safety
    /// Column c exists.
    #[inline(always)]
    unsafe fn at(self, c: usize) -> Self {
        // SAFETY: the caller vouches for the column.
        unsafe {
            Self {
                entries: self.entries.add(c * self.across),
                out: self.out.add(c * self.out_stride),
                ..self
            }
        }
    }

    /// Takes the lines of all columns in runs that leave room for sums of several columns.
    ///
    /// # Safety
    /// `k` numbers, made up to whole lines, lie within each of `columns` columns, and `entries` holds every x_tc.
    #[inline(always)]
    unsafe fn runs<V: Vector<T>>(mut self, k: usize, columns: usize) {
        if V::REGISTERS == 32 && (self.across == 1 || self.along == 1) {
            // Where the last line of a column is half empty, those of 2 or 4 columns share one.
            let parts = match k % T::LANES {
                0 => 1,
                end if 4 * end <= T::LANES => 4,
                end if 2 * end <= T::LANES => 2,
                _ => 1,
            };
            let beside = self.across == 1;
            // SAFETY: the caller vouches for all columns.
            unsafe {
                match (k / T::LANES, parts, beside) {
                    (1, 4, true) if columns < 16 => return self.each::<V, 1, 8, 2>(columns),
                    (1, 4, true) => return self.each::<V, 1, 16, 4>(columns),
                    (1, 4, false) => return self.each::<V, 1, 12, 3>(columns),
                    (1, 2, true) => return self.each::<V, 1, 8, 4>(columns),
                    (1, 2, false) => return self.each::<V, 1, 12, 6>(columns),
                    (2, 4, true) => return self.each::<V, 2, 8, 2>(columns),
                    // Halves though the ends are quarters: with less the compiler runs out of registers.
                    (2, 2, _) | (2, 4, false) => return self.each::<V, 2, 8, 4>(columns),
                    _ => {}
                }
            }
        }
        let lines = k.div_ceil(T::LANES);
        let most = match (V::REGISTERS, self.across) {
            (32, 1) => 3,
            (32, _) => 4,
            _ => 1,
        };
        let width = lines.div_ceil(lines.div_ceil(most));
        let mut first = 0;
        while first < lines {
            let run = width.min(lines - first);
            // SAFETY: a run begins `first` lines into each column and takes `run` of its `lines` lines.
            unsafe {
                match (V::REGISTERS, run) {
                    // A tile takes whole lines of entries where these lie side by side.
                    (32, 1) if self.across == 1 && columns < 16 => {
                        self.each::<V, 1, 8, 0>(columns);
                    }
                    (32, 1) if self.across == 1 => self.each::<V, 1, 16, 0>(columns),
                    (32, 2) if self.across == 1 => self.each::<V, 2, 8, 0>(columns),
                    (32, 1) => self.each::<V, 1, 12, 0>(columns),
                    (32, 2) => self.each::<V, 2, 12, 0>(columns),
                    (32, 3) => self.each::<V, 3, 8, 0>(columns),
                    (32, 4) => self.each::<V, 4, 6, 0>(columns),
                    _ => self.each::<V, 1, 5, 0>(columns),
                }
                self.factor = self.factor.add(run * T::LANES);
                self.out = self.out.add(run * T::LANES);
            }
            first += run;
        }
    }

    /// Takes the columns `COLUMNS` at a time.
    ///
    /// # Safety
    /// `LINES` lines lie within every column from `factor` and `out` on, and `entries` holds every x_tc.
    #[inline(always)]
    unsafe fn each<V: Vector<T>, const LINES: usize, const COLUMNS: usize, const ENDS: usize>(
        self,
        columns: usize,
    ) {
        if columns < COLUMNS {
            // SAFETY: the caller vouches for all columns.
            unsafe { self.few::<V, LINES, COLUMNS, ENDS>(columns) };
            return;
        }
        for next in (0..columns).step_by(COLUMNS) {
            // The last tile may reach back over columns that are done: what it finds for those is not stored.
            let c = next.min(columns - COLUMNS);
            let done = next - c;
            // SAFETY: columns c .. c + COLUMNS exist.
            unsafe {
                let tile = self.at(c);
                // Two copies, so that each has one step that is known.
                if ENDS > 0 && self.across == 1 {
                    Self { across: 1, ..tile }.add_beside::<V, LINES, COLUMNS, ENDS>(done);
                } else if ENDS > 0 {
                    Self { along: 1, ..tile }.add_down::<V, LINES, COLUMNS, ENDS>(done);
                } else if self.across == 1 {
                    Self { across: 1, ..tile }.add::<V, LINES, COLUMNS>(done);
                } else {
                    Self { along: 1, ..tile }.general::<V, LINES, COLUMNS>(self.along, done);
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn general<V: Vector<T>, const LINES: usize, const COLUMNS: usize>(
        self,
        along: usize,
        done: usize,
    ) {
        // SAFETY: as for `add`.
        unsafe {
            if along == 1 {
                self.add::<V, LINES, COLUMNS>(done);
            } else {
                Self { along, ..self }.add::<V, LINES, COLUMNS>(done);
            }
        }
    }

    /// Stores the sums of all columns but the first `done`.
    ///
    /// # Safety
    /// `factor` and `entries` hold `terms` terms for `LINES` lines and `COLUMNS` columns, `out` so many sums.
    #[inline(always)]
    unsafe fn add<V: Vector<T>, const LINES: usize, const COLUMNS: usize>(self, done: usize) {
        // SAFETY: the caller vouches for every address.
        unsafe {
            let mut sums = [[V::zero(); LINES]; COLUMNS];
            for (c, sums) in sums.iter_mut().enumerate() {
                for (v, sum) in sums.iter_mut().enumerate() {
                    *sum = V::load(self.out.add(c * self.out_stride + v * T::LANES));
                }
            }
            for from in (0..self.terms).step_by(T::LANES) {
                if self.along == 1 && LINES > 1 {
                    // A line of every column of the next tile.
                    let ahead = self.entries.wrapping_add(from + COLUMNS * self.across);
                    for c in 0..COLUMNS {
                        prefetch(ahead.wrapping_add(c * self.across));
                    }
                }
                for t in from..self.terms.min(from + T::LANES) {
                    let factor = self.factor.add(t * self.factor_stride);
                    let entries = self.entries.add(t * self.along);
                    if self.across == 1 {
                        // The hardware does not see so long a step coming.
                        let ahead = entries.wrapping_add(2 * COLUMNS);
                        for c in (0..COLUMNS).step_by(T::LANES) {
                            prefetch(ahead.wrapping_add(c));
                        }
                    }
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
            }
            for (c, sums) in sums.iter().enumerate() {
                if c < done {
                    continue;
                }
                for (v, sum) in sums.iter().enumerate() {
                    sum.store(self.out.add(c * self.out_stride + v * T::LANES));
                }
            }
        }
    }

    /// Fewer columns than a tile has: their entries are packed as if there were `COLUMNS` of them.
    ///
    /// # Safety
    /// As for `each`, for `columns` < `COLUMNS` columns.
    #[inline(always)]
    unsafe fn few<V: Vector<T>, const LINES: usize, const COLUMNS: usize, const ENDS: usize>(
        self,
        columns: usize,
    ) {
        let mut packed = [T::default(); WIDEST * DEPTH];
        let mut sums = [T::default(); SUMS];
        let lanes = (LINES + ENDS.min(1)) * T::LANES;
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
                if ENDS > 0 {
                    part.add_beside::<V, LINES, COLUMNS, ENDS>(0);
                } else {
                    part.add::<V, LINES, COLUMNS>(0);
                }
            }
            for c in 0..columns {
                for l in 0..lanes {
                    *self.out.add(c * self.out_stride + l) = sums[c * lanes + l];
                }
            }
        }
    }
}
