//! How much memory a fit takes beyond its data, and what is left of it: pages in memory, as Linux counts them.

#![cfg(target_os = "linux")]

mod common;

use std::fs::{read_to_string, write};

use common::{Problem, Random, Spread};
use factorloom_core::control::Control;
use factorloom_core::memory::Lasting;
use factorloom_core::nmf::{NmfResult, Precision};
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

/// A number that tells the bits of two results apart, and takes no memory.
fn mark_of(result: &NmfResult) -> u64 {
    let numbers = result.w.data.iter().chain(&result.d).chain(&result.h.data);
    numbers.fold(0, |mark, x| {
        mark.wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .wrapping_add(x.to_bits())
    })
}

/// All that is kept is given back: for an array that is too large to be kept.
fn forget() {
    drop(Lasting::<u8>::zeros(KEPT + 1).unwrap());
}

/// The peak of what is in memory begins anew.
fn begin_anew() -> std::io::Result<()> {
    write("/proc/self/clear_refs", "5")
}

/// Bytes that are in memory at most while it works, beyond what is there before.
fn peak(work: impl FnOnce()) -> usize {
    forget();
    begin_anew().unwrap();
    let before = resident();
    work();
    now("VmHWM") - before
}

fn fit(problem: &Problem<'_>) -> NmfResult {
    with_threads(THREADS, || problem.solve(Control::IDLE)).unwrap()
}

/// One test, since the count is of the whole process.
#[test]
fn a_fit_takes_the_transpose_and_six_panels_and_the_next_takes_the_same() {
    if let Err(error) = begin_anew() {
        eprintln!("not tested: the system counts no peak anew ({error})");
        return;
    }
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
        let mut result = None;
        let first = peak(|| result = Some(fit(&large)));
        let mark = result.take().map(|result| mark_of(&result));
        assert!(first <= room + SLACK, "{width}: {first} of {room} bytes");
        assert!(
            2 * first > room,
            "what is counted is the fit: {first} of {room}"
        );
        let after = resident();
        for _ in 0..5 {
            assert_eq!(mark, Some(mark_of(&fit(&large))), "on pages that were used");
        }
        // What results leave with the allocator, for either thread.
        let results = THREADS * 8 * k * (m + n);
        assert!(
            resident() <= after + results + THREADS * SLACK,
            "the next fits take what is there: {after}, then {}",
            resident()
        );
    }

    forget();
    let before = resident();
    let array = |mib: usize| {
        let mut bytes = Lasting::<u8>::zeros(mib * MIB).unwrap();
        bytes.fill(1);
        bytes
    };
    let within = |most: usize, what: &str| {
        let more = resident().saturating_sub(before);
        assert!(more <= most * MIB + SLACK, "{what}: {more} bytes");
    };
    drop((0..10).map(|_| array(20)).collect::<Vec<_>>());
    within(KEPT / MIB, "of what was dropped so much stays");
    assert!(resident() >= before + 60 * MIB, "so much stays");
    let other = array(20);
    within(60, "one is taken again");
    drop(other);
    let other = array(50);
    within(50, "what does not fit goes: as much as comes");
    drop(other);
    let other = array(10);
    within(10, "a small array does not take a large one");
    drop(other);
    drop((0..3).map(|_| array(20)).collect::<Vec<_>>());
    drop(array(200));
    within(0, "what is larger than all that may stay does not");
}
