use factorloom_core::leaves::{Accumulate, Across, FEW, Gather, Scatter};
use factorloom_core::panel::stride_of;
use factorloom_core::simd::run;

use crate::common::{Random, each_level};
use crate::{Plain, assert_same, shapes};

fn accumulate<T: Plain>() {
    shapes(1, |k, columns, random| {
        let stride = stride_of::<T>(k);
        let terms = random.below(if cfg!(miri) { 5 } else { 150 });
        let mut factor: Vec<T> = random.numbers((terms + 2) * stride);
        let mut before: Vec<T> = random.numbers(columns * stride);
        for panel in [&mut factor, &mut before] {
            panel
                .chunks_exact_mut(stride)
                .for_each(|column| column[k..].fill(<T as Plain>::zero()));
        }
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
                    k,
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

fn across<T: Plain>() {
    let mut random = Random(7);
    let columns: &[usize] = if cfg!(miri) {
        &[T::LANES, 3 * T::LANES + 5]
    } else {
        &[T::LANES, T::LANES + 1, 2 * T::LANES, 47, 48, 95, 130]
    };
    for k in 1..=FEW {
        for &columns in columns {
            let terms = random.below(if cfg!(miri) { 5 } else { 150 });
            let along = columns + random.below(4);
            let mut factor: Vec<T> = random.numbers((terms + 2) * T::LANES);
            let mut before: Vec<T> = random.numbers(columns * T::LANES);
            for panel in [&mut factor, &mut before] {
                panel
                    .chunks_exact_mut(T::LANES)
                    .for_each(|column| column[k..].fill(<T as Plain>::zero()));
            }
            let entries: Vec<T> = random.numbers(terms * along + columns);
            let mut wanted = before.clone();
            for (c, out) in wanted.chunks_exact_mut(T::LANES).enumerate() {
                for (t, factor) in factor.chunks_exact(T::LANES).take(terms).enumerate() {
                    let x = entries[t * along + c];
                    out.iter_mut()
                        .zip(factor)
                        .for_each(|(out, f)| *out = x.fused(*f, *out));
                }
            }
            each_level(|level| {
                let mut out = before.clone();
                run(Across {
                    factor: &factor,
                    k,
                    entries: &entries,
                    along,
                    terms,
                    out: &mut out,
                });
                assert_same(
                    &out,
                    &wanted,
                    &format!("{level:?} {k} × {columns}, {terms} terms, {along}"),
                );
            });
        }
    }
}

#[test]
fn lanes_across_columns_add_in_order() {
    across::<f64>();
    across::<f32>();
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
