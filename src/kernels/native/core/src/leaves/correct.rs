use std::ops::{Deref, Range};

use crate::leaves::SUMS;
use crate::simd::{Leaf, Real, Vector};

/// out_c += Σ_p (f_p·x_c)·f_p over the listed columns f_p of a panel, for the columns c of `x` and `out`: what entries
/// that are held out would add to a product if they were as the model has them.
///
/// A dot product runs over lanes in ascending order of lines, and then by halves across a line; every fourth p makes a sum
/// of its own, as long as there are four.
pub struct Correct<'a, T> {
    /// Columns of the partner's panel.
    pub factor: &'a [T],
    /// Numbers from one column of the panels to the next.
    pub stride: usize,
    /// Columns of `factor` of all lists.
    pub indices: &'a Indices,
    /// The window that the lists are of.
    pub window: usize,
    /// Where the list of column c begins, and after the last where it ends.
    pub bounds: &'a [usize],
    /// What each estimate f_p·x_c is multiplied by, in the order of `indices`, where it is; then none is compared.
    pub weights: Option<&'a [f64]>,
    /// Columns of the factor.
    pub x: &'a [T],
    /// As many.
    pub out: &'a mut [T],
    /// What the estimates f_p·x_c are compared with, where they are.
    pub scored: Option<Scored<'a, T>>,
}

/// Columns of a panel in lists of several windows, each from the first of its window on. The largest are found once, so that
/// whoever reads the lists over and over need not look at each.
pub struct Indices {
    list: Vec<u16>,
    /// Where each window begins, and after the last where it ends.
    windows: Vec<usize>,
    /// Of each window, and of as many more as a line has.
    largest: Vec<u16>,
}

impl Indices {
    /// All lists, with `SUMS` more numbers of columns, and the bounds of their windows.
    pub fn new(list: Vec<u16>, windows: Vec<usize>) -> Self {
        let largest = windows.windows(2).map(|ends| {
            let own = &list[ends[0]..ends[1] + SUMS];
            own.iter().fold(0, |most, &i| most.max(i))
        });
        Self {
            largest: largest.collect(),
            list,
            windows,
        }
    }
}

impl Deref for Indices {
    type Target = [u16];

    fn deref(&self) -> &[u16] {
        &self.list
    }
}

/// The values of held-out entries.
pub struct Scored<'a, T> {
    /// Places of those that are not zero.
    pub places: &'a [u32],
    /// Their values.
    pub values: &'a [T],
    /// What the place of the first listed entry is called.
    pub first: usize,
    /// Grow by Σ (value − f_p·x_c)².
    pub sums: &'a mut [f64; SUMS],
}

/// One list: a column x, and as many places for estimates as the list is long, in whole lines.
#[derive(Clone, Copy)]
struct List<'a, T> {
    factor: *const T,
    stride: usize,
    indices: *const u16,
    count: usize,
    weights: Option<&'a [f64]>,
    x: *const T,
    out: *mut T,
    estimates: *mut T,
}

/// Entries that are taken together, each for a sum of its own: these do not wait for one another.
const FOUR: usize = 4;
/// Lists whose estimates are scored together.
const TOGETHER: usize = 32;

