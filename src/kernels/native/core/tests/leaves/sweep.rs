use factorloom_core::leaves::{BLOCK, SweepTile, Sweeps};
use factorloom_core::panel::stride_of;
use factorloom_core::simd::run;

use crate::common::{self, Random, each_level};
use crate::{Plain, assert_same, shapes};

/// Coordinate descent on one column as it is defined; by how much the objective falls.
fn sweep<T: Plain>(sweeps: &Sweeps<T>, x: &mut [T], b: &[T], weight: Option<T>) -> T {
    let Sweeps {
        k, lower, upper, ..
    } = *sweeps;
    let half = T::from_f64(-0.5);
    let plain = sweeps.plain && weight.is_none();
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
                    let own = sweeps.spread[r] * weight.unwrap_or(T::zero());
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

/// Curvatures for which steps neither vanish nor explode, one coordinate in nine left alone.
fn problem<T: Plain>(k: usize, case: &Case, random: &mut Random) -> Sweeps<T> {
    let p = random.signed(k, k + 3);
    let mut gram = common::times(&p, &common::transposed(&p));
    (0..k).for_each(|r| gram.data[r * k + r] += 0.1);
    let mut blocks = vec![T::zero(); k.next_multiple_of(BLOCK) * k];
    for r in 0..k {
        for s in 0..k {
            blocks[r / BLOCK * BLOCK * k + s * BLOCK + r % BLOCK] =
                T::from_f64(gram.data[r * k + s]);
        }
    }
    let alive: Vec<bool> = (0..k).map(|_| random.below(9) > 0).collect();
    let of = |value: &dyn Fn(usize) -> f64| {
        (0..k)
            .map(|r| {
                if alive[r] {
                    T::from_f64(value(r))
                } else {
                    T::zero()
                }
            })
            .collect::<Vec<T>>()
    };
    Sweeps {
        k,
        gram: blocks,
        curvature: of(&|r| gram.data[r * k + r]),
        inverse: of(&|r| 1.0 / gram.data[r * k + r]),
        linear: of(&|r| case.linear * (1.0 + r as f64 / k as f64)),
        spread: of(&|r| 0.5 + r as f64 / k as f64),
        lower: T::from_f64(case.lower),
        upper: T::from_f64(case.upper),
        plain: case.lower == 0.0 && case.upper == f64::INFINITY,
        most: case.most,
        rest: T::from_f64(case.rest),
    }
}

fn sweeps<T: Plain>(case: &Case) {
    shapes(4, |k, columns, random| {
        if cfg!(miri) && k > 6 {
            return;
        }
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
            assert_same(
                &decrease,
                &falls,
                &format!("decrease, {level:?} {k} × {columns}"),
            );
        });
    });
}

#[test]
fn plain_sweeps_make_the_same_steps() {
    for (linear, most, rest) in [(0.0, 1, 0.0), (0.05, 4, 0.01), (0.0, 8, 0.3)] {
        let case = Case {
            lower: 0.0,
            upper: f64::INFINITY,
            linear,
            diagonal: false,
            most,
            rest,
        };
        sweeps::<f64>(&case);
        sweeps::<f32>(&case);
    }
}

#[test]
fn general_sweeps_make_the_same_steps() {
    let (free, most) = (f64::INFINITY, if cfg!(miri) { 2 } else { 4 });
    for (lower, upper, linear, diagonal) in [
        (-free, free, 0.0, false),
        (-free, free, 0.05, true),
        (0.0, 0.3, 0.02, false),
        (-0.2, 0.1, 0.0, true),
        (0.0, free, 0.02, true),
    ] {
        let case = Case {
            lower,
            upper,
            linear,
            diagonal,
            most,
            rest: 0.01,
        };
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
        let case = Case {
            lower,
            upper: f64::INFINITY,
            linear: 0.05,
            diagonal: false,
            most: if cfg!(miri) { 100 } else { 3000 },
            rest: 0.0,
        };
        let problem: Sweeps<f64> = problem(6, &case, &mut random);
        let (stride, columns) = (8, if cfg!(miri) { 2 } else { 50 });
        let begin = vec![0.25; columns * stride];
        let b: Vec<f64> = random.numbers(columns * stride);
        let mut x = begin.clone();
        let mut decrease = vec![0.0; columns];
        run(SweepTile {
            sweeps: &problem,
            stride,
            x: &mut x,
            b: &b,
            diagonal: None,
            decrease: &mut decrease,
        });
        for (c, decrease) in decrease.into_iter().enumerate() {
            let at = c * stride..c * stride + 6;
            let fell = value(&problem, &begin[at.clone()], &b[at.clone()])
                - value(&problem, &x[at.clone()], &b[at.clone()]);
            assert!((decrease - fell).abs() < 1e-12, "{decrease} is not {fell}");
            let mut again = x[at.clone()].to_vec();
            sweep(&problem, &mut again, &b[at.clone()], None);
            again
                .iter()
                .zip(&x[at])
                .for_each(|(a, b)| assert!((a - b).abs() < 1e-12));
        }
    }
}
