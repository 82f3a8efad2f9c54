//! What a model leaves of data, against its definition, for every way of storing data and weights.

mod common;

use common::{
    OwnedCsc, Random, assert_near, bits, dense, dense_by_rows, each_level, rows_of, times,
    transposed,
};
use factorloom_core::data::Block;
use factorloom_core::difference::Estimate;
use factorloom_core::error::{ErrorCode, Result};
use factorloom_core::improve::{ImproveArgs, Term, improve};
use factorloom_core::matrix::Matrix;
use factorloom_core::mse::mse;
use factorloom_core::multiply::{MultiplyArgs, multiply};
use factorloom_core::pool::with_threads;
use factorloom_core::view::Side;

/// A matrix with gaps where the other is below `share`.
fn with_gaps(m: &Matrix, draws: &Matrix, share: f64) -> Matrix {
    let data = m.data.iter().zip(&draws.data);
    Matrix {
        rows: m.rows,
        cols: m.cols,
        data: data
            .map(|(&x, &d)| if d < share { f64::NAN } else { x })
            .collect(),
    }
}

/// All that can be asked of a difference: both products, and the loss.
fn found(
    x: &[Block<'_>],
    factors: (&Matrix, &Matrix),
    estimate: &Estimate<'_>,
) -> Result<(Vec<f64>, Vec<f64>, f64)> {
    let product = |factor: &Matrix, side: Side| {
        multiply(&MultiplyArgs {
            x,
            factor: factor.view(),
            side,
            estimate: Some(*estimate),
        })
    };
    Ok((
        product(factors.0, Side::W)?.data,
        product(factors.1, Side::H)?.data,
        mse(x, estimate)?,
    ))
}

/// The same by definition; x is known where it is a number and its weight is above zero.
fn defined(
    x: &Matrix,
    factors: (&Matrix, &Matrix),
    (w, h): (&Matrix, &Matrix),
    weight: impl Fn(usize, usize) -> f64,
) -> (Vec<f64>, Vec<f64>, f64) {
    let model = times(w, h);
    let mut rest = Matrix::zeros(x.rows, x.cols).unwrap();
    let (mut squares, mut known) = (0.0, 0.0);
    for (p, x) in x.data.iter().enumerate() {
        let weight = weight(p % model.rows, p / model.rows);
        if x.is_nan() || weight == 0.0 {
            continue;
        }
        rest.data[p] = weight * (x - model.data[p]);
        squares += weight * (x - model.data[p]).powi(2);
        known += 1.0;
    }
    (
        times(&transposed(factors.0), &rest).data,
        times(&rest, &transposed(factors.1)).data,
        squares / known,
    )
}

fn unlisted(block: Block<'_>) -> Block<'_> {
    match block {
        Block::Csc {
            rows,
            cols,
            indptr,
            indices,
            values,
            ..
        } => Block::Csc {
            rows,
            cols,
            indptr,
            indices,
            values,
            unlisted_missing: true,
        },
        dense => dense,
    }
}

fn assert_agree(found: &(Vec<f64>, Vec<f64>, f64), wanted: &(Vec<f64>, Vec<f64>, f64), near: f64) {
    assert_near(&found.0, &wanted.0, near);
    assert_near(&found.1, &wanted.1, near);
    assert!(
        (found.2 / wanted.2 - 1.0).abs() < 10.0 * near,
        "{} is not {}",
        found.2,
        wanted.2
    );
}

#[test]
fn what_a_model_leaves_however_data_and_weights_are_stored() {
    let mut random = Random(91);
    for (m, n, k, r) in [(1, 1, 1, 1), (5, 9, 2, 3), (40, 33, 9, 4), (131, 70, 3, 17)] {
        for share in [0.0, 0.05, 0.7] {
            // Zeros are what a sparse matrix doesn't list.
            let all = random.sparse(m, n, 0.6);
            let draws = random.matrix(m, n);
            let x = with_gaps(&all, &draws, share);
            let (factor_w, factor_h) = (random.signed(m, k), random.signed(k, n));
            let (w, h) = (random.signed(m, r), random.signed(r, n));
            let factors = (&factor_w, &factor_h);
            let model = (&w, &h);
            if x.data.iter().all(|x| x.is_nan()) {
                continue;
            }
            let mut each = random.matrix(m, n);
            let mut samples = random.matrix(1, n);
            for (p, weight) in each.data.iter_mut().enumerate() {
                if p % 3 == 1 {
                    *weight = 0.0;
                }
            }
            if n > 2 {
                samples.data[1] = 0.0;
            }
            let (each_flat, each_csc) = (transposed(&each), OwnedCsc::new(&each));
            let none: Option<Vec<Option<Block<'_>>>> = None;
            let given = [
                none,
                Some(vec![Some(dense(&each))]),
                Some(vec![Some(dense_by_rows(&each_flat))]),
                Some(vec![Some(each_csc.block())]),
                Some(vec![Some(dense(&samples))]),
                Some(vec![None]),
            ];
            for (way, weights) in given.iter().enumerate() {
                let weight = |i: usize, j: usize| match way {
                    0 | 5 => 1.0,
                    4 => samples.data[j],
                    _ => each.data[i + j * m],
                };
                let estimate = Estimate {
                    w: w.view(),
                    h: h.view(),
                    weights: weights.as_deref(),
                };
                let any = (0..m * n).any(|p| !x.data[p].is_nan() && weight(p % m, p / m) > 0.0);
                let flat = transposed(&x);
                let csc = OwnedCsc::new(&x);
                if !any {
                    assert!(mse(&[dense(&x)], &estimate).is_err());
                    continue;
                }
                let wanted = defined(&x, factors, model, weight);
                for block in [dense(&x), dense_by_rows(&flat), csc.block(), csc.wide()] {
                    assert_agree(
                        &found(&[block], factors, &estimate).unwrap(),
                        &wanted,
                        1e-12,
                    );
                }
                let known = with_gaps(&x, &x, 1e-9);
                if known.data.iter().any(|x| !x.is_nan()) && way != 3 {
                    // What is not listed is missing, here the zeros.
                    let listed = found(&[unlisted(csc.block())], factors, &estimate);
                    let of = defined(&known, factors, model, weight);
                    if of.2.is_finite() {
                        assert_agree(&listed.unwrap(), &of, 1e-12);
                    }
                }
            }
        }
    }
}

#[test]
fn blocks_of_every_kind_on_top_of_each_other() {
    let mut random = Random(92);
    let (m, n) = (90, 50);
    let x = random.sparse(m, n, 0.5);
    let (top, middle, bottom) = (rows_of(&x, 0, 31), rows_of(&x, 31, 60), rows_of(&x, 60, m));
    let draws = random.matrix(31, n);
    let gappy = with_gaps(&top, &draws, 0.3);
    let (csc, flat) = (OwnedCsc::new(&middle), transposed(&bottom));
    let empty = Matrix::zeros(0, n).unwrap();
    let samples = random.matrix(1, n);
    let mut whole = x;
    for j in 0..n {
        whole.data[j * m..][..31].copy_from_slice(gappy.column(j));
    }
    let blocks = [
        dense(&empty),
        dense(&gappy),
        csc.block(),
        dense_by_rows(&flat),
    ];
    let weights = [None, None, Some(dense(&samples)), None];
    let (w, h) = (random.signed(m, 5), random.signed(5, n));
    let factors = (random.signed(m, 4), random.signed(4, n));
    let estimate = Estimate {
        w: w.view(),
        h: h.view(),
        weights: Some(&weights),
    };
    let wanted = defined(&whole, (&factors.0, &factors.1), (&w, &h), |i, j| {
        if (31..60).contains(&i) {
            samples.data[j]
        } else {
            1.0
        }
    });
    let found = found(&blocks, (&factors.0, &factors.1), &estimate).unwrap();
    assert_agree(&found, &wanted, 1e-12);
}

#[test]
fn nothing_of_what_is_missing_or_counts_nothing_comes_through() {
    let mut random = Random(93);
    let (m, n) = (60, 45);
    let (x, draws) = (random.matrix(m, n), random.matrix(m, n));
    let (w, h) = (random.matrix(m, 3), random.matrix(3, n));
    let factors = (random.signed(m, 4), random.signed(4, n));
    let mut weights = random.matrix(m, n);
    for (weight, d) in weights.data.iter_mut().zip(&draws.data) {
        if *d < 0.3 {
            *weight = 0.0;
        }
    }
    let given = [Some(dense(&weights))];
    let estimate = Estimate {
        w: w.view(),
        h: h.view(),
        weights: Some(&given),
    };
    let of = |value: f64| {
        let mut own = with_gaps(&x, &draws, 0.3);
        let gaps = own.data.iter_mut().filter(|x| x.is_nan());
        gaps.for_each(|x| *x = value);
        let csc = OwnedCsc::new(&own);
        [dense(&own), csc.block()].map(|block| {
            let (down, across, loss) =
                found(&[block], (&factors.0, &factors.1), &estimate).unwrap();
            [bits(&down), bits(&across), bits(&[loss])]
        })
    };
    let one = of(f64::NAN);
    for value in [7.0, 1e300, f64::INFINITY] {
        assert!(of(value) == one, "{value}");
    }
}

#[test]
#[cfg_attr(miri, ignore)]
fn threads_and_instructions_change_no_bit() {
    let mut random = Random(94);
    let (m, n) = (900, 700);
    let x = random.sparse(m, n, 0.3);
    let draws = random.matrix(m, n);
    let gappy = with_gaps(&x, &draws, 0.2);
    let (flat, csc) = (transposed(&gappy), OwnedCsc::new(&gappy));
    let (w, h) = (random.signed(m, 11), random.signed(11, n));
    let factors = (random.signed(m, 9), random.signed(9, n));
    let (each, samples) = (random.matrix(m, n), random.matrix(1, n));
    for block in [
        dense(&gappy),
        dense_by_rows(&flat),
        csc.block(),
        unlisted(csc.block()),
    ] {
        for weights in [
            None,
            Some([Some(dense(&each))]),
            Some([Some(dense(&samples))]),
        ] {
            let estimate = Estimate {
                w: w.view(),
                h: h.view(),
                weights: weights.as_ref().map(|own| &own[..]),
            };
            let run = |threads: usize| {
                let all = || found(&[block], (&factors.0, &factors.1), &estimate);
                let (down, across, loss) = with_threads(threads, all).unwrap();
                [bits(&down), bits(&across), bits(&[loss])]
            };
            let one = run(1);
            for threads in [2, 7] {
                assert!(run(threads) == one, "{threads} threads");
            }
            each_level(|level| assert!(run(2) == one, "{level:?}"));
        }
    }
}

#[test]
fn small_weights_keep_their_digits() {
    let mut random = Random(95);
    let (m, n) = (30, 20);
    let x = random.sparse(m, n, 0.7);
    let csc = OwnedCsc::new(&x);
    let (w, h) = (random.signed(m, 3), random.signed(3, n));
    let factors = (random.signed(m, 2), random.signed(2, n));
    let tiny = Matrix {
        rows: 1,
        cols: n,
        data: vec![1e-30; n],
    };
    let each = Matrix {
        rows: m,
        cols: n,
        data: vec![1e-30; m * n],
    };
    let wanted = defined(&x, (&factors.0, &factors.1), (&w, &h), |_, _| 1.0);
    for weights in [[Some(dense(&tiny))], [Some(dense(&each))]] {
        let estimate = Estimate {
            w: w.view(),
            h: h.view(),
            weights: Some(&weights),
        };
        for block in [dense(&x), csc.block()] {
            let (down, across, loss) =
                found(&[block], (&factors.0, &factors.1), &estimate).unwrap();
            let large = |numbers: &[f64]| numbers.iter().map(|x| x * 1e30).collect::<Vec<_>>();
            assert_agree(&(large(&down), large(&across), loss * 1e30), &wanted, 1e-12);
        }
    }
}

#[test]
fn wrong_weights_and_shapes_are_refused() {
    let mut random = Random(96);
    let x = random.matrix(6, 5);
    let (w, h) = (random.matrix(6, 2), random.matrix(2, 5));
    let (good, wide) = (random.matrix(6, 5), random.matrix(6, 4));
    let mut bad = random.matrix(6, 5);
    bad.data[7] = 1.5;
    let mut odd = random.matrix(1, 5);
    odd.data[2] = f64::NAN;
    let csc = OwnedCsc::new(&x);
    let cases: [(&Matrix, Vec<Option<Block<'_>>>); 5] = [
        (&h, vec![Some(dense(&bad))]),
        (&h, vec![Some(dense(&odd))]),
        (&h, vec![Some(dense(&wide))]),
        (&h, vec![Some(dense(&good)), None]),
        (&w, vec![None]),
    ];
    for (h, weights) in &cases {
        let estimate = Estimate {
            w: w.view(),
            h: h.view(),
            weights: Some(weights),
        };
        for block in [dense(&x), csc.block()] {
            let args = MultiplyArgs {
                x: &[block],
                factor: w.view(),
                side: Side::W,
                estimate: Some(estimate),
            };
            assert_eq!(
                multiply(&args).unwrap_err().code,
                ErrorCode::InvalidArgument
            );
            assert_eq!(
                mse(&[block], &estimate).unwrap_err().code,
                ErrorCode::InvalidArgument
            );
        }
    }
}

#[test]
#[cfg_attr(miri, ignore)]
fn an_improved_factor_has_the_same_bits_on_any_threads_and_lowers_its_terms() {
    let mut random = Random(97);
    let (m, n, k) = (400, 300, 6);
    let x = random.sparse(m, n, 0.4);
    let draws = random.matrix(m, n);
    let gappy = with_gaps(&x, &draws, 0.3);
    let (csc, whole) = (OwnedCsc::new(&gappy), random.matrix(m, n));
    let each = random.matrix(m, n);
    let weights = [Some(dense(&each))];
    let (w, h) = (random.matrix(m, k), random.matrix(k, n));
    let blocks = [[csc.block()], [dense(&gappy)], [dense(&whole)]];
    let given: [Option<&[Option<Block<'_>>]>; 3] = [None, Some(&weights), None];
    let loss = |w: &Matrix, h: &Matrix| -> f64 {
        let each = blocks.iter().zip(given).map(|(x, weights)| {
            let estimate = Estimate {
                w: w.view(),
                h: h.view(),
                weights,
            };
            // How many entries count.
            let known = if std::ptr::eq(x, &blocks[2]) {
                1.0
            } else {
                0.7
            };
            known * mse(x, &estimate).unwrap()
        });
        each.sum()
    };
    for side in [Side::W, Side::H] {
        let (factor, partner, other) = match side {
            Side::W => (&w, &h, Side::H),
            Side::H => (&h, &w, Side::W),
        };
        let run = |threads: usize| {
            with_threads(threads, || {
                let mut slope = Matrix::zeros(factor.rows, factor.cols)?;
                for (x, weights) in blocks.iter().zip(given) {
                    let estimate = Estimate {
                        w: w.view(),
                        h: h.view(),
                        weights,
                    };
                    let product = multiply(&MultiplyArgs {
                        x,
                        factor: partner.view(),
                        side: other,
                        estimate: Some(estimate),
                    })?;
                    let sums = slope.data.iter_mut().zip(&product.data);
                    sums.for_each(|(sum, x)| *sum += x);
                }
                let terms: Vec<Term<'_>> = blocks
                    .iter()
                    .zip(given)
                    .map(|(x, weights)| Term {
                        x,
                        weights,
                        partner: partner.view(),
                        by: 1.0,
                    })
                    .collect();
                improve(&ImproveArgs {
                    factor: factor.view(),
                    side,
                    slope: slope.view(),
                    nonneg: true,
                    terms: &terms,
                })
            })
            .unwrap()
        };
        let one = run(1);
        for threads in [2, 7] {
            assert!(
                bits(&run(threads).data) == bits(&one.data),
                "{threads} threads"
            );
        }
        each_level(|level| assert!(bits(&run(2).data) == bits(&one.data), "{level:?}"));
        assert!(one.data.iter().all(|x| *x >= 0.0));
        let after = match side {
            Side::W => loss(&one, &h),
            Side::H => loss(&w, &one),
        };
        assert!(after < 0.9 * loss(&w, &h));
    }
}
