//! Every leaf against a plain twin: the same bits at every level, whatever the shape. That of the masks is held to its
//! definition in `hold_out.rs`.

mod common;

use std::ops::{Add, Div, Mul, Sub};

use common::{Random, each_level};
use factorloom_core::leaves::{
    Accumulate, BLOCK, Correct, Dot, Extrapolate, Gather, SUMS, Scatter, Scored, SweepTile, Sweeps,
};
use factorloom_core::panel::stride_of;
use factorloom_core::simd::{Real, run};

/// What twins are written with.
trait Plain: Real + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> {
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
    if cfg!(miri) { vec![1, 5, 17, 65] } else { (1..=17).chain([31, 33, 63, 65, 100, 129]).collect() }
}

/// Some numbers of columns for each rank: 1 to 130, and those at which tiles end.
fn shapes(seed: u64, mut check: impl FnMut(usize, usize, &mut Random)) {
    let mut random = Random(seed);
    for (n, k) in ranks().into_iter().enumerate() {
        if cfg!(miri) {
            check(k, 1 + random.below(20), &mut random);
            continue;
        }
        for _ in 0..2 {
            check(k, 1 + random.below(130), &mut random);
        }
        check(k, [1, 2, 3, 5, 14, 15, 63, 64, 65, 128, 130][n % 11], &mut random);
    }
}

#[track_caller]
fn assert_same<T: Real>(found: &[T], wanted: &[T], of: &str) {
    assert_eq!(found.len(), wanted.len());
    for (p, (x, y)) in found.iter().zip(wanted).enumerate() {
        let same = x.to_f64().to_bits() == y.to_f64().to_bits();
        assert!(same, "{of}, {}: {x:?} is not {y:?} at {p} of {}", T::NAME, found.len());
    }
}

