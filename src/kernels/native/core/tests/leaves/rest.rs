use super::*;

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

fn extrapolate<T: Plain>() {
    shapes(5, |k, columns, random| {
        let length = stride_of::<T>(k) * columns;
        let (now, before): (Vec<T>, Vec<T>) = (random.numbers(length), random.numbers(length));
        for (lower, upper) in [
            (f64::NEG_INFINITY, f64::INFINITY),
            (0.0, f64::INFINITY),
            (-0.1, 0.2),
        ] {
            let (beta, lower, upper) = (T::from_f64(0.7), T::from_f64(lower), T::from_f64(upper));
            let guess = |(&x, &y): (&T, &T)| beta.fused(x - y, x).larger(lower).smaller(upper);
            let wanted: Vec<T> = now.iter().zip(&before).map(guess).collect();
            each_level(|level| {
                let (mut x, mut past) = (now.clone(), before.clone());
                run(Extrapolate {
                    x: &mut x,
                    before: &mut past,
                    beta,
                    lower,
                    upper,
                });
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
            assert_same(
                &[found],
                &[wanted],
                &format!("{level:?} {} of {length}", T::NAME),
            );
        });
    }
}

#[test]
fn dot_has_sixteen_sums() {
    dot::<f64>();
    dot::<f32>();
}

/// Lists whose squares are summed together.
const TOGETHER: usize = 32;

fn correct<T: Plain>() {
    shapes(7, |k, columns, random| {
        let stride = stride_of::<T>(k);
        let count = 1 + random.below(40);
        let factor: Vec<T> = random.numbers(count * stride);
        let (x, before): (Vec<T>, Vec<T>) = (
            random.numbers(columns * stride),
            random.numbers(columns * stride),
        );
        let begin = random.below(3);
        let (mut bounds, mut indices) = (vec![begin], vec![0; begin]);
        for _ in 0..columns {
            indices.extend((0..count as u32).filter(|_| random.below(3) == 0));
            bounds.push(indices.len());
        }
        let listed = indices.len() - begin;
        indices.extend((0..SUMS).map(|_| random.below(count) as u32));
        let first = random.below(1000);
        let places: Vec<u32> = (first..first + listed)
            .filter(|_| random.below(2) == 0)
            .map(|p| p as u32)
            .collect();
        let values: Vec<T> = random.numbers(places.len());

        let mut wanted = before.clone();
        let mut estimates = Vec::with_capacity(listed);
        for (c, ends) in bounds.windows(2).enumerate() {
            let column = c * stride..(c + 1) * stride;
            let mut sums = vec![[T::zero(); 4]; stride];
            let whole = (ends[1] - ends[0]) / 4 * 4;
            for (p, &i) in indices[ends[0]..ends[1]].iter().enumerate() {
                let chain = if p < whole { p % 4 } else { 0 };
                let f = &factor[i as usize * stride..][..stride];
                let mut lanes = vec![T::zero(); T::LANES];
                for (r, (f, x)) in f.iter().zip(&x[column.clone()]).enumerate() {
                    lanes[r % T::LANES] = f.fused(*x, lanes[r % T::LANES]);
                }
                let estimate = by_halves(&mut lanes);
                sums.iter_mut()
                    .zip(f)
                    .for_each(|(sums, f)| sums[chain] = estimate.fused(*f, sums[chain]));
                estimates.push(estimate);
            }
            wanted[column]
                .iter_mut()
                .zip(sums)
                .for_each(|(out, [a, b, c, d])| *out = *out + ((a + b) + (c + d)));
        }
        let mut squares = [[0.5; SUMS]; 2];
        for squares in &mut squares {
            for first in (0..columns).step_by(TOGETHER) {
                let last = columns.min(first + TOGETHER);
                let own = &estimates[bounds[first] - begin..bounds[last] - begin];
                own.iter()
                    .enumerate()
                    .for_each(|(p, x)| squares[p % SUMS] += x.to_f64() * x.to_f64());
            }
            for (&place, value) in places.iter().zip(&values) {
                let x = &mut estimates[place as usize - first];
                *x = T::from_f64(x.to_f64() - value.to_f64());
            }
        }

        for scored in [false, true] {
            each_level(|level| {
                let mut out = before.clone();
                let mut sums = [[0.5; SUMS]; 2];
                let scores = Scored {
                    places: &places,
                    values: &values,
                    first,
                    sums: &mut sums,
                };
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
                    assert_same(
                        sums.as_flattened(),
                        squares.as_flattened(),
                        &format!("squares, {level:?} {k} × {columns}"),
                    );
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
