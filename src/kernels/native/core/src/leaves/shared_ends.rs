//! Tiles of columns that end in part of a line: the ends of 2 or 4 columns share one.

use super::accumulate::Tile;
use crate::simd::{Real, Vector, prefetch};

impl<T: Real> Tile<T> {
    /// Adds the terms to `COLUMNS` columns of `LINES` lines and an end, and stores all but the first `done`; entries of one
    /// term lie side by side.
    ///
    /// # Safety
    /// `factor` and `entries` hold `terms` terms for `LINES` lines, an end and `COLUMNS` columns, `out` so many sums;
    /// `across` is 1.
    #[inline(always)]
    pub unsafe fn add_beside<
        V: Vector<T>,
        const LINES: usize,
        const COLUMNS: usize,
        const ENDS: usize,
    >(
        self,
        done: usize,
    ) {
        let parts = COLUMNS / ENDS;
        let size = T::LANES / parts;
        let half = T::LANES / 2;
        // SAFETY: the caller vouches for every address; COLUMNS is a multiple of half a line.
        unsafe {
            let (mut sums, mut ends) = self.sums::<V, LINES, COLUMNS, ENDS>();
            let mut places = [V::places(|_| 0); ENDS];
            for e in 0..ENDS {
                places[e] = V::places(|l| e * parts % half + l / size);
            }
            for t in 0..self.terms {
                let entries = self.entries.add(t * self.along);
                let ahead = entries.wrapping_add(2 * COLUMNS);
                for c in (0..COLUMNS).step_by(T::LANES) {
                    prefetch(ahead.wrapping_add(c));
                }
                let line = self.term(t, &mut sums, parts);
                for e in 0..ENDS {
                    let near = V::parts(2, |_| entries.add(e * parts / half * half));
                    ends[e] = ends[e].fma(near.pick(places[e]), line);
                }
            }
            self.store::<V, LINES, COLUMNS, ENDS>(done, sums, ends);
        }
    }

    /// As `add_beside`, where the entries of one column lie side by side.
    ///
    /// # Safety
    /// As for `add_beside`, but `along` is 1.
    #[inline(always)]
    pub unsafe fn add_down<
        V: Vector<T>,
        const LINES: usize,
        const COLUMNS: usize,
        const ENDS: usize,
    >(
        self,
        done: usize,
    ) {
        let parts = COLUMNS / ENDS;
        let size = T::LANES / parts;
        // SAFETY: the caller vouches for every address.
        unsafe {
            let (mut sums, mut ends) = self.sums::<V, LINES, COLUMNS, ENDS>();
            // A part has 8 lanes at most.
            let mut places = [V::places(|_| 0); 8];
            for t in 0..size {
                places[t] = V::places(|l| l / size * size + t);
            }
            let whole = self.terms / size * size;
            for from in (0..whole).step_by(size) {
                if from.is_multiple_of(T::LANES) {
                    // A line of every column of the next tile.
                    let ahead = self.entries.wrapping_add(from + COLUMNS * self.across);
                    for c in 0..COLUMNS {
                        prefetch(ahead.wrapping_add(c * self.across));
                    }
                }
                // Part p of a line: the next entries of column p.
                let mut turned = [V::zero(); ENDS];
                for e in 0..ENDS {
                    turned[e] = V::parts(parts, |p| {
                        self.entries.add(from + (e * parts + p) * self.across)
                    });
                }
                for t in 0..size {
                    let line = self.term(from + t, &mut sums, parts);
                    for e in 0..ENDS {
                        ends[e] = ends[e].fma(turned[e].pick(places[t]), line);
                    }
                }
            }
            for t in whole..self.terms {
                let line = self.term(t, &mut sums, parts);
                for e in 0..ENDS {
                    let mut near = [T::default(); 16];
                    for l in 0..T::LANES {
                        near[l] = *self.entries.add(t + (e * parts + l / size) * self.across);
                    }
                    ends[e] = ends[e].fma(V::load(near.as_ptr()), line);
                }
            }
            self.store::<V, LINES, COLUMNS, ENDS>(done, sums, ends);
        }
    }

    /// Adds term t to the lines; returns the end of its column of the panel, once for each part.
    ///
    /// # Safety
    /// As for `add_beside`; t is below `terms`.
    #[inline(always)]
    unsafe fn term<V: Vector<T>, const LINES: usize, const COLUMNS: usize>(
        self,
        t: usize,
        sums: &mut [[V; LINES]; COLUMNS],
        parts: usize,
    ) -> V {
        // SAFETY: the caller vouches for the term.
        unsafe {
            let entries = self.entries.add(t * self.along);
            let factor = self.factor.add(t * self.factor_stride);
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
            V::parts(parts, |_| factor.add(LINES * T::LANES))
        }
    }

    /// # Safety
    /// As for `add_beside`.
    #[inline(always)]
    unsafe fn sums<V: Vector<T>, const LINES: usize, const COLUMNS: usize, const ENDS: usize>(
        self,
    ) -> ([[V; LINES]; COLUMNS], [V; ENDS]) {
        let parts = COLUMNS / ENDS;
        let mut sums = [[V::zero(); LINES]; COLUMNS];
        let mut ends = [V::zero(); ENDS];
        // SAFETY: the caller vouches for the columns of `out`.
        unsafe {
            for c in 0..COLUMNS {
                for v in 0..LINES {
                    sums[c][v] = V::load(self.out.add(c * self.out_stride + v * T::LANES));
                }
            }
            for e in 0..ENDS {
                ends[e] = V::parts(parts, |p| self.end(e * parts + p, LINES).cast_const());
            }
        }
        (sums, ends)
    }

    /// # Safety
    /// As for `add_beside`.
    #[inline(always)]
    unsafe fn store<V: Vector<T>, const LINES: usize, const COLUMNS: usize, const ENDS: usize>(
        self,
        done: usize,
        sums: [[V; LINES]; COLUMNS],
        ends: [V; ENDS],
    ) {
        let parts = COLUMNS / ENDS;
        let size = T::LANES / parts;
        let mut shared = [T::default(); 16];
        // SAFETY: the caller vouches for the columns of `out`; sixteen numbers hold any vector.
        unsafe {
            for (c, sums) in sums.iter().enumerate() {
                if c < done {
                    continue;
                }
                for (v, sum) in sums.iter().enumerate() {
                    sum.store(self.out.add(c * self.out_stride + v * T::LANES));
                }
            }
            for (e, end) in ends.iter().enumerate() {
                end.store(shared.as_mut_ptr());
                for p in 0..parts {
                    if e * parts + p >= done {
                        let from = shared.as_ptr().add(p * size);
                        self.end(e * parts + p, LINES)
                            .copy_from_nonoverlapping(from, size);
                    }
                }
            }
        }
    }

    /// # Safety
    /// Column c exists, and has more than `lines` lines.
    #[inline(always)]
    unsafe fn end(self, c: usize, lines: usize) -> *mut T {
        // SAFETY: the caller vouches for the column.
        unsafe { self.out.add(c * self.out_stride + lines * T::LANES) }
    }
}
