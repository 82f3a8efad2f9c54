use std::ops::Range;

use super::mask::{Mask, places};
use crate::error::Result;
use crate::leaves::{Indices, SUMS, TILE};
use crate::memory::zeros;
use crate::panel::stride_of;
use crate::parallel::{each_chunk, each_task, even_ranges, tasks_of};
use crate::simd::Real;

/// Bytes of a panel that a pass over held-out entries stays within, if that is not too few of them.
const WINDOW: usize = 131_072;
/// Entries that a list should have in a window, on average.
const ENTRIES: f64 = 24.0;
/// Words of a mask whose columns 16 bits can tell from one another.
const WIDEST: usize = (1 << 16) / TILE;
/// Multiply-adds that listing an entry costs, about.
const COST: usize = 8;

/// Held-out entries by rows of a mask, those within one window of its columns after those within the one before: what a
/// pass over all rows wants while a window of a panel lies near.
pub struct Lists {
    /// Rows of the mask.
    pub count: usize,
    /// Windows of its columns.
    pub windows: usize,
    /// Columns from the first of their window on, ascending within each list of each window; some more follow that mean
    /// nothing.
    pub indices: Indices,
    /// Where list c of window w begins: bound w·count + c; and after the last, where it ends.
    pub bounds: Vec<usize>,
    /// How much each entry counts, in the order of `indices`; none where each counts 1.
    pub weights: Option<Vec<f64>>,
    /// Words of the mask in a window.
    width: usize,
}

impl Lists {
    /// Those of a mask, for panels of k numbers of kind T for each of its columns.
    pub fn new<T: Real>(mask: &Mask, share: f64, k: usize) -> Result<Self> {
        let near = WINDOW / (stride_of::<T>(k) * size_of::<T>());
        let enough = (ENTRIES / share).ceil() as usize;
        let width = near.max(enough).div_ceil(TILE).min(WIDEST);
        let windows = mask.cols.div_ceil(TILE).div_ceil(width);
        let mut bounds = zeros(windows * mask.rows + 1)?;
        let words = mask.rows * mask.cols.div_ceil(TILE);
        let tasks: Vec<_> = bounds[1..].chunks_mut(mask.rows).collect();
        each_task(tasks, words, |window, counts| {
            for across in columns(window, width, mask) {
                for (count, word) in counts.iter_mut().zip(mask.words(across)) {
                    *count += word.count_ones() as usize;
                }
            }
        });
        let mut end = 0;
        for bound in &mut bounds {
            end += *bound;
            *bound = end;
        }
        let mut indices = zeros(end + SUMS)?;
        fill(&mut indices, &bounds, width, mask);
        let ends = (0..=windows).map(|window| bounds[window * mask.rows]);
        Ok(Self {
            count: mask.rows,
            windows,
            indices: Indices::new(indices, ends.collect()),
            bounds,
            weights: None,
            width,
        })
    }

    /// Has each entry count as much as is said of its list and its column of the mask.
    pub fn weigh(&mut self, weight: impl Fn(usize, usize) -> f64 + Sync) -> Result<()> {
        let mut weights = zeros(self.len())?;
        let chunk = COST * TILE;
        each_chunk(&mut weights, chunk, COST * self.len(), |c, weights| {
            let first = c * chunk;
            let mut segment = self.bounds.partition_point(|&bound| bound <= first) - 1;
            for (p, out) in (first..).zip(weights) {
                while self.bounds[segment + 1] <= p {
                    segment += 1;
                }
                let column = self.first(segment / self.count) + usize::from(self.indices[p]);
                *out = weight(segment % self.count, column);
            }
        });
        self.weights = Some(weights);
        Ok(())
    }

    /// The first column of a window.
    pub const fn first(&self, window: usize) -> usize {
        window * self.width * TILE
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.bounds[self.bounds.len() - 1]
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bounds of some lists within a window: one more than there are lists.
    pub fn bounds(&self, window: usize, lists: &Range<usize>) -> &[usize] {
        self.bounds_of(&self.bounds, window, lists)
    }

    /// The same of other bounds that run along.
    pub fn bounds_of<'a>(
        &self,
        bounds: &'a [usize],
        window: usize,
        lists: &Range<usize>,
    ) -> &'a [usize] {
        &bounds[window * self.count + lists.start..=window * self.count + lists.end]
    }
}

/// Lists the entries of a mask, window after window, between bounds that are known.
fn fill(indices: &mut [u16], bounds: &[usize], width: usize, mask: &Mask) {
    let count = mask.rows;
    let work = COST * bounds[bounds.len() - 1];
    let ranges = even_ranges(bounds.len() - 1, tasks_of(work), |s| bounds[s] + s);
    let mut rest = indices;
    let mut tasks = Vec::with_capacity(ranges.len());
    for range in ranges {
        let (own, other) = rest.split_at_mut(bounds[range.end] - bounds[range.start]);
        tasks.push((range, own));
        rest = other;
    }
    each_task(tasks, work, |_, (range, mut out)| {
        for segment in range {
            let (window, list) = (segment / count, segment % count);
            let words = columns(window, width, mask);
            for across in words.clone() {
                let word = mask.words(across)[list];
                let (own, rest) = out.split_at_mut(word.count_ones() as usize);
                for (out, place) in own.iter_mut().zip(places(word)) {
                    *out = ((across - words.start) * TILE + place) as u16;
                }
                out = rest;
            }
        }
    });
}

/// Words of a mask within a window.
fn columns(window: usize, width: usize, mask: &Mask) -> Range<usize> {
    window * width..((window + 1) * width).min(mask.cols.div_ceil(TILE))
}
