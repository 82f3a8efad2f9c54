use crate::simd::{Leaf, Real, Vector};

/// Listed entries of a column that every run of lines takes before the next entries are read.
const DEPTH: usize = 128;

/// out_c += Σ_p values_p · f_(indices_p), in ascending order of p, for the columns c of `out` and the listed entries of
/// each, f_i being column i of a panel.
pub struct Gather<'a, T, B> {
    /// Columns of a panel.
    pub factor: &'a [T],
    /// Numbers from one column of the panel, and of `out`, to the next.
    pub stride: usize,
    /// Columns of the panel of all listed entries.
    pub indices: &'a [u32],
    /// All listed entries.
    pub values: &'a [T],
    /// Where those of column c begin and end.
    pub bounds: B,
    /// The columns of `out` in the order in which they are to be taken, counted from `first`; nothing: as they come.
    pub order: &'a [u32],
    /// What the first column of `out` is called in `order`.
    pub first: usize,
    /// Some columns of a panel.
    pub out: &'a mut [T],
}

impl<T: Real, B: Fn(usize) -> (usize, usize)> Leaf<T> for Gather<'_, T, B> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<T>>(self) {
        let lines = self.stride / T::LANES;
        match (V::REGISTERS, lines) {
            (_, 1) => self.interleaved::<V, 1, 4>(),
            (32, 2) => self.interleaved::<V, 2, 4>(),
            (_, 2) => self.interleaved::<V, 2, 2>(),
            (32, 3) => self.interleaved::<V, 3, 2>(),
            (_, 3) => self.interleaved::<V, 3, 1>(),
            (32, 4) => self.interleaved::<V, 4, 2>(),
            (32, 5) => self.interleaved::<V, 5, 1>(),
            (32, 6) => self.interleaved::<V, 6, 1>(),
            (32, 7) => self.interleaved::<V, 7, 1>(),
            (32, 8) => self.interleaved::<V, 8, 1>(),
            (32, _) => self.by_runs::<V, 8>(),
            _ => self.by_runs::<V, 3>(),
        }
    }
}

impl<T: Real, B: Fn(usize) -> (usize, usize)> Gather<'_, T, B> {
    /// `COLUMNS` columns side by side, so that one waits while the others add.
    #[inline(always)]
    fn interleaved<V: Vector<T>, const LINES: usize, const COLUMNS: usize>(self) {
        let stride = LINES * T::LANES;
        assert!(self.stride == stride);
        let count = self.factor.len() / stride;
        let columns = self.out.len() / stride;
        let list = |c: usize| {
            let (from, to) = (self.bounds)(c);
            (&self.indices[from..to], &self.values[from..to])
        };
        let (order, begin) = (self.order, self.first);
        assert!(order.is_empty() || order.len() == columns);
        let place = |c: usize| {
            let place = if order.is_empty() {
                c
            } else {
                order[c] as usize - begin
            };
            assert!(place < columns);
            place
        };
        let factor = self.factor.as_ptr();
        let out = self.out.as_mut_ptr();
        let full = columns / COLUMNS * COLUMNS;
        for first in (0..full).step_by(COLUMNS) {
            let places: [usize; COLUMNS] = std::array::from_fn(|c| place(first + c));
            let lists: [_; COLUMNS] = std::array::from_fn(|c| list(places[c]));
            let together = lists
                .iter()
                .map(|(indices, _)| indices.len())
                .min()
                .unwrap_or(0);
            // SAFETY: `place` proves that it is a column of `out`; `entry` proves that its index is one of `factor`; p lies within
            // each list.
            unsafe {
                let mut sums = [[V::zero(); LINES]; COLUMNS];
                for (c, sums) in sums.iter_mut().enumerate() {
                    *sums = load::<T, V, LINES>(out.add(places[c] * stride));
                }
                for p in 0..together {
                    for c in 0..COLUMNS {
                        let (index, x) =
                            (*lists[c].0.get_unchecked(p), *lists[c].1.get_unchecked(p));
                        add::<T, V, LINES>(&mut sums[c], entry(factor, index, stride, count), x);
                    }
                }
                for c in 0..COLUMNS {
                    for p in together..lists[c].0.len() {
                        let (index, x) =
                            (*lists[c].0.get_unchecked(p), *lists[c].1.get_unchecked(p));
                        add::<T, V, LINES>(&mut sums[c], entry(factor, index, stride, count), x);
                    }
                    store::<T, V, LINES>(out.add(places[c] * stride), &sums[c]);
                }
            }
        }
        for c in full..columns {
            let c = place(c);
            let (indices, values) = list(c);
            // SAFETY: `place` proves that c is a column of `out`, `entry` each index.
            unsafe {
                let mut sums = load::<T, V, LINES>(out.add(c * stride));
                for (&index, &x) in indices.iter().zip(values) {
                    add::<T, V, LINES>(&mut sums, entry(factor, index, stride, count), x);
                }
                store::<T, V, LINES>(out.add(c * stride), &sums);
            }
        }
    }

    /// Runs of at most `MOST` lines, a stretch of entries at a time, so that a run finds what the one before has fetched.
    #[inline(always)]
    fn by_runs<V: Vector<T>, const MOST: usize>(self) {
        let stride = self.stride;
        assert!(stride.is_multiple_of(T::LANES));
        let count = self.factor.len() / stride;
        let lines = stride / T::LANES;
        for (c, out) in self.out.chunks_exact_mut(stride).enumerate() {
            let (from, to) = (self.bounds)(c);
            let entries = self.indices[from..to]
                .chunks(DEPTH)
                .zip(self.values[from..to].chunks(DEPTH));
            for (indices, values) in entries {
                let mut first = 0;
                while first + MOST <= lines {
                    // SAFETY: lines first .. first + MOST lie within a column; `entry` proves each index.
                    unsafe {
                        stretch::<T, V, MOST>(
                            self.factor,
                            first,
                            stride,
                            count,
                            indices,
                            values,
                            out,
                        );
                    }
                    first += MOST;
                }
                while first < lines {
                    // SAFETY: line `first` lies within a column; `entry` proves each index.
                    unsafe {
                        stretch::<T, V, 1>(self.factor, first, stride, count, indices, values, out);
                    }
                    first += 1;
                }
            }
        }
    }
}

