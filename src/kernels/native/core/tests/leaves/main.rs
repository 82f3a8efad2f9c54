//! Every leaf against a plain twin: the same bits at every level, whatever the shape. That of the masks is held to its
//! definition in `hold_out.rs`.

#[path = "../common/mod.rs"]
mod common;
mod rest;

use std::ops::{Add, Div, Mul, Sub};

use common::{Random, each_level};
use factorloom_core::leaves::{
    Accumulate, BLOCK, Correct, Dot, Extrapolate, Gather, SUMS, Scatter, Scored, SweepTile, Sweeps,
};
use factorloom_core::panel::stride_of;
use factorloom_core::simd::{Real, run};

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
        (1..=17).chain([31, 33, 63, 65, 100, 129]).collect()
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

fn accumulate<T: Plain>() {
    shapes(1, |k, columns, random| {
        let stride = stride_of::<T>(k);
        let terms = random.below(if cfg!(miri) { 5 } else { 150 });
        let factor: Vec<T> = random.numbers((terms + 2) * stride);
        let before: Vec<T> = random.numbers(columns * stride);
        for (along, across) in [
            (1, terms + 3),
            (columns + 2, 1),
            (3, 3 * terms + 1),
            (2 * columns, 2),
            (1, 1),
        ] {
            let entries: Vec<T> = random.numbers(terms * along + columns * across);
            let mut wanted = before.clone();
            for (c, out) in wanted.chunks_exact_mut(stride).enumerate() {
                for (t, factor) in factor.chunks_exact(stride).take(terms).enumerate() {
                    let x = entries[t * along + c * across];
                    out.iter_mut()
                        .zip(factor)
                        .for_each(|(out, f)| *out = x.fused(*f, *out));
                }
            }
            each_level(|level| {
                let mut out = before.clone();
                run(Accumulate {
                    factor: &factor,
                    stride,
                    entries: &entries,
                    along,
                    across,
                    terms,
                    out: &mut out,
                });
                assert_same(
                    &out,
                    &wanted,
                    &format!("{level:?} {k} × {columns}, {terms} terms, {along}, {across}"),
                );
            });
        }
    });
}

#[test]
fn accumulate_adds_in_order() {
    accumulate::<f64>();
    accumulate::<f32>();
}

fn gather<T: Plain>() {
    shapes(2, |k, columns, random| {
        let stride = stride_of::<T>(k);
        let count = 1 + random.below(40);
        let factor: Vec<T> = random.numbers(count * stride);
        let before: Vec<T> = random.numbers(columns * stride);
        let longest = [3, 20, if cfg!(miri) { 30 } else { 300 }][random.below(3)];
        let bounds: Vec<usize> = (0..=columns)
            .scan(random.below(5), |end, _| {
                let begin = *end;
                *end += random.below(longest);
                Some(begin)
            })
            .collect();
        let indices: Vec<u32> = (0..bounds[columns])
            .map(|_| random.below(count) as u32)
            .collect();
        let values: Vec<T> = random.numbers(indices.len());
        let mut wanted = before.clone();
        for (c, out) in wanted.chunks_exact_mut(stride).enumerate() {
            for p in bounds[c]..bounds[c + 1] {
                let factor = &factor[indices[p] as usize * stride..][..stride];
                out.iter_mut()
                    .zip(factor)
                    .for_each(|(out, f)| *out = values[p].fused(*f, *out));
            }
        }
        let first = random.below(1000);
        let mut order: Vec<u32> = (first..first + columns).map(|c| c as u32).collect();
        random.shuffle(&mut order);
        for order in [&[], &order[..]] {
            each_level(|level| {
                let mut out = before.clone();
                run(Gather {
                    factor: &factor,
                    stride,
                    indices: &indices,
                    values: &values,
                    bounds: |c| (bounds[c], bounds[c + 1]),
                    order,
                    first,
                    out: &mut out,
                });
                assert_same(
                    &out,
                    &wanted,
                    &format!("{level:?} {k} × {columns}, ordered: {}", !order.is_empty()),
                );
            });
        }
    });
}

#[test]
fn gather_adds_in_order_whatever_the_order_of_columns() {
    gather::<f64>();
    gather::<f32>();
}

