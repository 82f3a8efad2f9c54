use factorloom_core::leaves::{Along, Ccd, Coordinates, Frozen, Mix, Turn};
use factorloom_core::panel::stride_of;
use factorloom_core::simd::run;

use crate::common::{Random, each_level};
use crate::{Plain, assert_same, by_halves, shapes};

/// Lines that are added before their sum goes on in 64 bits.
const STRETCH: usize = 128;

fn line_of<T: Plain>(count: usize) -> usize {
    count.next_multiple_of(T::LANES)
}

/// Positive numbers for `count` entries, zeros to the end of the line.
fn positive<T: Plain>(random: &mut Random, count: usize) -> Vec<T> {
    let mut out = vec![T::zero(); line_of::<T>(count)];
    out[..count]
        .iter_mut()
        .for_each(|x| *x = T::from_f64(0.1 + random.next()));
    out
}

fn rows<T: Plain>(random: &mut Random, k: usize, count: usize) -> Vec<T> {
    (0..k).flat_map(|_| positive::<T>(random, count)).collect()
}

/// The sum of numbers as the leaves add: chains of `chains` lines in turn over whole rounds of a stretch, what is left over
/// by the first, these together, and the lanes by halves in 64 bits.
fn chained<T: Plain>(
    lines: usize,
    chains: usize,
    whole_rounds: bool,
    mut add: impl FnMut(usize, T) -> T,
) -> f64 {
    let lanes = T::LANES;
    let mut total = 0.0;
    for from in (0..lines).step_by(STRETCH) {
        let to = lines.min(from + STRETCH);
        let rounds = (to - from) / chains * chains;
        let mut sums = vec![T::zero(); chains * lanes];
        for at in from..to {
            let chain = if whole_rounds && at - from >= rounds {
                0
            } else if whole_rounds {
                (at - from) % chains
            } else {
                at % chains
            };
            for l in 0..lanes {
                let sum = &mut sums[chain * lanes + l];
                *sum = add(at * lanes + l, *sum);
            }
        }
        let mut wide: Vec<f64> = (0..lanes)
            .map(|l| {
                let of = |c: usize| sums[c * lanes + l];
                let sum = match chains {
                    4 => (of(0) + of(1)) + (of(2) + of(3)),
                    2 => of(0) + of(1),
                    _ => of(0),
                };
                sum.to_f64()
            })
            .collect();
        total += by_halves(&mut wide);
    }
    total
}

fn turn<T: Plain>() {
    shapes(21, |k, columns, random| {
        let stride = stride_of::<T>(k);
        let panel: Vec<T> = random.numbers(columns * stride);
        let listed: Vec<u32> = (0..random.below(2 * columns + 1))
            .map(|_| random.below(columns) as u32)
            .collect();
        for indices in [None, Some(&listed[..])] {
            let count = indices.map_or(columns, <[u32]>::len);
            let line = line_of::<T>(count);
            let mut wanted = vec![T::zero(); k * line];
            for r in 0..k {
                for p in 0..count {
                    let column = indices.map_or(p, |indices| indices[p] as usize);
                    wanted[r * line + p] = panel[column * stride + r];
                }
            }
            each_level(|level| {
                let mut out: Vec<T> = random.numbers(k * line);
                run(Turn {
                    panel: &panel,
                    stride,
                    k,
                    indices,
                    line,
                    out: &mut out,
                });
                assert_same(&out, &wanted, &format!("{level:?} {k} × {count}"));
            });
        }
    });
}

#[test]
fn turn_makes_rows_of_columns() {
    turn::<f64>();
    turn::<f32>();
}

fn mix<T: Plain>() {
    shapes(22, |k, columns, random| {
        let rows: Vec<T> = rows(random, k, columns);
        let line = line_of::<T>(columns);
        let x: Vec<T> = random.numbers(k);
        let mut wanted = vec![T::zero(); line];
        for (r, x) in x.iter().enumerate() {
            for (out, row) in wanted.iter_mut().zip(&rows[r * line..]) {
                *out = x.fused(*row, *out);
            }
        }
        each_level(|level| {
            let mut out: Vec<T> = random.numbers(line);
            run(Mix {
                rows: &rows,
                line,
                x: &x,
                out: &mut out,
            });
            assert_same(&out, &wanted, &format!("{level:?} {k} × {columns}"));
        });
    });
}

#[test]
fn mix_adds_in_order() {
    mix::<f64>();
    mix::<f32>();
}

fn along<T: Plain>(k: usize, columns: usize, random: &mut Random) {
    let rows: Vec<T> = rows(random, k, columns);
    let line = line_of::<T>(columns);
    let q: Vec<T> = positive(random, columns);
    for squared in [false, true] {
        let wanted: Vec<f64> = (0..k)
            .map(|r| {
                0.5 + chained::<T>(line / T::LANES, 4, true, |i, sum| {
                    let row = rows[r * line + i];
                    row.fused(if squared { q[i] * row } else { q[i] }, sum)
                })
            })
            .collect();
        each_level(|level| {
            let mut sums = vec![0.5; k];
            run(Along {
                rows: &rows,
                line,
                q: &q,
                sums: &mut sums,
                squared,
            });
            assert_same(&sums, &wanted, &format!("{level:?} {k} × {columns}"));
        });
    }
}

#[test]
fn along_adds_in_four_chains() {
    shapes(23, |k, columns, random| {
        along::<f64>(k, columns, random);
        along::<f32>(k, columns, random);
    });
    if !cfg!(miri) {
        along::<f64>(2, 2345, &mut Random(5));
        along::<f32>(2, 4321, &mut Random(5));
    }
}

/// Terms of coordinates, and their slopes.
struct Own {
    linear: Vec<f64>,
    ridge: Vec<f64>,
    shrink: Vec<f64>,
    coupling: Vec<f64>,
}

