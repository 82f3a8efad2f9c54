use super::lists::Lists;
use super::mask::{Mask, places};
use crate::data::{Block, Data, DensePart, Element, Part, PartKind, Pointers};
use crate::error::{ErrorCode, KernelError, Result};
use crate::leaves::TILE;
use crate::memory::{Lasting, zeros};
use crate::parallel::{each_chunk, each_task, even_ranges, tasks_of};
use crate::sparse::SparsePart;

/// Multiply-adds that looking an entry up costs, about.
const COST: usize = 8;
/// Listed entries that are weighed in one go.
const LISTED: usize = 4096;

/// Data of one's own in which nothing is left of what is held out.
pub struct Hidden<T> {
    parts: Vec<OwnPart<T>>,
}

enum OwnPart<T> {
    Dense {
        rows: usize,
        cols: usize,
        by_rows: bool,
        data: Vec<T>,
    },
    Csc {
        rows: usize,
        cols: usize,
        indptr: Vec<u64>,
        indices: Lasting<u32>,
        values: Lasting<T>,
    },
}

impl<T: Element> Hidden<T> {
    /// Copies X with zeros where an entry is held out.
    pub fn new(x: Data<'_, T>, mask: &Mask) -> Result<Self> {
        let hide = |part: Part<'_, T>| match part.kind {
            PartKind::Dense(block) => dense(block, part.top, mask),
            PartKind::Sparse(block) => sparse(&block, part.top, mask),
        };
        Ok(Self {
            parts: x.parts.into_iter().map(hide).collect::<Result<_>>()?,
        })
    }

    /// Multiplies each entry that is not zero by what is said of its place.
    pub fn weigh(&mut self, by: impl Fn(usize, usize) -> f64 + Sync) {
        let mut top = 0;
        for part in &mut self.parts {
            top += part.weigh(|i, j| by(top + i, j));
        }
    }

    /// The blocks.
    pub fn blocks(&self) -> Vec<Block<'_>> {
        self.parts.iter().map(OwnPart::block).collect()
    }
}

fn dense<T: Element>(block: DensePart<'_, T>, top: usize, mask: &Mask) -> Result<OwnPart<T>> {
    let DensePart {
        rows, cols, down, ..
    } = block;
    let by_rows = down != 1;
    let mut data = match block.data {
        std::borrow::Cow::Owned(data) => data,
        std::borrow::Cow::Borrowed(data) => {
            let mut own = zeros(data.len())?;
            own.copy_from_slice(data);
            own
        }
    };
    let work = data.len();
    if by_rows {
        each_chunk(&mut data, TILE * cols, work, |c, data| {
            for (r, row) in data.chunks_exact_mut(cols).enumerate() {
                for across in 0..cols.div_ceil(TILE) {
                    for place in places(mask.words(across)[top + c * TILE + r]) {
                        row[across * TILE + place] = T::default();
                    }
                }
            }
        });
    } else {
        each_chunk(&mut data, (TILE * rows).max(1), work, |across, data| {
            for (i, &word) in mask.words(across)[top..top + rows].iter().enumerate() {
                for place in places(word) {
                    data[place * rows + i] = T::default();
                }
            }
        });
    }
    Ok(OwnPart::Dense {
        rows,
        cols,
        by_rows,
        data,
    })
}

