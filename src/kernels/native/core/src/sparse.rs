use std::borrow::Cow;

use crate::data::{Element, Layout, Pointers, Values};
use crate::error::{KernelError, Result};
use crate::memory::{Lasting, zeros};
use crate::panel::stride_of;
use crate::parallel::{collect, each_task, even_ranges};
use crate::simd::prefetch;

/// Bytes of a panel that a pass over sparse data stays within: about half of a core's own cache.
pub const WINDOW: usize = 1 << 20;
/// Lists that are put in order of length among themselves; tasks take a whole number of groups.
pub const GROUP: usize = 64;
/// Listed entries that are put into rows while their places are near.
const NEAR: usize = 1 << 17;
/// Listed entries that make the visit of a column worth while.
const VISIT: usize = 8;
/// Columns between one that is visited and one whose entries are brought near.
const AHEAD: usize = 4;
/// Bytes of a line of memory.
const LINE: usize = 64;
/// Pieces that checking and sorting are cut into.
const RUNS: usize = 8;

/// A checked sparse block, both ways round.
pub struct SparsePart<'a, T: Element> {
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub cols: usize,
    /// Each listed entry, column after column.
    pub values: Cow<'a, [T]>,
    /// What is not listed is missing, not zero.
    pub unlisted_missing: bool,
    indptr: Pointers<'a>,
    indices: &'a [u32],
    by_row: Option<Rows<T>>,
    columns_cut: Cut,
    rows_cut: Cut,
}

/// Row i owns positions `indptr[i]..indptr[i + 1]` of `indices` (columns, ascending) and `values`.
struct Rows<T> {
    indptr: Vec<usize>,
    indices: Lasting<u32>,
    values: Lasting<T>,
}

/// How lists of ascending indices are walked through.
#[derive(Default)]
struct Cut {
    /// Stretches of the panel, less one.
    borders: usize,
    /// For each border between stretches, where each list crosses it.
    crossings: Vec<usize>,
    /// The lists, those of each `GROUP` by length: neighbours are added side by side.
    order: Vec<u32>,
}

/// Listed entries by lists, those of one stretch of the panel at a time.
#[derive(Clone, Copy)]
pub struct Lists<'a, T> {
    /// All indices.
    pub indices: &'a [u32],
    /// All entries.
    pub values: &'a [T],
    /// Stretches of the panel.
    pub windows: usize,
    bounds: Bounds<'a>,
    cut: &'a Cut,
    count: usize,
}

