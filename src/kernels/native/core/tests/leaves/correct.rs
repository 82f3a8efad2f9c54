use std::panic::{AssertUnwindSafe, catch_unwind};

use factorloom_core::leaves::{Correct, Indices, SUMS, Scored};
use factorloom_core::panel::stride_of;
use factorloom_core::simd::run;

use crate::common::each_level;
use crate::{Plain, assert_same, by_halves, shapes};

/// Lists whose squares are summed together.
const TOGETHER: usize = 32;

fn correct<T: Plain>(weighed: bool) {
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
            indices.extend((0..count as u16).filter(|_| random.below(3) == 0));
            bounds.push(indices.len());
        }
        let listed = indices.len() - begin;
        indices.extend((0..SUMS).map(|_| random.below(count) as u16));
        let first = random.below(1000);
        let places: Vec<u32> = (first..first + listed)
            .filter(|_| random.below(2) == 0)
            .map(|p| p as u32)
            .collect();
        let values: Vec<T> = random.numbers(places.len());
        let weights: Vec<f64> = random.numbers(indices.len());

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
                let mut estimate = by_halves(&mut lanes);
                if weighed {
                    estimate = T::from_f64(estimate.to_f64() * weights[ends[0] + p]);
                }
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
        for (&place, value) in places.iter().zip(&values) {
            let x = &mut estimates[place as usize - first];
            *x = T::from_f64(x.to_f64() - value.to_f64());
        }
        let mut squares = [0.5; SUMS];
        for first in (0..columns).step_by(TOGETHER) {
            let last = columns.min(first + TOGETHER);
            let own = &estimates[bounds[first] - begin..bounds[last] - begin];
            own.iter()
                .enumerate()
                .for_each(|(p, x)| squares[p % SUMS] += x.to_f64() * x.to_f64());
        }
        let indices = Indices::new(indices, vec![begin, begin + listed]);

        for scored in [false, true].into_iter().take(if weighed { 1 } else { 2 }) {
            each_level(|level| {
                let mut out = before.clone();
                let mut sums = [0.5; SUMS];
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
                    window: 0,
                    bounds: &bounds,
                    weights: weighed.then_some(&weights[..]),
                    x: &x,
                    out: &mut out,
                    scored: scored.then_some(scores),
                });
                assert_same(&out, &wanted, &format!("{level:?} {k} × {columns}"));
                if scored {
                    assert_same(
                        &sums,
                        &squares,
                        &format!("squares, {level:?} {k} × {columns}"),
                    );
                }
            });
        }
    });
}

#[test]
fn correct_has_the_products_of_the_model() {
    correct::<f64>(false);
    correct::<f32>(false);
}

#[test]
fn correct_has_them_times_weights() {
    correct::<f64>(true);
    correct::<f32>(true);
}

/// Lists that reach beyond their window, or beyond the panel, are not read.
#[test]
fn correct_refuses_what_is_not_there() {
    let stride = stride_of::<f64>(3);
    let factor = vec![1.0; 4 * stride];
    let list = |top: u16| [vec![0, 3, top, 1], vec![0; SUMS]].concat();
    let within = |top, windows: [usize; 3], window, bounds: [usize; 2]| {
        let indices = Indices::new(list(top), windows.to_vec());
        let mut out = vec![0.0; stride];
        catch_unwind(AssertUnwindSafe(|| {
            run(Correct {
                factor: &factor,
                stride,
                indices: &indices,
                window,
                bounds: &bounds,
                weights: None,
                x: &[1.0; 8],
                out: &mut out,
                scored: None,
            });
        }))
        .is_ok()
    };
    assert!(within(2, [0, 2, 4], 0, [0, 2]));
    assert!(within(2, [0, 2, 4], 1, [2, 4]));
    // Of a line beyond the window, too.
    assert!(!within(4, [0, 2, 4], 0, [0, 2]));
    assert!(!within(4, [0, 2, 4], 1, [2, 4]));
    assert!(!within(2, [0, 2, 4], 0, [0, 3]));
    assert!(!within(2, [0, 2, 4], 1, [1, 3]));
    assert!(!within(2, [0, 2, 4], 0, [2, 1]));
    assert!(catch_unwind(|| Indices::new(vec![0; SUMS], vec![0, 1])).is_err());
}
