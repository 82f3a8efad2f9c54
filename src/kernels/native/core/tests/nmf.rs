//! What every factorization must hold to.

mod common;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{
    FREE, OwnedCsc, Problem, Random, WAYS, assert_near, dense, dense_by_rows, finite, rows_of,
    times, transposed,
};
use factorloom_core::control::{Control, Stopped};
use factorloom_core::data::Block;
use factorloom_core::error::ErrorCode;
use factorloom_core::matrix::Matrix;
use factorloom_core::nmf::{NmfResult, Precision};
use factorloom_core::objective::FactorTerms;
use factorloom_core::scale::Norm;
use factorloom_core::solver::Solver;

#[test]
fn the_objective_never_rises_and_the_loss_is_that_of_the_model() {
    let mut random = Random(31);
    for (solver, accelerate) in WAYS {
        for (l1, l2) in [(0.0, 0.0), (0.02, 0.0), (0.0, 0.3), (0.02, 0.3)] {
            for nonneg in [true, false] {
                if solver == Solver::Mu && !nonneg {
                    continue;
                }
                let x = if nonneg {
                    random.sparse(37, 29, 0.5)
                } else {
                    random.signed(37, 29)
                };
                let (w, h) = (random.matrix(37, 6), random.matrix(6, 29));
                let mut problem = Problem::new(vec![dense(&x)], w, h);
                problem.terms = FactorTerms {
                    l1,
                    l2,
                    nonneg,
                    ..FREE
                };
                (problem.solver, problem.accelerate) = (solver, accelerate);
                for (precision, near) in [(Precision::F64, 1e-10), (Precision::F32, 1e-4)] {
                    problem.precision = precision;
                    let result = problem.solve(Control::IDLE).unwrap();
                    if solver.descends() {
                        for pair in result.history.windows(2) {
                            assert!(
                                pair[1].objective <= pair[0].objective,
                                "{solver:?} {precision:?}"
                            );
                        }
                    }
                    let factors = result.w.data.iter().chain(&result.h.data);
                    assert!(!nonneg || factors.copied().all(|x| x >= 0.0));
                    assert!(result.d.is_sorted_by(|a, b| a >= b));
                    assert_near(&[result.loss], &[loss_of(&x, &result)], near);
                }
            }
        }
    }
}

fn loss_of(x: &Matrix, result: &NmfResult) -> f64 {
    let mut w = Matrix::copied(x.rows, result.d.len(), &result.w.data).unwrap();
    for (r, d) in result.d.iter().enumerate() {
        w.column_mut(r).iter_mut().for_each(|w| *w *= d);
    }
    let pairs = x.data.iter().zip(times(&w, &result.h).data);
    pairs.map(|(x, y)| (x - y) * (x - y)).sum::<f64>() / x.data.len() as f64
}

#[test]
fn exact_data_are_recovered() {
    let mut random = Random(32);
    let x = times(&random.sparse(40, 3, 0.5), &random.sparse(3, 30, 0.5));
    let (w, h) = (random.matrix(40, 3), random.matrix(3, 30));
    let mut problem = Problem::new(vec![dense(&x)], w, h);
    problem.max_iter = 4000;
    let result = problem.solve(Control::IDLE).unwrap();
    let mean = x.data.iter().map(|x| x * x).sum::<f64>() / x.data.len() as f64;
    assert!(result.loss < 1e-10 * mean, "{} of {mean}", result.loss);
}

#[test]
fn however_stored_the_model_is_the_same() {
    let mut random = Random(33);
    let x = random.sparse(50, 23, 0.3);
    let (top, rest) = (rows_of(&x, 0, 11), rows_of(&x, 11, 50));
    let (all, flat) = (OwnedCsc::new(&x), transposed(&x));
    let rest = OwnedCsc::new(&rest);
    for (solver, accelerate) in WAYS {
        let solve = |blocks: Vec<Block<'_>>, low_memory: bool| {
            let mut random = Random(34);
            let (w, h) = (random.matrix(50, 5), random.matrix(5, 23));
            let mut problem = Problem::new(blocks, w, h);
            (problem.solver, problem.accelerate, problem.low_memory) =
                (solver, accelerate, low_memory);
            problem.solve(Control::IDLE).unwrap()
        };
        let one = solve(vec![dense(&x)], false);
        for other in [
            solve(vec![dense_by_rows(&flat)], false),
            solve(vec![all.block()], false),
            solve(vec![all.block()], true),
            solve(vec![all.wide()], false),
            solve(vec![dense(&top), rest.block()], false),
        ] {
            assert_near(&other.w.data, &one.w.data, 1e-10);
            assert_near(&other.h.data, &one.h.data, 1e-10);
            assert_near(&other.d, &one.d, 1e-10);
        }
    }
}