fn accumulate<T: Plain>() {
    shapes(1, |k, columns, random| {
        let stride = stride_of::<T>(k);
        let terms = random.below(if cfg!(miri) { 5 } else { 150 });
        let factor: Vec<T> = random.numbers((terms + 2) * stride);
        let before: Vec<T> = random.numbers(columns * stride);
        for (along, across) in [(1, terms + 3), (columns + 2, 1), (3, 3 * terms + 1), (2 * columns, 2), (1, 1)] {
            let entries: Vec<T> = random.numbers(terms * along + columns * across);
            let mut wanted = before.clone();
            for (c, out) in wanted.chunks_exact_mut(stride).enumerate() {
                for (t, factor) in factor.chunks_exact(stride).take(terms).enumerate() {
                    let x = entries[t * along + c * across];
                    out.iter_mut().zip(factor).for_each(|(out, f)| *out = x.fused(*f, *out));
                }
            }
            each_level(|level| {
                let mut out = before.clone();
                run(Accumulate { factor: &factor, stride, entries: &entries, along, across, terms, out: &mut out });
                assert_same(&out, &wanted, &format!("{level:?} {k} × {columns}, {terms} terms, {along}, {across}"));
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
        let indices: Vec<u32> = (0..bounds[columns]).map(|_| random.below(count) as u32).collect();
        let values: Vec<T> = random.numbers(indices.len());
        let mut wanted = before.clone();
        for (c, out) in wanted.chunks_exact_mut(stride).enumerate() {
            for p in bounds[c]..bounds[c + 1] {
                let factor = &factor[indices[p] as usize * stride..][..stride];
                out.iter_mut().zip(factor).for_each(|(out, f)| *out = values[p].fused(*f, *out));
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
                assert_same(&out, &wanted, &format!("{level:?} {k} × {columns}, ordered: {}", !order.is_empty()));
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
    run(Gather { factor: &[1.0; 16], stride: 8, indices: &[2], values: &[1.0], bounds, order: &[], first: 0, out: &mut out });
}

fn scatter<T: Plain>() {
    shapes(3, |k, columns, random| {
        let stride = stride_of::<T>(k);
        let factor: Vec<T> = random.numbers(stride);
        let before: Vec<T> = random.numbers(columns * stride);
        let first = random.below(1000);
        let indices: Vec<u32> = (first..first + columns).filter(|_| random.below(3) == 0).map(|i| i as u32).collect();
        let values: Vec<T> = random.numbers(indices.len());
        let mut wanted = before.clone();
        for (&i, &x) in indices.iter().zip(&values) {
            let out = &mut wanted[(i as usize - first) * stride..][..stride];
            out.iter_mut().zip(&factor).for_each(|(out, f)| *out = x.fused(*f, *out));
        }
        each_level(|level| {
            let mut out = before.clone();
            run(Scatter { factor: &factor, first, indices: &indices, values: &values, out: &mut out });
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
    let Sweeps { k, lower, upper, .. } = *sweeps;
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
                    let begin = if plain { sweeps.linear[r] - b[r] } else { T::zero() - b[r] };
                    (block..k).chain(0..block).fold(begin, |slope, s| gram(r, s).fused(x[s], slope))
                })
                .collect();
            for r in rows.filter(|&r| sweeps.curvature[r] != T::zero()) {
                let at = x[r];
                let (slope, curvature, linear) = (slopes[r - block], sweeps.curvature[r], sweeps.linear[r]);
                let (to, slope, curvature) = if plain {
                    let to = (T::zero() - slope).fused(sweeps.inverse[r], at).larger(T::zero());
                    (to, slope, curvature)
                } else {
                    let (slope, curvature) = (own.fused(at, slope), curvature + own);
                    let (free, shrink) = (at - slope / curvature, linear / curvature);
                    let shrunk = (free - shrink).larger(T::zero()) + (free + shrink).smaller(T::zero());
                    (shrunk.larger(lower).smaller(upper), slope, curvature)
                };
                let delta = to - at;
                let dearer = if plain { T::zero() } else { linear * (to.magnitude() - at.magnitude()) };
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
        if !(moved > limit) {
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

/// Curvatures for which steps neither vanish nor explode, one coordinate in nine left alone.
fn problem<T: Plain>(k: usize, case: &Case, random: &mut Random) -> Sweeps<T> {
    let p = random.signed(k, k + 3);
    let mut gram = common::times(&p, &common::transposed(&p));
    (0..k).for_each(|r| gram.data[r * k + r] += 0.1);
    let mut blocks = vec![T::zero(); k.next_multiple_of(BLOCK) * k];
    for r in 0..k {
        for s in 0..k {
            blocks[r / BLOCK * BLOCK * k + s * BLOCK + r % BLOCK] = T::from_f64(gram.data[r * k + s]);
        }
    }
    let alive: Vec<bool> = (0..k).map(|_| random.below(9) > 0).collect();
    let of = |value: &dyn Fn(usize) -> f64| {
        (0..k).map(|r| if alive[r] { T::from_f64(value(r)) } else { T::zero() }).collect::<Vec<T>>()
    };
    Sweeps {
        k,
        gram: blocks,
        curvature: of(&|r| gram.data[r * k + r]),
        inverse: of(&|r| 1.0 / gram.data[r * k + r]),
        linear: of(&|r| case.linear * (1.0 + r as f64 / k as f64)),
        lower: T::from_f64(case.lower),
        upper: T::from_f64(case.upper),
        plain: case.lower == 0.0 && case.upper == f64::INFINITY,
        most: case.most,
        rest: T::from_f64(case.rest),
    }
}

fn sweeps<T: Plain>(case: &Case) {
    shapes(4, |k, columns, random| {
        let sweeps: Sweeps<T> = problem(k, case, random);
        let stride = stride_of::<T>(k);
        let begin: Vec<T> = random.numbers(columns * stride);
        let b: Vec<T> = random.numbers(columns * stride);
        let diagonal: Vec<T> = (0..columns).map(|_| T::from_f64(random.next())).collect();
        let mut wanted = begin.clone();
        if sweeps.plain {
            wanted.iter_mut().for_each(|x| *x = x.larger(T::zero()));
        }
        let begin = wanted.clone();
        let falls: Vec<T> = (0..columns)
            .map(|c| {
                let column = c * stride..c * stride + k;
                let own = case.diagonal.then_some(diagonal[c]);
                sweep(&sweeps, &mut wanted[column.clone()], &b[column], own)
            })
            .collect();
        each_level(|level| {
            let mut x = begin.clone();
            let mut decrease = vec![T::zero(); columns];
            run(SweepTile {
                sweeps: &sweeps,
                stride,
                x: &mut x,
                b: &b,
                diagonal: case.diagonal.then_some(&diagonal),
                decrease: &mut decrease,
            });
            assert_same(&x, &wanted, &format!("{level:?} {k} × {columns}"));
            assert_same(&decrease, &falls, &format!("decrease, {level:?} {k} × {columns}"));
        });
    });
}

#[test]
fn plain_sweeps_make_the_same_steps() {
    for (linear, most, rest) in [(0.0, 1, 0.0), (0.05, 4, 0.01), (0.0, 8, 0.3)] {
        let case = Case { lower: 0.0, upper: f64::INFINITY, linear, diagonal: false, most, rest };
        sweeps::<f64>(&case);
        sweeps::<f32>(&case);
    }
}

#[test]
fn general_sweeps_make_the_same_steps() {
    let (free, most) = (f64::INFINITY, 4);
    for (lower, upper, linear, diagonal) in [
        (-free, free, 0.0, false),
        (-free, free, 0.05, true),
        (0.0, 0.3, 0.02, false),
        (-0.2, 0.1, 0.0, true),
        (0.0, free, 0.02, true),
    ] {
        let case = Case { lower, upper, linear, diagonal, most, rest: 0.01 };
        sweeps::<f64>(&case);
        sweeps::<f32>(&case);
    }
}

/// ½·xᵀGx − bᵀx + linear·|x|.
fn value(sweeps: &Sweeps<f64>, x: &[f64], b: &[f64]) -> f64 {
    let k = sweeps.k;
    let gram = |r: usize, s: usize| sweeps.gram[r / BLOCK * BLOCK * k + s * BLOCK + r % BLOCK];
    let of_row = |r: usize| {
        let gx: f64 = (0..k).map(|s| gram(r, s) * x[s]).sum();
        x[r] * (0.5 * gx - b[r]) + sweeps.linear[r] * x[r].abs()
    };
    (0..k).map(of_row).sum()
}

#[test]
fn the_decrease_is_that_of_the_objective_and_many_sweeps_end_at_the_minimum() {
    let mut random = Random(12);
    for lower in [0.0, f64::NEG_INFINITY] {
        let case = Case { lower, upper: f64::INFINITY, linear: 0.05, diagonal: false, most: 3000, rest: 0.0 };
        let problem: Sweeps<f64> = problem(6, &case, &mut random);
        let (stride, columns) = (8, if cfg!(miri) { 2 } else { 50 });
        let begin = vec![0.25; columns * stride];
        let b: Vec<f64> = random.numbers(columns * stride);
        let mut x = begin.clone();
        let mut decrease = vec![0.0; columns];
        run(SweepTile { sweeps: &problem, stride, x: &mut x, b: &b, diagonal: None, decrease: &mut decrease });
        for c in 0..columns {
            let at = c * stride..c * stride + 6;
            let fell = value(&problem, &begin[at.clone()], &b[at.clone()]) - value(&problem, &x[at.clone()], &b[at.clone()]);
            assert!((decrease[c] - fell).abs() < 1e-12, "{} is not {fell}", decrease[c]);
            let mut again = x[at.clone()].to_vec();
            sweep(&problem, &mut again, &b[at.clone()], None);
            again.iter().zip(&x[at]).for_each(|(a, b)| assert!((a - b).abs() < 1e-12));
        }
    }
}

fn extrapolate<T: Plain>() {
    shapes(5, |k, columns, random| {
        let length = stride_of::<T>(k) * columns;
        let (now, before): (Vec<T>, Vec<T>) = (random.numbers(length), random.numbers(length));
        for (lower, upper) in [(f64::NEG_INFINITY, f64::INFINITY), (0.0, f64::INFINITY), (-0.1, 0.2)] {
            let (beta, lower, upper) = (T::from_f64(0.7), T::from_f64(lower), T::from_f64(upper));
            let guess = |(&x, &y): (&T, &T)| beta.fused(x - y, x).larger(lower).smaller(upper);
            let wanted: Vec<T> = now.iter().zip(&before).map(guess).collect();
            each_level(|level| {
                let (mut x, mut past) = (now.clone(), before.clone());
                run(Extrapolate { x: &mut x, before: &mut past, beta, lower, upper });
                assert_same(&x, &wanted, &format!("{level:?} {k} × {columns}"));
                assert_same(&past, &now, &format!("the past, {level:?} {k} × {columns}"));
            });
        }
    });
}

#[test]
fn extrapolate_keeps_within_its_bounds() {
    extrapolate::<f64>();
    extrapolate::<f32>();
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

fn dot<T: Plain>() {
    let mut random = Random(6);
    for length in (0..=if cfg!(miri) { 40 } else { 130 }).chain([511, 1000]) {
        let (a, b): (Vec<T>, Vec<T>) = (random.numbers(length), random.numbers(length));
        let mut sums = [0.0; 16];
        for (p, (a, b)) in a.iter().zip(&b).enumerate() {
            sums[p % 16] += a.to_f64() * b.to_f64();
        }
        let wanted = by_halves(&mut sums);
        each_level(|level| {
            let found = run(Dot { a: &a, b: &b });
            assert_same(&[found], &[wanted], &format!("{level:?} {} of {length}", T::NAME));
        });
    }
}

#[test]
fn dot_has_sixteen_sums() {
    dot::<f64>();
    dot::<f32>();
}

fn correct<T: Plain>() {
    shapes(7, |k, columns, random| {
        let stride = stride_of::<T>(k);
        let count = 1 + random.below(40);
        let factor: Vec<T> = random.numbers(count * stride);
        let (x, before): (Vec<T>, Vec<T>) = (random.numbers(columns * stride), random.numbers(columns * stride));
        let (mut bounds, mut indices) = (vec![random.below(3)], vec![0; 3]);
        let (mut places, mut known): (Vec<u32>, Vec<usize>) = (vec![], vec![0]);
        indices.truncate(bounds[0]);
        for _ in 0..columns {
            let list: Vec<u32> = (0..count as u32).filter(|_| random.below(3) == 0).collect();
            places.extend((0..list.len() as u32).filter(|_| random.below(2) == 0));
            indices.extend(list);
            bounds.push(indices.len());
            known.push(places.len());
        }
        let values: Vec<T> = random.numbers(places.len());
        let mut wanted = before.clone();
        let mut squares = [[0.5; SUMS]; 2];
        for c in 0..columns {
            let column = c * stride..(c + 1) * stride;
            let list = &indices[bounds[c]..bounds[c + 1]];
            let f = |p: usize| &factor[list[p] as usize * stride..][..stride];
            let mut estimates: Vec<T> = (0..list.len())
                .map(|p| {
                    let mut lanes = vec![T::zero(); T::LANES];
                    for (r, (f, x)) in f(p).iter().zip(&x[column.clone()]).enumerate() {
                        lanes[r % T::LANES] = f.fused(*x, lanes[r % T::LANES]);
                    }
                    by_halves(&mut lanes)
                })
                .collect();
            if list.is_empty() {
                continue;
            }
            for (r, out) in wanted[column].iter_mut().enumerate() {
                let mut sums = [T::zero(); 2];
                for (p, estimate) in estimates.iter().enumerate() {
                    sums[p % 2] = estimate.fused(f(p)[r], sums[p % 2]);
                }
                *out = *out + (sums[0] + sums[1]);
            }
            for squares in &mut squares {
                for (p, x) in estimates.iter_mut().enumerate() {
                    squares[p % SUMS] += x.to_f64() * x.to_f64();
                }
                for q in known[c]..known[c + 1] {
                    let x = &mut estimates[places[q] as usize];
                    *x = T::from_f64(x.to_f64() - values[q].to_f64());
                }
            }
        }
        for scored in [false, true] {
            each_level(|level| {
                let mut out = before.clone();
                let mut sums = [[0.5; SUMS]; 2];
                let scores = Scored { places: &places, values: &values, bounds: &known, sums: &mut sums };
                run(Correct {
                    factor: &factor,
                    stride,
                    indices: &indices,
                    bounds: &bounds,
                    x: &x,
                    out: &mut out,
                    scored: scored.then_some(scores),
                });
                assert_same(&out, &wanted, &format!("{level:?} {k} × {columns}"));
                if scored {
                    assert_same(sums.as_flattened(), squares.as_flattened(), &format!("squares, {level:?} {k} × {columns}"));
                }
            });
        }
    });
}

#[test]
fn correct_has_the_products_of_the_model() {
    correct::<f64>();
    correct::<f32>();
}