fn sparse<T: Element>(block: &SparsePart<'_, T>, top: usize, mask: &Mask) -> Result<OwnPart<T>> {
    let SparsePart { rows, cols, .. } = *block;
    let columns = block.columns();
    let kept = |j: usize| {
        let words = &mask.words(j / TILE)[top..];
        let (indices, values) = columns.list(j);
        indices
            .iter()
            .zip(values)
            .filter(move |&(&i, _)| words[i as usize] >> (j % TILE) & 1 == 0)
    };
    let listed = block.values.len();
    let mut indptr = zeros::<u64>(cols + 1)?;
    each_chunk(&mut indptr[1..], TILE, listed, |across, counts| {
        for (c, count) in counts.iter_mut().enumerate() {
            *count = kept(across * TILE + c).count() as u64;
        }
    });
    let mut end = 0;
    for bound in &mut indptr {
        end += *bound;
        *bound = end;
    }
    let mut indices = Lasting::unset(end as usize)?;
    let mut values = Lasting::unset(end as usize)?;
    let (mut indices_left, mut values_left) = (&mut indices[..], &mut values[..]);
    let mut tasks = Vec::new();
    for first in (0..cols).step_by(TILE) {
        let last = cols.min(first + TILE);
        let length = (indptr[last] - indptr[first]) as usize;
        let (own_indices, other_indices) = indices_left.split_at_mut(length);
        let (own_values, other_values) = values_left.split_at_mut(length);
        (indices_left, values_left) = (other_indices, other_values);
        tasks.push((first..last, own_indices, own_values));
    }
    each_task(tasks, listed, |_, (range, indices, values)| {
        let out = indices.iter_mut().zip(values);
        for ((index, value), (&i, &x)) in out.zip(range.flat_map(kept)) {
            (*index, *value) = (i, x);
        }
    });
    Ok(OwnPart::Csc {
        rows,
        cols,
        indptr,
        indices,
        values,
    })
}

/// Values of held-out entries, in the order of their lists; those that are zero are left out.
pub struct HeldValues<T> {
    /// Places in their window: that of its first entry is 0.
    pub places: Vec<u32>,
    /// The values.
    pub values: Vec<T>,
    /// Where those of each list of each window begin, and after the last where they end.
    pub bounds: Vec<usize>,
}

impl<T: Element> HeldValues<T> {
    /// None that is known.
    pub fn none(lists: &Lists) -> Result<Self> {
        Ok(Self {
            places: Vec::new(),
            values: Vec::new(),
            bounds: zeros(lists.windows * lists.count + 1)?,
        })
    }

    /// Looks them up in X; `lists` are by columns of X.
    pub fn new(x: &Data<'_, T>, lists: &Lists) -> Result<Self> {
        let segments = lists.windows * lists.count;
        let longest = (0..lists.windows)
            .map(|w| lists.bounds[(w + 1) * lists.count] - lists.bounds[w * lists.count])
            .max();
        if longest.is_some_and(|longest| u32::try_from(longest).is_err()) {
            return Err(KernelError::new(
                ErrorCode::OutOfMemory,
                "too many entries are held out",
            ));
        }
        let work = COST * lists.len();
        let ranges = even_ranges(segments, tasks_of(work), |s| lists.bounds[s] + s);
        let mut bounds = zeros(segments + 1)?;
        let mut rest = &mut bounds[1..];
        let mut tasks = Vec::with_capacity(ranges.len());
        for range in ranges.iter().cloned() {
            let (own, other) = rest.split_at_mut(range.len());
            tasks.push((range, own));
            rest = other;
        }
        each_task(tasks, work, |_, (range, counts)| {
            for (segment, count) in range.zip(counts) {
                each_value(x, lists, segment, |_, _| *count += 1);
            }
        });
        let mut end = 0;
        for bound in &mut bounds {
            end += *bound;
            *bound = end;
        }
        let (mut places, mut values) = (zeros(end)?, zeros(end)?);
        let (mut places_left, mut values_left) = (&mut places[..], &mut values[..]);
        let mut tasks = Vec::with_capacity(ranges.len());
        for range in ranges {
            let length = bounds[range.end] - bounds[range.start];
            let (own_places, other_places) = places_left.split_at_mut(length);
            let (own_values, other_values) = values_left.split_at_mut(length);
            (places_left, values_left) = (other_places, other_values);
            tasks.push((range, own_places, own_values));
        }
        each_task(tasks, work, |_, (range, places, values)| {
            let mut out = places.iter_mut().zip(values);
            for segment in range {
                let before =
                    lists.bounds[segment] - lists.bounds[segment / lists.count * lists.count];
                each_value(x, lists, segment, |place, value| {
                    if let Some((out_place, out_value)) = out.next() {
                        (*out_place, *out_value) = ((before + place) as u32, value);
                    }
                });
            }
        });
        Ok(Self {
            places,
            values,
            bounds,
        })
    }
}