#[test]
fn degenerate_problems_end_in_numbers() {
    let mut random = Random(35);
    for (m, n, k) in [
        (1, 1, 1),
        (1, 9, 2),
        (9, 1, 2),
        (6, 4, 9),
        (8, 7, 1),
        (12, 10, 4),
    ] {
        for norm in [Norm::L1, Norm::L2, Norm::None] {
            let (mut w, h) = (random.matrix(m, k), random.matrix(k, n));
            w.column_mut(k - 1).fill(0.0);
            let mut x = random.matrix(m, n);
            x.column_mut(0).fill(0.0);
            x.data.iter_mut().step_by(m).for_each(|x| *x = 0.0);
            let zero = Matrix::zeros(m, n).unwrap();
            for (x, terms) in [
                (&x, FREE),
                (&zero, FREE),
                (
                    &x,
                    FactorTerms {
                        l1: 0.1,
                        l2: 0.1,
                        nonneg: false,
                        ..FREE
                    },
                ),
                (&x, FactorTerms { l1: 1e3, ..FREE }),
            ] {
                let (w, h) = (
                    Matrix::copied(m, k, &w.data).unwrap(),
                    Matrix::copied(k, n, &h.data).unwrap(),
                );
                let mut problem = Problem::new(vec![dense(x)], w, h);
                problem.terms = terms;
                problem.norm = norm;
                for (solver, accelerate) in WAYS {
                    if solver == Solver::Mu && !terms.nonneg {
                        continue;
                    }
                    for precision in [Precision::F64, Precision::F32] {
                        (problem.solver, problem.accelerate, problem.precision) =
                            (solver, accelerate, precision);
                        let result = problem.solve(Control::IDLE).unwrap();
                        assert!(
                            finite(&result),
                            "{m} {n} {k} {solver:?} {accelerate} {precision:?}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn equal_columns_get_equal_coefficients() {
    let mut random = Random(36);
    let mut x = random.matrix(30, 45);
    let mut h = random.matrix(4, 45);
    for j in [7, 16, 17, 44] {
        for m in [&mut x, &mut h] {
            let first = m.column(3).to_vec();
            m.column_mut(j).copy_from_slice(&first);
        }
    }
    let problem = Problem::new(vec![dense(&x)], random.matrix(30, 4), h);
    let result = problem.solve(Control::IDLE).unwrap();
    for j in [7, 16, 17, 44] {
        assert_eq!(result.h.column(j), result.h.column(3));
    }
}

#[test]
fn one_factor_is_the_leading_pair_of_a_positive_matrix() {
    let mut random = Random(37);
    let x = random.matrix(25, 18);
    let (w, h) = (random.matrix(25, 1), random.matrix(1, 18));
    let mut problem = Problem::new(vec![dense(&x)], w, h);
    problem.max_iter = 500;
    let result = problem.solve(Control::IDLE).unwrap();
    let image = times(&x, &transposed(&result.h));
    let scaled: Vec<f64> = result.w.data.iter().map(|w| w * result.d[0]).collect();
    assert_near(&image.data, &scaled, 1e-6);
}

#[test]
fn cancelled_anywhere_it_returns_the_last_accepted_iterate() {
    let mut random = Random(38);
    let x = random.matrix(30, 70);
    let (w, h) = (random.matrix(30, 4), random.matrix(4, 70));
    let mut problem = Problem::new(vec![dense(&x)], w, h);
    let signs = WAYS.into_iter().flat_map(|way| [(way, true), (way, false)]);
    for ((solver, accelerate), nonneg) in signs {
        if solver == Solver::Mu && !nonneg {
            continue;
        }
        (problem.solver, problem.accelerate) = (solver, accelerate);
        problem.terms.nonneg = nonneg;
        for after in 0..9 {
            problem.max_iter = 50;
            let asked = AtomicUsize::new(0);
            let told = Mutex::new(vec![]);
            let result = problem
                .solve(Control {
                    cancelled: &|| asked.fetch_add(1, Ordering::Relaxed) >= after,
                    on_iteration: &|iterate| told.lock().unwrap().push(iterate),
                })
                .unwrap();
            assert_eq!(result.stopped, Stopped::Aborted);
            if !accelerate {
                assert_eq!(result.history.len(), after / 2);
            }
            assert_eq!(*told.lock().unwrap(), result.history);
            problem.max_iter = result.history.len();
            let same = problem.solve(Control::IDLE).unwrap();
            assert_eq!(same.stopped, Stopped::MaxIter);
            assert_eq!(
                (same.w, same.d, same.h, same.kkt),
                (result.w, result.d, result.h, result.kkt)
            );
        }
    }
}

#[test]
fn what_cannot_be_fitted_is_an_error() {
    let mut random = Random(39);
    let code = |x: &Matrix, w: Matrix, h: Matrix| {
        let problem = Problem::new(vec![dense(x)], w, h);
        problem.solve(Control::IDLE).map(|_| ()).unwrap_err().code
    };
    let x = random.matrix(5, 4);
    let wrong = code(&x, random.matrix(5, 2), random.matrix(3, 4));
    assert_eq!(wrong, ErrorCode::InvalidArgument);
    let none = code(&x, random.matrix(5, 0), random.matrix(0, 4));
    assert_eq!(none, ErrorCode::InvalidArgument);
    let mut holed = random.matrix(5, 4);
    holed.data[7] = f64::NAN;
    let lost = code(&holed, random.matrix(5, 2), random.matrix(2, 4));
    assert_eq!(lost, ErrorCode::NonFinite);
    let vast = Matrix::zeros(1 << 40, 1 << 10).unwrap_err();
    assert_eq!(vast.code, ErrorCode::OutOfMemory);
}
