use crate::leaves::SUMS;
use crate::simd::{Leaf, Real, Vector};

/// out_c += Σ_p (f_p·x_c)·f_p over the listed columns f_p of a panel, for the columns c of `x` and `out`: what entries
/// that are held out would add to a product if they were as the model has them.
///
/// A dot product runs over lanes in ascending order of lines, and then by halves across a line; the sum over p is that of
/// the even p plus that of the odd ones, each in ascending order.
pub struct Correct<'a, T> {
    /// Columns of the partner's panel.
    pub factor: &'a [T],
    /// Numbers from one column of the panels to the next.
    pub stride: usize,
    /// Columns of `factor` of all lists, and at least `SUMS` more numbers of columns.
    pub indices: &'a [u32],
    /// Where the list of column c begins, and after the last where it ends.
    pub bounds: &'a [usize],
    /// Columns of the factor.
    pub x: &'a [T],
    /// As many.
    pub out: &'a mut [T],
    /// What the estimates f_p·x_c are compared with, where they are.
    pub scored: Option<Scored<'a, T>>,
}

/// The values of held-out entries.
pub struct Scored<'a, T> {
    /// Places of those that are not zero.
    pub places: &'a [u32],
    /// Their values.
    pub values: &'a [T],
    /// What the place of the first listed entry is called.
    pub first: usize,
    /// Grow by Σ (f_p·x_c)² and by Σ (value − f_p·x_c)².
    pub sums: &'a mut [[f64; SUMS]; 2],
}

/// One list: a column x, and as many places for estimates as the list is long, in whole lines.
#[derive(Clone, Copy)]
struct List<T> {
    factor: *const T,
    stride: usize,
    indices: *const u32,
    count: usize,
    x: *const T,
    out: *mut T,
    estimates: *mut T,
}

impl<T: Real> Leaf<T> for Correct<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<T>>(self) {
        let Self { factor, stride, indices, bounds, x, out, scored } = self;
        let (begin, end) = (bounds[0], bounds[bounds.len() - 1]);
        assert!(stride.is_multiple_of(T::LANES) && out.len() == x.len() && (bounds.len() - 1) * stride == x.len());
        assert!(bounds.is_sorted() && indices.len() >= end + SUMS);
        let last = indices[begin..end + SUMS].iter().fold(0, |most, &i| most.max(i));
        assert!((last as usize) < factor.len() / stride);
        let mut estimates = vec![T::default(); end - begin + SUMS];
        let columns = x.chunks_exact(stride).zip(out.chunks_exact_mut(stride));
        for ((x, out), ends) in columns.zip(bounds.windows(2)) {
            let list = List {
                factor: factor.as_ptr(),
                stride,
                indices: indices[ends[0]..].as_ptr(),
                count: ends[1] - ends[0],
                x: x.as_ptr(),
                out: out.as_mut_ptr(),
                estimates: estimates[ends[0] - begin..].as_mut_ptr(),
            };
            // SAFETY: x and out hold one column; the indices from the list's first to a line beyond its last are columns
            // of `factor`, as was found above, and there is room for estimates of as many.
            unsafe {
                match (V::REGISTERS, stride / T::LANES) {
                    (_, 1) => list.at_once::<V, 1>(),
                    (32, 2) => list.at_once::<V, 2>(),
                    (32, 3) => list.at_once::<V, 3>(),
                    (32, 4) => list.at_once::<V, 4>(),
                    (32, 5) => list.at_once::<V, 5>(),
                    (32, _) => list.by_runs::<V, 6>(),
                    (_, 2) => list.by_runs::<V, 2>(),
                    _ => list.by_runs::<V, 3>(),
                }
            }
        }
        if let Some(scored) = scored {
            scored.add(&mut estimates, end - begin);
        }
    }
}

impl<T: Real> List<T> {
    /// Estimates and sums in one pass.
    ///
    /// # Safety
    /// See `List`; columns have `LINES` lines.
    #[inline(always)]
    unsafe fn at_once<V: Vector<T>, const LINES: usize>(self) {
        let list = Self { stride: LINES * T::LANES, ..self };
        // SAFETY: the caller vouches for the list.
        unsafe {
            let x = list.load::<V, LINES>(list.x);
            let mut sums = [[V::zero(); LINES]; 2];
            for first in (0..list.count).step_by(T::LANES) {
                list.estimate::<V>(first, |column| dot::<T, V, LINES>(column, &x));
                list.add::<V, LINES>(first, 0, &mut sums);
            }
            list.finish(0, &sums);
        }
    }

    /// First all estimates, then `MOST` lines at a time.
    ///
    /// # Safety
    /// See `List`.
    #[inline(always)]
    unsafe fn by_runs<V: Vector<T>, const MOST: usize>(self) {
        let lines = self.stride / T::LANES;
        // SAFETY: the caller vouches for the list; lines are below the number of lines of a column.
        unsafe {
            for first in (0..self.count).step_by(T::LANES) {
                self.estimate::<V>(first, |column| {
                    let mut sum = V::zero();
                    for l in (0..self.stride).step_by(T::LANES) {
                        sum = sum.fma(V::load(column.add(l)), V::load(self.x.add(l)));
                    }
                    sum
                });
            }
            let mut line = 0;
            while line + MOST <= lines {
                self.run_of::<V, MOST>(line);
                line += MOST;
            }
            while line < lines {
                self.run_of::<V, 1>(line);
                line += 1;
            }
        }
    }