/// # Safety
/// Lines first .. first + LINES lie within a column of `stride` numbers, and `out` is one; `factor` holds `count`.
#[inline(always)]
unsafe fn stretch<T: Real, V: Vector<T>, const LINES: usize>(
    factor: &[T],
    first: usize,
    stride: usize,
    count: usize,
    indices: &[u32],
    values: &[T],
    out: &mut [T],
) {
    // SAFETY: the caller vouches for the lines; `entry` proves each index.
    unsafe {
        let at = first * T::LANES;
        let out = out.as_mut_ptr().add(at);
        let mut sums = load::<T, V, LINES>(out);
        for (&index, &x) in indices.iter().zip(values) {
            let f = entry(factor.as_ptr(), index, stride, count).add(at);
            add::<T, V, LINES>(&mut sums, f, x);
        }
        store::<T, V, LINES>(out, &sums);
    }
}

/// Where column `index` of a panel of `count` columns begins.
#[inline(always)]
fn entry<T>(factor: *const T, index: u32, stride: usize, count: usize) -> *const T {
    assert!((index as usize) < count);
    // SAFETY: the column lies within the panel.
    unsafe { factor.add(index as usize * stride) }
}

/// # Safety
/// `LINES` lines can be read.
#[inline(always)]
unsafe fn load<T: Real, V: Vector<T>, const LINES: usize>(from: *const T) -> [V; LINES] {
    let mut sums = [V::zero(); LINES];
    for (v, sum) in sums.iter_mut().enumerate() {
        // SAFETY: the caller vouches for the lines.
        *sum = unsafe { V::load(from.add(v * T::LANES)) };
    }
    sums
}

/// # Safety
/// `LINES` lines can be written.
#[inline(always)]
unsafe fn store<T: Real, V: Vector<T>, const LINES: usize>(to: *mut T, sums: &[V; LINES]) {
    for (v, sum) in sums.iter().enumerate() {
        // SAFETY: the caller vouches for the lines.
        unsafe { sum.store(to.add(v * T::LANES)) };
    }
}

/// # Safety
/// `LINES` lines can be read from `f`.
#[inline(always)]
unsafe fn add<T: Real, V: Vector<T>, const LINES: usize>(sums: &mut [V; LINES], f: *const T, x: T) {
    let x = V::splat(x);
    for (v, sum) in sums.iter_mut().enumerate() {
        // SAFETY: the caller vouches for the lines.
        *sum = sum.fma(x, unsafe { V::load(f.add(v * T::LANES)) });
    }
}
