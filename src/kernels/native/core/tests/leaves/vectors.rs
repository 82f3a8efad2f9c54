use factorloom_core::leaves::{Dot, Extrapolate};
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