#[derive(Clone, Copy)]
enum Bounds<'a> {
    Given(Pointers<'a>),
    Own(&'a [usize]),
}

impl<'a, T> Lists<'a, T> {
    /// Where the entries of list c within stretch `window` begin and end.
    #[inline(always)]
    pub fn bounds(&self, c: usize, window: usize) -> (usize, usize) {
        let cut = |border: usize| self.cut.crossings[border * self.count + c];
        let from = if window == 0 {
            self.bound(c)
        } else {
            cut(window - 1)
        };
        let to = if window + 1 == self.windows {
            self.bound(c + 1)
        } else {
            cut(window)
        };
        (from, to)
    }

    /// The lists from `first` on, neighbours of about equal length, as steps from `first`; nothing where these do not make
    /// whole groups.
    pub fn order(&self, first: usize, count: usize) -> &[u32] {
        let last = first + count;
        let whole =
            first.is_multiple_of(GROUP) && (last.is_multiple_of(GROUP) || last == self.count);
        if whole {
            &self.cut.order[first..last]
        } else {
            &[]
        }
    }

    /// Listed entries of the lists before c.
    #[inline(always)]
    pub fn bound(&self, c: usize) -> usize {
        match self.bounds {
            Bounds::Given(pointers) => pointers.at(c),
            Bounds::Own(pointers) => pointers[c],
        }
    }

    /// Indices and entries of list c.
    pub fn list(&self, c: usize) -> (&'a [u32], &'a [T]) {
        let (from, to) = (self.bound(c), self.bound(c + 1));
        (&self.indices[from..to], &self.values[from..to])
    }
}

impl<'a, T: Element> SparsePart<'a, T> {
    /// Fails unless the bounds rise from 0 to the number of entries and row indices rise within each column.
    pub fn new(
        rows: usize,
        cols: usize,
        indptr: Pointers<'a>,
        indices: &'a [u32],
        values: Values<'a>,
        layout: Layout,
    ) -> Result<Self> {
        let listed = indices.len();
        let bounded = indptr.len() == cols + 1
            && indptr.at(0) == 0
            && indptr.at(cols) == listed
            && values.len() == listed
            && indptr.is_sorted();
        if !bounded {
            return Err(KernelError::invalid(
                "the column bounds of a sparse matrix do not fit its entries",
            ));
        }
        let values = T::take(values)?;
        let mut part = Self {
            rows,
            cols,
            values,
            unlisted_missing: false,
            indptr,
            indices,
            by_row: None,
            columns_cut: Cut::default(),
            rows_cut: Cut::default(),
        };
        part.check()?;
        part.columns_cut = Cut::new(&part.columns(), rows, layout.k)?;
        if !layout.low_memory {
            part.by_row = Some(Rows::new(&part)?);
            if let Some(lists) = part.by_row() {
                part.rows_cut = Cut::new(&lists, cols, layout.k)?;
            }
        }
        Ok(part)
    }

    fn check(&self) -> Result<()> {
        let lists = self.columns();
        let run = self.cols.div_ceil(RUNS).max(1);
        let wrong = |c: usize| {
            (c * run..((c + 1) * run).min(self.cols)).find(|&j| {
                let (indices, _) = lists.list(j);
                let within = indices.last().is_none_or(|&i| (i as usize) < self.rows);
                !within || !indices.is_sorted_by(|a, b| a < b)
            })
        };
        let found = collect(self.cols.div_ceil(run), self.indices.len(), wrong);
        match found.into_iter().flatten().next() {
            None => Ok(()),
            Some(j) => Err(KernelError::invalid(format!(
                "the row indices of a sparse matrix must rise and stay below {} (column {j})",
                self.rows
            ))),
        }
    }

    /// The listed entries of each column.
    pub fn columns(&self) -> Lists<'_, T> {
        Lists {
            indices: self.indices,
            values: &self.values,
            windows: self.columns_cut.borders + 1,
            bounds: Bounds::Given(self.indptr),
            cut: &self.columns_cut,
            count: self.cols,
        }
    }

    /// The listed entries of each row, where the transpose is kept.
    pub fn by_row(&self) -> Option<Lists<'_, T>> {
        self.by_row.as_ref().map(|rows| Lists {
            indices: &rows.indices,
            values: &rows.values,
            windows: self.rows_cut.borders + 1,
            bounds: Bounds::Own(&rows.indptr),
            cut: &self.rows_cut,
            count: self.rows,
        })
    }
}

/// Columns of a panel of k factors in a stretch of `WINDOW` bytes.
fn columns_of_window<T: Element>(k: usize) -> usize {
    (WINDOW / (stride_of::<T>(k) * size_of::<T>()).max(1)).max(1)
}

/// Stretches of `WINDOW` bytes in a panel of k factors and `length` columns.
pub fn windows<T: Element>(length: usize, k: usize) -> usize {
    length.div_ceil(columns_of_window::<T>(k)).max(1)
}

impl Cut {
    /// Cuts `length` columns of a panel of k factors into stretches, and puts lists in order.
    fn new<T: Element>(lists: &Lists<'_, T>, length: usize, k: usize) -> Result<Self> {
        let columns = columns_of_window::<T>(k);
        let borders = windows::<T>(length, k) - 1;
        let mut crossings = zeros(borders * lists.count)?;
        for (border, crossings) in crossings.chunks_exact_mut(lists.count.max(1)).enumerate() {
            let end = ((border + 1) * columns) as u32;
            for (c, crossing) in crossings.iter_mut().enumerate() {
                *crossing = lists.bound(c) + lists.list(c).0.partition_point(|&i| i < end);
            }
        }
        let mut order = zeros::<u32>(lists.count)?;
        for (g, group) in order.chunks_mut(GROUP).enumerate() {
            let first = g * GROUP;
            group
                .iter_mut()
                .enumerate()
                .for_each(|(c, o)| *o = (first + c) as u32);
            let length = |&c: &u32| lists.bound(c as usize + 1) - lists.bound(c as usize);
            group.sort_by_key(|c| std::cmp::Reverse(length(c)));
        }
        Ok(Self {
            borders,
            crossings,
            order,
        })
    }
}

