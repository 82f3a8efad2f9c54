//! How work is cut. The cuts depend on the problem only and every sum is taken in the order of its chunks, so the
//! number of threads never changes a bit of the result.

use std::ops::Range;

use rayon::prelude::*;

/// Multiply-adds below which handing work to other threads costs more than it saves.
const WORTHWHILE: usize = 1 << 16;
/// Multiply-adds that make a task.
const GRAIN: usize = 1 << 17;
/// Most tasks.
const TASKS: usize = 32;
/// Boundaries of tasks are multiples of this where there are so many to choose from.
const ROUND: usize = 64;
/// Or else of this.
const LINE: usize = 16;

/// Whether `work` multiply-adds are done by the calling thread alone.
pub fn on_one_thread(work: usize) -> bool {
    work < WORTHWHILE || rayon::current_num_threads() == 1
}

/// Calls `task` with each run of `chunk` entries of `data` and its number; `work` is a count of multiply-adds.
pub fn each_chunk<T: Send>(
    data: &mut [T],
    chunk: usize,
    work: usize,
    task: impl Fn(usize, &mut [T]) + Sync,
) {
    let call = |(c, part): (usize, &mut [T])| task(c, part);
    if on_one_thread(work) {
        data.chunks_mut(chunk).enumerate().for_each(call);
    } else {
        data.par_chunks_mut(chunk).enumerate().for_each(call);
    }
}

/// What `task` returns for 0, 1, … `count − 1`, in that order.
pub fn collect<R: Send>(count: usize, work: usize, task: impl Fn(usize) -> R + Sync) -> Vec<R> {
    if on_one_thread(work) || count == 1 {
        (0..count).map(&task).collect()
    } else {
        (0..count).into_par_iter().map(&task).collect()
    }
}

/// What `call` returns for each task and its number, in their order.
pub fn each_task<Task: Send, R: Send>(
    tasks: Vec<Task>,
    work: usize,
    call: impl Fn(usize, Task) -> R + Sync,
) -> Vec<R> {
    let call = |(c, task)| call(c, task);
    if on_one_thread(work) || tasks.len() == 1 {
        tasks.into_iter().enumerate().map(call).collect()
    } else {
        tasks.into_par_iter().enumerate().map(call).collect()
    }
}

/// How many tasks `work` multiply-adds make: a power of two, as numbers of threads mostly are.
pub fn tasks_of(work: usize) -> usize {
    let tasks = (work / GRAIN).clamp(1, TASKS);
    1 << tasks.ilog2()
}

/// Cuts 0..length into at most `pieces` ranges of about equal weight; `before(i)` is the weight of all before i.
pub fn even_ranges(
    length: usize,
    pieces: usize,
    before: impl Fn(usize) -> usize,
) -> Vec<Range<usize>> {
    let total = before(length);
    let round = [ROUND, LINE]
        .into_iter()
        .find(|&round| length >= 4 * round * pieces)
        .unwrap_or(1);
    let mut ranges = Vec::with_capacity(pieces);
    let mut from = 0;
    for piece in 1..=pieces {
        let goal = (total as u128 * piece as u128 / pieces as u128) as usize;
        let mut to = from;
        let mut end = length;
        while to < end {
            let middle = to.midpoint(end);
            if before(middle) < goal {
                to = middle + 1;
            } else {
                end = middle;
            }
        }
        let to = if piece == pieces {
            length
        } else {
            to.next_multiple_of(round).min(length)
        };
        if to > from {
            ranges.push(from..to);
            from = to;
        }
    }
    ranges
}