/// The held-out entries of a list of a window that are not zero, with their place in the list.
fn each_value<T: Element>(
    x: &Data<'_, T>,
    lists: &Lists,
    segment: usize,
    mut found: impl FnMut(usize, T),
) {
    let j = segment % lists.count;
    let rows = &lists.indices[lists.bounds[segment]..lists.bounds[segment + 1]];
    let from = lists.first(segment / lists.count);
    let row = |i: u16| from + usize::from(i);
    let mut found = |place, value: T| {
        if value != T::default() {
            found(place, value);
        }
    };
    for part in &x.parts {
        let (top, end) = (part.top, part.top + part.rows());
        let first = rows.partition_point(|&i| row(i) < top);
        let own = &rows[first..rows.partition_point(|&i| row(i) < end)];
        match &part.kind {
            PartKind::Dense(block) => {
                for (place, &i) in own.iter().enumerate() {
                    found(
                        first + place,
                        block.data[(row(i) - top) * block.down + j * block.across],
                    );
                }
            }
            PartKind::Sparse(block) => {
                let columns = block.columns();
                let (listed, values) = columns.list(j);
                let begin = own.first().map_or(listed.len(), |&i| {
                    listed.partition_point(|&l| (l as usize) < row(i) - top)
                });
                let mut held = own.iter().enumerate().peekable();
                for (&i, &value) in listed[begin..].iter().zip(&values[begin..]) {
                    let i = top + i as usize;
                    while held.next_if(|&(_, &h)| row(h) < i).is_some() {}
                    match held.peek() {
                        Some(&(place, &h)) if row(h) == i => found(first + place, value),
                        Some(_) => (),
                        None => break,
                    }
                }
            }
        }
    }
}

impl<T: Element> OwnPart<T> {
    /// Returns how many rows it has.
    fn weigh(&mut self, by: impl Fn(usize, usize) -> f64 + Sync) -> usize {
        let weigh = |x: &mut T, i: usize, j: usize| {
            if *x != T::default() {
                *x = T::from_f64(x.to_f64() * by(i, j));
            }
        };
        match self {
            OwnPart::Dense {
                rows,
                cols,
                by_rows,
                data,
            } => {
                let (length, work) = (if *by_rows { *cols } else { *rows }, COST * data.len());
                each_chunk(data, length, work, |line, data| {
                    for (place, x) in data.iter_mut().enumerate() {
                        let (i, j) = if *by_rows {
                            (line, place)
                        } else {
                            (place, line)
                        };
                        weigh(x, i, j);
                    }
                });
                *rows
            }
            OwnPart::Csc {
                rows,
                indptr,
                indices,
                values,
                ..
            } => {
                let work = COST * values.len();
                each_chunk(values, LISTED, work, |c, values| {
                    let first = c * LISTED;
                    let mut j = indptr.partition_point(|&bound| bound <= first as u64) - 1;
                    for (p, x) in (first..).zip(values) {
                        while indptr[j + 1] <= p as u64 {
                            j += 1;
                        }
                        weigh(x, indices[p] as usize, j);
                    }
                });
                *rows
            }
        }
    }

    fn block(&self) -> Block<'_> {
        match *self {
            OwnPart::Dense {
                rows,
                cols,
                by_rows,
                ref data,
            } => Block::Dense {
                rows,
                cols,
                by_rows,
                data: T::values(data),
            },
            OwnPart::Csc {
                rows,
                cols,
                ref indptr,
                ref indices,
                ref values,
            } => Block::Csc {
                rows,
                cols,
                indptr: Pointers::U64(indptr),
                indices,
                values: T::values(values),
                unlisted_missing: false,
            },
        }
    }
}
