//! How much memory a fit takes beyond its data: bytes that the allocator is asked for, counted. All arrays are small enough
//! to come from it; `resident.rs` has large ones.

// An allocator can't be written otherwise; it hands everything on to that of the system.
#![allow(unsafe_code)]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use common::{OwnedCsc, Problem, Random};
use factorloom_core::control::Control;
use factorloom_core::data::{Block, Values};
use factorloom_core::panel::stride_of;
use factorloom_core::pool::with_threads;

/// Counts the bytes that are in use, and the most there ever were.
struct Counting;

static IN_USE: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

fn taken(bytes: usize) {
    let now = IN_USE.fetch_add(bytes, Relaxed) + bytes;
    MOST.fetch_max(now, Relaxed);
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        taken(layout.size());
        // SAFETY: the caller keeps to the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        taken(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Bytes that a fit takes at most beyond what is there before.
fn peak(problem: &Problem<'_>, threads: usize) -> usize {
    with_threads(threads, || Ok(())).unwrap();
    let before = IN_USE.load(Relaxed);
    MOST.store(before, Relaxed);
    with_threads(threads, || problem.solve(Control::IDLE)).unwrap();
    MOST.load(Relaxed) - before
}

/// Six panels of factors: of each factor the accepted one, the one in work and the one before.
fn panels(m: usize, n: usize, stride: usize) -> usize {
    3 * (m + n) * stride * 8
}

/// A Gram matrix of each task, of which there are at most so many.
const TASKS: usize = 32;

/// One test, since the count is of the whole process.
#[test]
fn a_fit_takes_the_transpose_and_six_panels_at_most() {
    let (m, n, k) = (3000, 600, 40);
    let mut random = Random(5);
    let sparse = random.sparse(m, n, 0.06);
    let csc = OwnedCsc::new(&sparse);
    let Block::Csc { values, .. } = csc.block() else {
        panic!("it is sparse")
    };
    let stored = values.len();
    let dense = random.matrix(m, n);
    for threads in [1, 2, 3] {
        for (name, block, transpose) in [
            ("sparse", csc.block(), stored * (8 + 4) + 4 * (m + 1)),
            (
                "dense",
                Block::Dense {
                    rows: m,
                    cols: n,
                    data: Values::F64(&dense.data),
                    by_rows: false,
                },
                0,
            ),
        ] {
            let mut problem = Problem::new(vec![block], random.matrix(m, k), random.matrix(k, n));
            problem.max_iter = 5;
            let most = peak(&problem, threads);
            let room = transpose + panels(m, n, stride_of::<f64>(k)) + TASKS * k * k * 8;
            assert!(
                most <= room,
                "{name}, {threads} threads: {most} of {room} bytes"
            );
            assert!(
                2 * most > room,
                "what is counted is the fit: {most} of {room} bytes"
            );
        }
    }
}