impl<T: Real> Leaf<T> for Correct<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<T>>(self) {
        let Self {
            factor,
            stride,
            indices,
            window,
            bounds,
            weights,
            x,
            out,
            mut scored,
        } = self;
        let (begin, end) = (bounds[0], bounds[bounds.len() - 1]);
        let count = bounds.len() - 1;
        assert!(
            stride.is_multiple_of(T::LANES) && x.len() == count * stride && out.len() == x.len()
        );
        assert!(bounds.is_sorted());
        assert!(indices.windows[window] <= begin && end <= indices.windows[window + 1]);
        assert!(usize::from(indices.largest[window]) < factor.len() / stride);
        let longest = (0..count)
            .step_by(TOGETHER)
            .map(|c| bounds[count.min(c + TOGETHER)] - bounds[c])
            .max();
        let mut estimates = vec![T::default(); longest.unwrap_or(0) + SUMS];
        let (x, out, room) = (x.as_ptr(), out.as_mut_ptr(), estimates.as_mut_ptr());
        let list = |first: usize, c: usize| {
            // SAFETY: column c of x and out exists, its list lies within the indices, and there is room for the estimates of
            // `TOGETHER` lists from `first` on.
            unsafe {
                List {
                    factor: factor.as_ptr(),
                    stride,
                    indices: indices.list.as_ptr().add(bounds[c]),
                    count: bounds[c + 1] - bounds[c],
                    weights: weights.map(|weights| &weights[bounds[c]..bounds[c + 1]]),
                    x: x.add(c * stride),
                    out: out.add(c * stride),
                    estimates: room.add(bounds[c] - bounds[first]),
                }
            }
        };
        for first in (0..count).step_by(TOGETHER) {
            let lists = (first..count.min(first + TOGETHER)).map(|c| list(first, c));
            // SAFETY: a list and a line beyond it lie within those that the largest of the window is of, so all are columns of
            // `factor`; and there is room for estimates of as many; what is written beyond a list's last is written again by the next.
            unsafe {
                match (V::REGISTERS, stride / T::LANES) {
                    (_, 1) => each::<T, V, 1, 1>(lists),
                    (32, 2) => each::<T, V, 2, 2>(lists),
                    (_, 2) => each::<T, V, 2, 1>(lists),
                    (32, 3) => each::<T, V, 3, 3>(lists),
                    (_, 3) => each::<T, V, 3, 1>(lists),
                    (32, 4) => each::<T, V, 4, 4>(lists),
                    (32, 5) => each::<T, V, 5, 5>(lists),
                    (32, _) => each::<T, V, 0, 6>(lists),
                    _ => each::<T, V, 0, 1>(lists),
                }
            }
            if let Some(scored) = &mut scored {
                let from = bounds[first] - begin;
                scored.add(
                    &mut estimates,
                    from..bounds[count.min(first + TOGETHER)] - begin,
                );
            }
        }
    }
}

/// One of four indices that were read together.
#[inline(always)]
const fn of_four(four: u64, which: usize) -> usize {
    let place = if cfg!(target_endian = "little") {
        which
    } else {
        FOUR - 1 - which
    };
    (four >> (16 * place)) as u16 as usize
}

/// Does all of some lists, whose columns have `LINES` lines, or any number where that is 0. The columns of a list are still
/// near when they are multiplied; but the estimates of the next are made first, since a sum that waits for its own holds up
/// all behind it.
///
/// # Safety
/// See `List`.
#[inline(always)]
unsafe fn each<'a, T: Real, V: Vector<T>, const LINES: usize, const MOST: usize>(
    lists: impl Iterator<Item = List<'a, T>>,
) {
    let mut before: Option<List<'a, T>> = None;
    for list in lists {
        // SAFETY: the caller vouches for the lists; the estimates of the one before were made, and a list's own begin where
        // those of the one before end.
        unsafe {
            list.estimates::<V, LINES>();
            list.weigh();
            if let Some(before) = before {
                before.sums::<V, LINES, MOST>();
            }
        }
        before = Some(list);
    }
    if let Some(last) = before {
        // SAFETY: its estimates were made.
        unsafe { last.sums::<V, LINES, MOST>() };
    }
}

