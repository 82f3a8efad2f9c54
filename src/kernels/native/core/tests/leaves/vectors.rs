use factorloom_core::data::Values;
use factorloom_core::examine::{Facts, examine};
use factorloom_core::leaves::{Dot, Estimate, Extrapolate, Scan, Seen};
use factorloom_core::panel::stride_of;
use factorloom_core::simd::run;

use crate::common::{Random, each_level};
use crate::{Plain, assert_same, by_halves, shapes};

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

fn scan<T: Plain>() {
    let mut random = Random(7);
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, -3.5, 0.0].map(T::from_f64);
    for length in (0..=if cfg!(miri) { 20 } else { 70 }).chain([16_384, 16_400]) {
        if cfg!(miri) && length > 100 {
            continue;
        }
        let plain: Vec<T> = random
            .numbers(length)
            .iter()
            .map(|x: &T| x.magnitude())
            .collect();
        // As it is, and with something odd near either end.
        let mut cases = vec![plain.clone()];
        for x in odd {
            for at in [0, length / 2, length.saturating_sub(1)]
                .into_iter()
                .filter(|at| *at < length)
            {
                let mut case = plain.clone();
                case[at] = x;
                cases.push(case);
            }
        }
        for values in cases {
            let numbers = || values.iter().filter(|x| !x.to_f64().is_nan());
            let wanted = Seen {
                largest: numbers()
                    .fold(T::zero(), |most, x| x.magnitude().larger(most))
                    .to_f64(),
                zeros: values
                    .iter()
                    .filter(|x| **x == T::zero() || x.to_f64().is_nan())
                    .count(),
                negative: values.iter().any(|x| *x < T::zero()),
                finite: values.iter().all(|x| x.to_f64().is_finite()),
            };
            each_level(|level| {
                assert_eq!(
                    run(Scan { values: &values }),
                    wanted,
                    "{level:?} {} of {length}",
                    T::NAME
                );
            });
        }
    }
}

#[test]
fn scan_sees_every_number() {
    scan::<f64>();
    scan::<f32>();
}

#[test]
fn examining_tells_places() {
    let length = if cfg!(miri) { 100 } else { 40_000 };
    let clean: Vec<f64> = (0..length).map(|p| (p % 5) as f64).collect();
    let look = |at: &[(usize, f64)]| {
        let mut values = clean.clone();
        at.iter().for_each(|&(p, x)| values[p] = x);
        let narrow: Vec<f32> = values.iter().map(|x| *x as f32).collect();
        let found = examine(Values::F64(&values));
        assert_eq!(examine(Values::F32(&narrow)), found);
        found
    };
    let (early, late) = (7, length - 3);
    let calm = Facts {
        largest: 4.0,
        zeros: length / 5,
        ..Facts::default()
    };
    assert_eq!(look(&[]), calm);
    let negative = Facts {
        negative: Some(early),
        largest: 9.0,
        ..calm
    };
    assert_eq!(look(&[(early, -9.0), (late, -2.0)]), negative);
    for odd in [f64::INFINITY, f64::NEG_INFINITY] {
        let wanted = Facts {
            infinite: Some(late),
            ..Facts::default()
        };
        assert_eq!(
            look(&[(early, -9.0), (early + 3, f64::NAN), (late, odd)]),
            wanted
        );
    }
    let gappy = Facts {
        missing: Some(early),
        gaps: 2,
        negative: Some(early + 1),
        zeros: calm.zeros,
        ..calm
    };
    assert_eq!(
        look(&[(early, f64::NAN), (early + 1, -2.0), (late, f64::NAN)]),
        gappy
    );
    assert_eq!(examine(Values::F64(&[])), Facts::default());
}

#[test]
fn estimates_are_chains_in_every_lane() {
    const LINE: usize = 8;
    shapes(8, |k, columns, random| {
        let stride = stride_of::<f64>(k);
        let (factor, x): (Vec<f64>, Vec<f64>) =
            (random.numbers(columns * stride), random.numbers(stride));
        let indices: Vec<u32> = (0..columns as u32)
            .filter(|_| random.below(3) > 0)
            .collect();
        let wanted: Vec<f64> = indices
            .iter()
            .map(|&i| {
                let mut lanes = [0.0; LINE];
                let column = &factor[i as usize * stride..][..stride];
                for (r, (f, x)) in column.iter().zip(&x).enumerate() {
                    lanes[r % LINE] = f.mul_add(*x, lanes[r % LINE]);
                }
                by_halves(&mut lanes)
            })
            .collect();
        each_level(|level| {
            let mut out = vec![f64::NAN; indices.len()];
            run(Estimate {
                factor: &factor,
                indices: &indices,
                x: &x,
                out: &mut out,
            });
            assert_same(&out, &wanted, &format!("{level:?} {k} × {columns}"));
        });
    });
}
