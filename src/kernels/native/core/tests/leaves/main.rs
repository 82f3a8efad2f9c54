//! Every leaf against a plain twin: the same bits at every level, whatever the shape. That of the masks is held to its
//! definition in `hold_out`.

#[path = "../common/mod.rs"]
mod common;
mod correct;
mod losses;
mod products;
mod sweep;
mod vectors;

use std::ops::{Add, Div, Mul, Sub};

use common::Random;
use factorloom_core::simd::Real;

/// What twins are written with.
trait Plain:
    Real + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self>
{
    fn zero() -> Self {
        Self::default()
    }
    fn larger(self, other: Self) -> Self {
        if self > other { self } else { other }
    }
    fn smaller(self, other: Self) -> Self {
        if self < other { self } else { other }
    }
    fn magnitude(self) -> Self {
        (Self::zero() - self).larger(self)
    }
}

impl Plain for f32 {}
impl Plain for f64 {}

fn ranks() -> Vec<usize> {
    if cfg!(miri) {
        vec![1, 6, 33]
    } else {
        (1..=20)
            .chain([24, 31, 33, 36, 40, 63, 65, 100, 129])
            .collect()
    }
}

/// Some numbers of columns for each rank: 1 to 130, and those at which tiles end.
fn shapes(seed: u64, mut check: impl FnMut(usize, usize, &mut Random)) {
    let mut random = Random(seed);
    for (n, k) in ranks().into_iter().enumerate() {
        if cfg!(miri) {
            check(k, 1 + random.below(9), &mut random);
            continue;
        }
        for _ in 0..2 {
            check(k, 1 + random.below(130), &mut random);
        }
        check(
            k,
            [1, 2, 3, 5, 14, 15, 63, 64, 65, 128, 130][n % 11],
            &mut random,
        );
    }
}

#[track_caller]
fn assert_same<T: Real>(found: &[T], wanted: &[T], of: &str) {
    assert_eq!(found.len(), wanted.len());
    for (p, (x, y)) in found.iter().zip(wanted).enumerate() {
        let same = x.to_f64().to_bits() == y.to_f64().to_bits();
        assert!(
            same,
            "{of}, {}: {x:?} is not {y:?} at {p} of {}",
            T::NAME,
            found.len()
        );
    }
}

/// The sum of so many numbers, number l and number l + half of them, until one is left.
fn by_halves<T: Plain>(numbers: &mut [T]) -> T {
    let mut half = numbers.len() / 2;
    while half > 0 {
        (0..half).for_each(|l| numbers[l] = numbers[l] + numbers[l + half]);
        half /= 2;
    }
    numbers[0]
}
