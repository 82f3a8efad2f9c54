//! How work is cut. The cuts depend on the problem only and every sum is taken in the order of its chunks, so the
//! number of threads never changes a bit of the result.

use rayon::prelude::*;

/// Multiply-adds below which handing work to other threads costs more than it saves.
const WORTHWHILE: usize = 1 << 16;

fn on_one_thread(work: usize) -> bool {
    work < WORTHWHILE || rayon::current_num_threads() == 1
}

/// Calls `task` with each run of `chunk` entries of `data` and its number; `work` is a count of multiply-adds.
pub fn each_chunk(
    data: &mut [f64],
    chunk: usize,
    work: usize,
    task: impl Fn(usize, &mut [f64]) + Sync,
) {
    let call = |(c, part): (usize, &mut [f64])| task(c, part);
    if on_one_thread(work) {
        data.chunks_mut(chunk).enumerate().for_each(call);
    } else {
        data.par_chunks_mut(chunk).enumerate().for_each(call);
    }
}

/// What `task` returns for 0, 1, … `count − 1`, in that order.
pub fn collect<T: Send>(count: usize, work: usize, task: impl Fn(usize) -> T + Sync) -> Vec<T> {
    if on_one_thread(work) || count == 1 {
        (0..count).map(&task).collect()
    } else {
        (0..count).into_par_iter().map(&task).collect()
    }
}
