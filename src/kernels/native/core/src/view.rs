//! The data as one factor sees them.

use std::ops::Range;

use crate::data::{Data, Element, PartKind};
use crate::error::Result;
use crate::memory::zeros;
use crate::panel::{Panel, stride_of};
use crate::parallel::{each_task, even_ranges, tasks_of};
use crate::products::{times_columns, times_rows};
use crate::sparse::{WINDOW, bounds_of_rows, windows};

/// How often a task should read every byte of a stretch of a panel that it brings near.
const USES: usize = 16;
/// Bytes of entries side by side that a task should find on each page it visits,
const BESIDE_EACH_OTHER: usize = 2 << 10;
/// where that leaves so many tasks.
const FEW: usize = 8;

/// Which factor looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// W: its columns are rows of X.
    W,
    /// H: its columns are columns of X.
    H,
}

/// The data as one factor sees them, cut into tasks.
pub struct View<'a, T: Element> {
    /// X.
    pub x: &'a Data<'a, T>,
    /// Which factor looks.
    pub side: Side,
    /// Columns of the factor that are worked on together.
    pub ranges: Vec<Range<usize>>,
}

impl<'a, T: Element> View<'a, T> {
    /// For a factor of k rows; its columns are cut into ranges of about the same work.
    pub fn new(x: &'a Data<'a, T>, side: Side, k: usize) -> Result<Self> {
        let columns = match side {
            Side::W => x.rows,
            Side::H => x.cols,
        };
        let mut before = zeros::<usize>(columns + 1)?;
        let mut most = 1;
        let mut dense = false;
        for part in &x.parts {
            let (first, own, across) = match side {
                Side::W => (part.top, part.rows(), x.cols),
                Side::H => (0, x.cols, part.rows()),
            };
            let counts = &mut before[first + 1..][..own];
            let mut add = |entries: &dyn Fn(usize) -> usize| {
                counts
                    .iter_mut()
                    .enumerate()
                    .for_each(|(c, count)| *count += entries(c));
            };
            // Whether rows of sparse blocks are kept must not change how sums are cut.
            match (&part.kind, side) {
                (PartKind::Dense(_), _) => {
                    dense = true;
                    add(&|_| across);
                    continue;
                }
                (PartKind::Sparse(block), Side::H) => {
                    let lists = block.columns();
                    add(&|c| lists.bound(c + 1) - lists.bound(c));
                }
                (PartKind::Sparse(block), Side::W) => match block.by_row() {
                    Some(lists) => add(&|c| lists.bound(c + 1) - lists.bound(c)),
                    None => {
                        let bounds = bounds_of_rows(block)?;
                        add(&|c| bounds[c + 1] - bounds[c]);
                    }
                },
            }
            most = most.max(windows::<T>(across, k));
        }
        let mut sum = 0;
        for entries in &mut before {
            sum += *entries;
            *entries = sum;
        }
        let ranges = ranges::<T>(k, most, dense, &before);
        Ok(Self { x, side, ranges })
    }

    /// The product of the partner with the data, k × columns of the factor.
    pub fn product(&self, partner: &Panel<T>) -> Result<Panel<T>> {
        let columns = self.ranges.last().map_or(0, |range| range.end);
        let mut out = Panel::zeros(partner.k, columns)?;
        if partner.k == 0 {
            return Ok(out);
        }
        let tasks = out.split(&self.ranges).into_iter().zip(&self.ranges);
        let work = self.x.stored * partner.k;
        each_task(tasks.collect(), work, |_, (out, range)| {
            self.product_of(partner, range.clone(), out);
        });
        Ok(out)
    }

    /// The same for some columns of the factor.
    pub fn product_of(&self, partner: &Panel<T>, range: Range<usize>, out: &mut [T]) {
        match self.side {
            Side::H => times_columns(partner, self.x, range, out),
            Side::W => times_rows(partner, self.x, range, out),
        }
    }
}

/// How `View::new` cuts a factor of k rows that sees dense data with so many entries in each of its columns.
pub fn dense_ranges<T: Element>(
    k: usize,
    columns: usize,
    entries: usize,
) -> Result<Vec<Range<usize>>> {
    let mut before = zeros::<usize>(columns + 1)?;
    for (c, before) in before.iter_mut().enumerate() {
        *before = c * entries;
    }
    Ok(ranges::<T>(k, 1, true, &before))
}

/// How `View::new` cuts a factor of k rows that sees sparse data: so many entries in each of its columns, of `across` that could be.
pub fn listed_ranges<T: Element>(
    k: usize,
    counts: &[u32],
    across: usize,
) -> Result<Vec<Range<usize>>> {
    let mut before = zeros::<usize>(counts.len() + 1)?;
    for (c, &count) in counts.iter().enumerate() {
        before[c + 1] = before[c] + count as usize;
    }
    Ok(ranges::<T>(k, windows::<T>(across, k), false, &before))
}

/// Columns of a factor of k rows in ranges of about the same work, where `before[c]` entries of X meet those before c.
fn ranges<T: Element>(
    k: usize,
    windows: usize,
    dense: bool,
    before: &[usize],
) -> Vec<Range<usize>> {
    let columns = before.len() - 1;
    // A column costs its entries, and sweeps of about k multiply-adds for each of its k coordinates.
    let weight = |c: usize| before[c] + c * k;
    let mut tasks = tasks_of(weight(columns) * k);
    if windows > 1 {
        // Each task reads every window; it should use it many times over.
        let bytes = before[columns] * stride_of::<T>(k) * size_of::<T>();
        tasks = tasks.min(bytes / (USES * WINDOW * windows)).max(1);
    }
    // Either way round: how dense data lie must not change how sums are cut.
    if dense {
        tasks = tasks.min((columns * size_of::<T>() / BESIDE_EACH_OTHER).max(FEW));
    }
    even_ranges(columns, tasks, weight)
}