impl<T: Element> Rows<T> {
    /// Sorts the entries by row, by counting; each task fills the rows of a range of its own.
    fn new(part: &SparsePart<'_, T>) -> Result<Self> {
        let lists = part.columns();
        let listed = part.indices.len();
        let mut rows = Self {
            indptr: bounds_of_rows(part)?,
            indices: Lasting::unset(listed)?,
            values: Lasting::unset(listed)?,
        };
        let runs = listed.div_ceil(NEAR).clamp(1, RUNS);
        let ranges = even_ranges(part.rows, runs, |i| rows.indptr[i]);
        let (mut indices, mut values) = (&mut rows.indices[..], &mut rows.values[..]);
        let mut tasks = Vec::with_capacity(ranges.len());
        for range in ranges {
            let length = rows.indptr[range.end] - rows.indptr[range.start];
            let (own_indices, other_indices) = indices.split_at_mut(length);
            let (own_values, other_values) = values.split_at_mut(length);
            (indices, values) = (other_indices, other_values);
            tasks.push((range, own_indices, own_values));
        }
        let indptr = &rows.indptr;
        // Stretches of rows whose entries stay near while they are written, but not so many that columns are visited
        // for next to nothing.
        let stretch = NEAR.max(VISIT * part.cols);
        each_task(tasks, listed, |_, (range, indices, values)| {
            let base = indptr[range.start];
            let mut next: Vec<usize> = indptr[range.clone()].iter().map(|q| q - base).collect();
            let mut cursors: Vec<usize> = (0..part.cols)
                .map(|j| {
                    lists.bound(j)
                        + lists
                            .list(j)
                            .0
                            .partition_point(|&i| (i as usize) < range.start)
                })
                .collect();
            let pieces = indices.len().div_ceil(stretch).max(1);
            let before = |i: usize| indptr[range.start + i] - base;
            // What a column lists within a piece, about.
            let visit = indices.len().div_ceil(pieces * part.cols.max(1));
            for piece in even_ranges(range.len(), pieces, before) {
                let end = (range.start + piece.end) as u32;
                for j in 0..part.cols {
                    if let Some(&next) = cursors.get(j + AHEAD) {
                        prefetch_run(part.indices, next, visit);
                        prefetch_run(&part.values, next, visit);
                    }
                    let first = cursors[j];
                    let (listed, entries) = (&part.indices[first..], &part.values[first..]);
                    let rest = listed[..lists.bound(j + 1) - first].iter().zip(entries);
                    let mut taken = 0;
                    for (&i, &x) in rest.take_while(|&(&i, _)| i < end) {
                        let next = &mut next[i as usize - range.start];
                        indices[*next] = j as u32;
                        values[*next] = x;
                        *next += 1;
                        taken += 1;
                    }
                    cursors[j] = first + taken;
                }
            }
        });
        Ok(rows)
    }
}

/// Brings `count` entries from `first` on near.
fn prefetch_run<T>(entries: &[T], first: usize, count: usize) {
    for step in (0..=count).step_by(LINE / size_of::<T>()) {
        prefetch(entries.as_ptr().wrapping_add(first + step));
    }
}

/// Where the entries of each row begin once they are sorted by row, and where the last ends.
pub fn bounds_of_rows<T: Element>(part: &SparsePart<'_, T>) -> Result<Vec<usize>> {
    let listed = part.indices.len();
    let run = listed.div_ceil(RUNS).max(1);
    let count = |indices: &[u32]| {
        let mut counts = zeros::<u32>(part.rows)?;
        for &i in indices {
            counts[i as usize] += 1;
        }
        Ok(counts)
    };
    let runs: Vec<&[u32]> = part.indices.chunks(run).collect();
    let counted: Result<Vec<Vec<u32>>> = collect(runs.len(), listed, |c| count(runs[c]))
        .into_iter()
        .collect();
    let counted = counted?;
    let mut bounds = zeros::<usize>(part.rows + 1)?;
    for i in 0..part.rows {
        let row: usize = counted.iter().map(|counts| counts[i] as usize).sum();
        bounds[i + 1] = bounds[i] + row;
    }
    Ok(bounds)
}