    /// # Safety
    /// See `List`; lines `line` to `line` + `LINES` lie within a column.
    #[inline(always)]
    unsafe fn run_of<V: Vector<T>, const LINES: usize>(self, line: usize) {
        let mut sums = [[V::zero(); LINES]; 2];
        // SAFETY: the caller vouches for the list and the lines.
        unsafe {
            for first in (0..self.count).step_by(T::LANES) {
                self.add::<V, LINES>(first, line, &mut sums);
            }
            self.finish(line, &sums);
        }
    }

    /// Estimates of a line of entries, zero beyond the last.
    ///
    /// # Safety
    /// See `List`; `first` is below its length.
    #[inline(always)]
    unsafe fn estimate<V: Vector<T>>(self, first: usize, products: impl Fn(*const T) -> V) {
        let left = V::splat(T::from_f64((self.count - first) as f64));
        // SAFETY: so many indices there are beyond `first`, each that of a column, and so much room for estimates.
        unsafe {
            // One by one: gathering and spreading indices takes longer than all the rest.
            let column = |p: usize| self.indices.add(first + p).read_volatile() as usize;
            let sums = V::sums(|p| products(self.factor.add(column(p) * self.stride)));
            let within = left.over(V::load(T::STEPS.as_ptr()));
            V::choose(within, sums, V::zero()).store(self.estimates.add(first));
        }
    }

    /// Adds a line of entries to `LINES` lines of the even and the odd sums.
    ///
    /// # Safety
    /// As for `estimate`, which must have been called; lines `line` to `line` + `LINES` lie within a column.
    #[inline(always)]
    unsafe fn add<V: Vector<T>, const LINES: usize>(self, first: usize, line: usize, sums: &mut [[V; LINES]; 2]) {
        for p in first..first + T::LANES {
            // SAFETY: as for `estimate`.
            unsafe {
                let column = self.factor.add(*self.indices.add(p) as usize * self.stride + line * T::LANES);
                let estimate = V::splat(*self.estimates.add(p));
                for (v, sum) in sums[p % 2].iter_mut().enumerate() {
                    *sum = sum.fma(estimate, V::load(column.add(v * T::LANES)));
                }
            }
        }
    }

    /// # Safety
    /// Lines `line` to `line` + `LINES` lie within a column.
    #[inline(always)]
    unsafe fn finish<V: Vector<T>, const LINES: usize>(self, line: usize, sums: &[[V; LINES]; 2]) {
        for v in 0..LINES {
            // SAFETY: the line lies within `out`.
            unsafe {
                let to = self.out.add((line + v) * T::LANES);
                V::load(to).add(sums[0][v].add(sums[1][v])).store(to);
            }
        }
    }

    /// # Safety
    /// `LINES` lines can be read.
    #[inline(always)]
    unsafe fn load<V: Vector<T>, const LINES: usize>(self, from: *const T) -> [V; LINES] {
        let mut lines = [V::zero(); LINES];
        for (v, line) in lines.iter_mut().enumerate() {
            // SAFETY: the caller vouches for the lines.
            *line = unsafe { V::load(from.add(v * T::LANES)) };
        }
        lines
    }
}

/// # Safety
/// `LINES` lines can be read from `column`.
#[inline(always)]
unsafe fn dot<T: Real, V: Vector<T>, const LINES: usize>(column: *const T, x: &[V; LINES]) -> V {
    let mut sum = V::zero();
    for (v, x) in x.iter().enumerate() {
        // SAFETY: the caller vouches for the lines.
        sum = unsafe { sum.fma(V::load(column.add(v * T::LANES)), *x) };
    }
    sum
}

impl<T: Real> Scored<'_, T> {
    /// Adds the squares of the estimates, and those of what they miss; the estimates are spoilt.
    #[inline(always)]
    fn add(self, estimates: &mut [T], count: usize) {
        let whole = count.next_multiple_of(SUMS).min(estimates.len() / SUMS * SUMS);
        estimates[count..].fill(T::default());
        add_squares(&mut self.sums[0], &estimates[..whole]);
        for (&place, &value) in self.places.iter().zip(self.values) {
            let estimate = &mut estimates[place as usize - self.first];
            *estimate = T::from_f64(estimate.to_f64() - value.to_f64());
        }
        add_squares(&mut self.sums[1], &estimates[..whole]);
    }
}

#[inline(always)]
fn add_squares<T: Real>(sums: &mut [f64; SUMS], x: &[T]) {
    let mut own = *sums;
    for line in x.as_chunks::<SUMS>().0 {
        for l in 0..SUMS {
            own[l] += line[l].to_f64() * line[l].to_f64();
        }
    }
    *sums = own;
}