impl<T: Real> List<'_, T> {
    /// Numbers from one column to the next; a constant unless `LINES` is 0.
    #[inline(always)]
    fn stride<const LINES: usize>(self) -> usize {
        if LINES == 0 {
            self.stride
        } else {
            LINES * T::LANES
        }
    }

    /// Four indices in one load: they are read one by one from there, since there are more loads than anything else.
    ///
    /// # Safety
    /// p is below the length of the list, and three more follow.
    #[inline(always)]
    unsafe fn four(self, p: usize) -> u64 {
        // SAFETY: the caller vouches for the indices.
        unsafe { self.indices.add(p).cast::<u64>().read_unaligned() }
    }

    /// f_p·x for every entry; columns have `LINES` lines, or any number where that is 0.
    ///
    /// # Safety
    /// See `List`.
    #[inline(always)]
    unsafe fn estimates<V: Vector<T>, const LINES: usize>(self) {
        let stride = self.stride::<LINES>();
        // SAFETY: the caller vouches for the list: columns and x have so many lines, a line of indices from `first` on are
        // those of columns, and there is room for a line of estimates.
        unsafe {
            let mut x = [V::zero(); LINES];
            for (v, line) in x.iter_mut().enumerate() {
                *line = V::load(self.x.add(v * T::LANES));
            }
            for first in (0..self.count).step_by(T::LANES) {
                let mut fours = [0; SUMS / FOUR];
                for (f, four) in fours[..T::LANES / FOUR].iter_mut().enumerate() {
                    *four = self.four(first + FOUR * f);
                }
                let sums = V::sums(|p| {
                    let column = self.factor.add(of_four(fours[p / FOUR], p % FOUR) * stride);
                    let mut sum = V::zero();
                    for (v, line) in x.iter().enumerate() {
                        sum = sum.fma(V::load(column.add(v * T::LANES)), *line);
                    }
                    if LINES == 0 {
                        for l in (0..stride).step_by(T::LANES) {
                            sum = sum.fma(V::load(column.add(l)), V::load(self.x.add(l)));
                        }
                    }
                    sum
                });
                sums.store(self.estimates.add(first));
            }
        }
    }

    /// Multiplies the estimates by their weights.
    ///
    /// # Safety
    /// See `List`; its estimates were made.
    #[inline(always)]
    unsafe fn weigh(self) {
        for (p, weight) in self.weights.into_iter().flatten().enumerate() {
            // SAFETY: there are as many weights as estimates.
            unsafe {
                let estimate = self.estimates.add(p);
                *estimate = T::from_f64((*estimate).to_f64() * weight);
            }
        }
    }

    /// Adds every column times its estimate, at most `MOST` lines at a time; columns have `LINES` lines, or any number
    /// where that is 0.
    ///
    /// # Safety
    /// See `List`; its estimates were made.
    #[inline(always)]
    unsafe fn sums<V: Vector<T>, const LINES: usize, const MOST: usize>(self) {
        let stride = self.stride::<LINES>();
        let lines = stride / T::LANES;
        let mut line = 0;
        // SAFETY: the caller vouches for the list; lines are below the number of lines of a column.
        unsafe {
            while line + MOST <= lines {
                self.sum::<V, MOST>(line, stride);
                line += MOST;
            }
            while line < lines {
                self.sum::<V, 1>(line, stride);
                line += 1;
            }
        }
    }

    /// # Safety
    /// As for `sums`; lines `line` to `line` + `LINES` lie within a column, and columns are `stride` numbers apart.
    #[inline(always)]
    unsafe fn sum<V: Vector<T>, const LINES: usize>(self, line: usize, stride: usize) {
        let mut sums = [[V::zero(); LINES]; FOUR];
        let add = |sums: &mut [V; LINES], p: usize, index: usize| {
            // SAFETY: p is below the length of the list; the caller vouches for it, for its indices and for the lines.
            unsafe {
                let column = self.factor.add(index * stride + line * T::LANES);
                let estimate = V::splat(*self.estimates.add(p));
                for (v, sum) in sums.iter_mut().enumerate() {
                    *sum = sum.fma(estimate, V::load(column.add(v * T::LANES)));
                }
            }
        };
        let whole = self.count / FOUR * FOUR;
        for p in (0..whole).step_by(FOUR) {
            // SAFETY: there are four more in the list.
            let four = unsafe { self.four(p) };
            for (chain, sums) in sums.iter_mut().enumerate() {
                add(sums, p + chain, of_four(four, chain));
            }
        }
        for p in whole..self.count {
            // SAFETY: it is in the list.
            add(&mut sums[0], p, unsafe {
                usize::from(*self.indices.add(p))
            });
        }
        for v in 0..LINES {
            // SAFETY: the line lies within `out`.
            unsafe {
                let to = self.out.add((line + v) * T::LANES);
                V::load(to)
                    .add(sums[0][v].add(sums[1][v]).add(sums[2][v].add(sums[3][v])))
                    .store(to);
            }
        }
    }
}

impl<T: Real> Scored<'_, T> {
    /// Adds the squares of what the estimates of some entries miss; the estimates are spoilt.
    #[inline(always)]
    fn add(&mut self, estimates: &mut [T], entries: Range<usize>) {
        let count = entries.len();
        let whole = count.next_multiple_of(SUMS);
        estimates[count..whole].fill(T::default());
        let (from, to) = (self.first + entries.start, self.first + entries.end);
        let mut listed = 0;
        for (&place, &value) in self.places.iter().zip(self.values) {
            if place as usize >= to {
                break;
            }
            let estimate = &mut estimates[place as usize - from];
            *estimate = T::from_f64(estimate.to_f64() - value.to_f64());
            listed += 1;
        }
        (self.places, self.values) = (&self.places[listed..], &self.values[listed..]);
        add_squares(self.sums, &estimates[..whole]);
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
