//! How much memory a fit takes beyond its data, and what is left of it: pages in memory, as Linux counts them.

#![cfg(target_os = "linux")]

mod common;

use std::fs::{read_to_string, write};

use common::{Problem, Random, Spread};
use factorloom_core::control::Control;
use factorloom_core::matrix::Matrix;
use factorloom_core::memory::Aligned;
use factorloom_core::nmf::Precision;
use factorloom_core::panel::stride_of;
use factorloom_core::pool::with_threads;

const THREADS: usize = 2;
const MIB: usize = 1 << 20;
/// What is kept of arrays that were dropped, at most.
const KEPT: usize = 64 * MIB;
/// Stacks, machine code, small arrays, and what the allocator keeps.
const SLACK: usize = 3 * MIB;

fn now(name: &str) -> usize {
    let status = read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<usize>()
        .unwrap()
        * 1024
}

fn resident() -> usize {
    now("VmRSS")
}

/// Bytes that are in memory at most while it works, beyond what is there before.
fn peak(work: impl FnOnce()) -> usize {
    // An array that is too large to be kept and fits nothing that is: then all is given back.
    drop(Aligned::<u8>::zeros(KEPT + 1).unwrap());
    // The peak begins anew.
    write("/proc/self/clear_refs", "5").unwrap();
    let before = resident();
    work();
    now("VmHWM") - before
}

fn fit(problem: &Problem<'_>) {
    with_threads(THREADS, || problem.solve(Control::IDLE)).unwrap();
}

/// One test, since the count is of the whole process.
#[test]
fn a_fit_takes_the_transpose_and_six_panels_and_the_next_takes_the_same() {
    let mut random = Random(5);
    let (m, n, k) = (15_000, 3000, 40);
    let sparse = Spread::new(m, n, 700, &mut random);
    let few = Spread::new(300, 200, 10, &mut random);
    for (precision, width, stride) in [
        (Precision::F32, 4, stride_of::<f32>(k)),
        (Precision::F64, 8, stride_of::<f64>(k)),
    ] {
        let mut small = Problem::new(
            vec![few.block(precision)],
            random.matrix(300, k),
            random.matrix(k, 200),
        );
        (small.max_iter, small.precision) = (3, precision);
        fit(&small);
        let mut large = Problem::new(
            vec![sparse.block(precision)],
            random.matrix(m, k),
            random.matrix(k, n),
        );
        (large.max_iter, large.precision) = (5, precision);
        let room = 700 * n * (width + 4) + 4 * (m + 1) + 3 * (m + n) * stride * width;
        let first = peak(|| fit(&large));
        assert!(first <= room + SLACK, "{width}: {first} of {room} bytes");
        assert!(
            2 * first > room,
            "what is counted is the fit: {first} of {room}"
        );
        let after = resident();
        (0..5).for_each(|_| fit(&large));
        // What results leave with the allocator, for either thread.
        let results = THREADS * 8 * k * (m + n);
        assert!(
            resident() <= after + results + THREADS * SLACK,
            "the next fits take what is there: {after}, then {}",
            resident()
        );
    }

    let before = resident();
    let array = |mib: usize| Aligned::copied(&vec![1_u8; mib * MIB]).unwrap();
    drop((0..10).map(|_| array(20)).collect::<Vec<_>>());
    assert!(
        resident() <= before + KEPT + SLACK,
        "kept: {} after {before}",
        resident()
    );
    // Whoever finds nothing that fits has all of it given back.
    let other = array(30);
    assert!(resident() <= before + 30 * MIB + SLACK);
    drop(other);
    // An array that the allocator gives takes its place.
    let matrix = Matrix::copied(5 * MIB / 8, 5, &vec![1.0; 25 * MIB / 8]).unwrap();
    assert!(resident() <= before + 25 * MIB + SLACK);
    drop(matrix);
}