#[test]
#[should_panic(expected = "count")]
fn gather_refuses_a_column_that_is_not_there() {
    let mut out = [0.0_f64; 8];
    let bounds = |_| (0, 1);
    run(Gather {
        factor: &[1.0; 16],
        stride: 8,
        indices: &[2],
        values: &[1.0],
        bounds,
        order: &[],
        first: 0,
        out: &mut out,
    });
}

fn scatter<T: Plain>() {
    shapes(3, |k, columns, random| {
        let stride = stride_of::<T>(k);
        let factor: Vec<T> = random.numbers(stride);
        let before: Vec<T> = random.numbers(columns * stride);
        let first = random.below(1000);
        let indices: Vec<u32> = (first..first + columns)
            .filter(|_| random.below(3) == 0)
            .map(|i| i as u32)
            .collect();
        let values: Vec<T> = random.numbers(indices.len());
        let mut wanted = before.clone();
        for (&i, &x) in indices.iter().zip(&values) {
            let out = &mut wanted[(i as usize - first) * stride..][..stride];
            out.iter_mut()
                .zip(&factor)
                .for_each(|(out, f)| *out = x.fused(*f, *out));
        }
        each_level(|level| {
            let mut out = before.clone();
            run(Scatter {
                factor: &factor,
                first,
                indices: &indices,
                values: &values,
                out: &mut out,
            });
            assert_same(&out, &wanted, &format!("{level:?} {k} × {columns}"));
        });
    });
}

#[test]
fn scatter_adds_once_for_each_entry() {
    scatter::<f64>();
    scatter::<f32>();
}

/// Coordinate descent on one column as it is defined; by how much the objective falls.
fn sweep<T: Plain>(sweeps: &Sweeps<T>, x: &mut [T], b: &[T], diagonal: Option<T>) -> T {
    let Sweeps {
        k, lower, upper, ..
    } = *sweeps;
    let half = T::from_f64(-0.5);
    let plain = sweeps.plain && diagonal.is_none();
    let own = diagonal.unwrap_or(T::zero());
    let gram = |r: usize, s: usize| sweeps.gram[r / BLOCK * BLOCK * k + s * BLOCK + r % BLOCK];
    let (mut rise, mut fall, mut limit) = (T::zero(), T::zero(), T::zero());
    for sweep in 0..sweeps.most {
        let mut moved = T::zero();
        for block in (0..k).step_by(BLOCK) {
            let rows = block..k.min(block + BLOCK);
            let mut slopes: Vec<T> = rows
                .clone()
                .map(|r| {
                    let begin = if plain {
                        sweeps.linear[r] - b[r]
                    } else {
                        T::zero() - b[r]
                    };
                    (block..k)
                        .chain(0..block)
                        .fold(begin, |slope, s| gram(r, s).fused(x[s], slope))
                })
                .collect();
            for r in rows.filter(|&r| sweeps.curvature[r] != T::zero()) {
                let at = x[r];
                let (slope, curvature, linear) =
                    (slopes[r - block], sweeps.curvature[r], sweeps.linear[r]);
                let (to, slope, curvature) = if plain {
                    let to = (T::zero() - slope)
                        .fused(sweeps.inverse[r], at)
                        .larger(T::zero());
                    (to, slope, curvature)
                } else {
                    let (slope, curvature) = (own.fused(at, slope), curvature + own);
                    let (free, shrink) = (at - slope / curvature, linear / curvature);
                    let shrunk =
                        (free - shrink).larger(T::zero()) + (free + shrink).smaller(T::zero());
                    (shrunk.larger(lower).smaller(upper), slope, curvature)
                };
                let delta = to - at;
                let dearer = if plain {
                    T::zero()
                } else {
                    linear * (to.magnitude() - at.magnitude())
                };
                rise = slope.fused(delta, rise) + dearer;
                moved = (curvature * delta).fused(delta, moved);
                x[r] = to;
                for (l, slope) in slopes.iter_mut().enumerate().skip(r - block + 1) {
                    *slope = gram(block + l, r).fused(delta, *slope);
                }
            }
        }
        fall = half.fused(moved, fall);
        if sweep == 0 {
            limit = sweeps.rest * moved;
        }
        let restless = moved > limit;
        if !restless {
            break;
        }
    }
    fall - rise
}

struct Case {
    lower: f64,
    upper: f64,
    linear: f64,
    diagonal: bool,
    most: usize,
    rest: f64,
}