impl Own {
    fn new(random: &mut Random, k: usize) -> Self {
        let mut some = |by: f64| (0..k).map(|_| by * random.next()).collect::<Vec<f64>>();
        let (linear, mut ridge, shrink) = (some(4.0), some(0.3), some(0.2));
        if k > 3 {
            ridge[2] = f64::INFINITY;
        }
        let mut coupling = vec![0.0; k * k];
        for r in 0..k {
            for s in 0..r {
                let by = 0.1 * random.next();
                (coupling[r * k + s], coupling[s * k + r]) = (by, by);
            }
        }
        Self {
            linear,
            ridge,
            shrink,
            coupling,
        }
    }

    fn view(&self) -> Coordinates<'_> {
        Coordinates {
            linear: &self.linear,
            ridge: &self.ridge,
            shrink: &self.shrink,
            coupling: Some(&self.coupling),
            lower: 0.0,
            upper: 0.9,
        }
    }
}

fn ccd<T: Plain>(k: usize, columns: usize, random: &mut Random) {
    let rows: Vec<T> = rows(random, k, columns);
    let line = line_of::<T>(columns);
    let (a, b, s): (Vec<T>, Vec<T>, Vec<T>) = (
        positive(random, columns),
        positive(random, columns),
        positive(random, columns),
    );
    let own = Own::new(random, k);
    let start: Vec<T> = positive::<T>(random, k)[..k].to_vec();
    let floor = T::from_f64(0.3);
    let mut begin = vec![T::zero(); line];
    for r in 0..k {
        for i in 0..line {
            begin[i] = begin[i] + start[r] * rows[r * line + i];
        }
    }
    for shifted in [None, Some((&b[..], &s[..]))] {
        let (mut x, mut mu) = (start.clone(), begin.clone());
        for _ in 0..2 {
            for r in 0..k {
                let sum = |second: bool| {
                    chained::<T>(line / T::LANES, 1, false, |i, sum| {
                        let (row, at) = (rows[r * line + i], mu[i].larger(floor));
                        let t = row * (T::from_f64(1.0) / at);
                        let own = a[i] * t;
                        let sum = if second { own.fused(t, sum) } else { sum + own };
                        let Some((b, s)) = shifted else { return sum };
                        let t = row / (at + s[i]);
                        let own = b[i] * t;
                        if second { own.fused(t, sum) } else { sum + own }
                    })
                };
                let to = own.view().best(r, &x, -sum(false), sum(true));
                let to = T::from_f64(to);
                let step = T::from_f64(to.to_f64() - x[r].to_f64());
                x[r] = to;
                for (mu, row) in mu.iter_mut().zip(&rows[r * line..]) {
                    *mu = step.fused(*row, *mu);
                }
            }
        }
        each_level(|level| {
            let (mut found, mut at) = (start.clone(), begin.clone());
            let mut inverse = vec![T::zero(); line];
            run(Ccd {
                rows: &rows,
                line,
                a: &a,
                shifted,
                floor,
                mu: &mut at,
                inverse: &mut inverse,
                x: &mut found,
                beside: own.view(),
                sweeps: 2,
            });
            let told = format!("{level:?} {k} × {columns}, {}", shifted.is_some());
            assert_same(&found, &x, &told);
            assert_same(&at, &mu, &told);
        });
    }
}

#[test]
fn ccd_steps_by_newton_at_every_coordinate() {
    shapes(24, |k, columns, random| {
        if k > 17 {
            return;
        }
        ccd::<f64>(k, columns, random);
        ccd::<f32>(k, columns, random);
    });
    if !cfg!(miri) {
        ccd::<f64>(3, 2345, &mut Random(5));
        ccd::<f32>(3, 4321, &mut Random(5));
    }
}

fn frozen<T: Plain>(k: usize, columns: usize, random: &mut Random) {
    let rows: Vec<T> = rows(random, k, columns);
    let line = line_of::<T>(columns);
    let mut slope: Vec<T> = random.numbers(line);
    slope[columns..].fill(T::zero());
    let curvature: Vec<T> = positive(random, columns);
    let curvatures: Vec<f64> = (0..k).map(|_| 1.0 + random.next()).collect();
    let own = Own::new(random, k);
    let start: Vec<T> = positive::<T>(random, k)[..k].to_vec();
    let (mut x, mut at) = (start.clone(), slope.clone());
    for _ in 0..2 {
        for r in 0..k {
            let sum = chained::<T>(line / T::LANES, 2, false, |i, sum| {
                at[i].fused(rows[r * line + i], sum)
            });
            let to = T::from_f64(own.view().best(r, &x, sum, curvatures[r]));
            let step = T::from_f64(to.to_f64() - x[r].to_f64());
            x[r] = to;
            for i in 0..line {
                at[i] = (curvature[i] * rows[r * line + i]).fused(step, at[i]);
            }
        }
    }
    each_level(|level| {
        let (mut found, mut left) = (start.clone(), slope.clone());
        run(Frozen {
            rows: &rows,
            line,
            slope: &mut left,
            curvature: &curvature,
            curvatures: &curvatures,
            x: &mut found,
            beside: own.view(),
            sweeps: 2,
        });
        let told = format!("{level:?} {k} × {columns}");
        assert_same(&found, &x, &told);
        assert_same(&left, &at, &told);
    });
}

#[test]
fn frozen_sweeps_on_a_parabola() {
    shapes(25, |k, columns, random| {
        if k > 17 {
            return;
        }
        frozen::<f64>(k, columns, random);
        frozen::<f32>(k, columns, random);
    });
    if !cfg!(miri) {
        frozen::<f64>(3, 2345, &mut Random(5));
        frozen::<f32>(3, 4321, &mut Random(5));
    }
}
