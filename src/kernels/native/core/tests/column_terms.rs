//! What links the columns of a factor to one another, to patterns or to a target.

mod common;

use common::{FREE, OwnedCsc, Problem, Random, all_bits, dense, each_level, finite, transposed};
use factorloom_core::column_terms::{ColumnTermsArgs, Neighbours, Target};
use factorloom_core::control::Control;
use factorloom_core::matrix::Matrix;
use factorloom_core::nmf::{NmfResult, Precision};
use factorloom_core::objective::FactorTerms;
use factorloom_core::pool::with_threads;
use factorloom_core::scale::Norm;

const SHAPE: [usize; 3] = [37, 29, 5];

/// Some pairs of neighbours, symmetric.
fn neighbours(length: usize, random: &mut Random) -> Matrix {
    let mut out = Matrix::zeros(length, length).unwrap();
    for _ in 0..3 * length {
        let (i, j) = (random.below(length), random.below(length));
        let weight = random.next();
        out.column_mut(j)[i] = weight;
        out.column_mut(i)[j] = weight;
    }
    out
}

/// One pattern of length 1, 1 × length.
fn pattern(length: usize) -> Matrix {
    let mut out = Matrix::zeros(1, length).unwrap();
    let size = (length as f64).sqrt();
    for j in 0..length {
        out.column_mut(j)[0] = if j % 3 == 0 { 1.0 } else { -1.0 } / size;
    }
    out
}

fn length(values: &[f64]) -> f64 {
    values.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// The graph and the remove term of the rows of a factor, from their formulas.
fn worth(rows: &Matrix, partner: &Matrix, a: &Matrix, u: &Matrix, lambdas: [f64; 2]) -> f64 {
    let mut sum = 0.0;
    for r in 0..rows.cols {
        let (f, p) = (rows.column(r), length(partner.column(r)));
        for i in 0..a.rows {
            for j in 0..a.cols {
                sum += 0.5 * lambdas[0] * a.column(j)[i] * p * p * (f[i] - f[j]).powi(2);
            }
        }
        let along: f64 = (0..f.len()).map(|j| f[j] * u.column(j)[0]).sum();
        sum += 0.5 * lambdas[1] * p * p * along * along;
    }
    sum
}

fn falls(result: &NmfResult, from: usize) {
    for pair in result.history[from.min(result.history.len())..].windows(2) {
        assert!(pair[1].objective <= pair[0].objective * (1.0 + 1e-12));
    }
}

#[test]
fn the_objective_is_the_formula_and_never_rises() {
    let mut random = Random(61);
    let [m, n, k] = SHAPE;
    let x = random.sparse(m, n, 0.6);
    let (of_w, of_h) = (neighbours(m, &mut random), neighbours(n, &mut random));
    let (w_graph, h_graph) = (OwnedCsc::new(&of_w), OwnedCsc::new(&of_h));
    let (w_pattern, h_pattern) = (transposed(&pattern(m)), pattern(n));
    for accelerate in [true, false] {
        for precision in [Precision::F64, Precision::F32] {
            let mut problem =
                Problem::new(vec![dense(&x)], random.matrix(m, k), random.matrix(k, n));
            problem.norm = Norm::None;
            (problem.accelerate, problem.precision) = (accelerate, precision);
            problem.w_column_terms = ColumnTermsArgs {
                graph: Some(Neighbours {
                    adjacency: w_graph.block(),
                    lambda: 0.1,
                }),
                target: Some(Target {
                    matrix: w_pattern.view(),
                    lambda: -0.4,
                    rescaled: true,
                }),
            };
            problem.h_column_terms = ColumnTermsArgs {
                graph: Some(Neighbours {
                    adjacency: h_graph.block(),
                    lambda: 0.2,
                }),
                target: Some(Target {
                    matrix: h_pattern.view(),
                    lambda: -0.3,
                    rescaled: true,
                }),
            };
            let result = problem.solve(Control::IDLE).unwrap();
            assert!(finite(&result));
            falls(&result, 0);
            let h = transposed(&result.h);
            let penalties = worth(&result.w, &h, &of_w, &pattern(m), [0.1, 0.4])
                + worth(&h, &result.w, &of_h, &pattern(n), [0.2, 0.3]);
            let wanted = result.loss * (m * n) as f64 / 2.0 + penalties;
            let near = if precision == Precision::F64 {
                1e-11
            } else {
                1e-5
            };
            assert!((result.objective / wanted - 1.0).abs() < near);
        }
    }
}

#[test]
fn a_factor_that_is_drawn_keeps_its_place_and_no_threads_or_instructions_change_a_bit() {
    let mut random = Random(62);
    let [m, n, k] = [61, 2500, 5];
    let x = random.sparse(m, n, 0.6);
    let target = random.matrix(k, n);
    let graph = OwnedCsc::new(&neighbours(n, &mut random));
    let (w, h) = (random.matrix(m, k), random.matrix(k, n));
    for precision in [Precision::F64, Precision::F32] {
        let mut found: Option<Vec<u64>> = None;
        each_level(|level| {
            for threads in [1, 3] {
                let start = |matrix: &Matrix| {
                    Matrix::copied(matrix.rows, matrix.cols, &matrix.data).unwrap()
                };
                let mut problem = Problem::new(vec![dense(&x)], start(&w), start(&h));
                (problem.precision, problem.max_iter) = (precision, 14);
                problem.terms = FactorTerms {
                    angular: 0.05,
                    l21: 1e-4,
                    ..FREE
                };
                problem.h_column_terms = ColumnTermsArgs {
                    graph: Some(Neighbours {
                        adjacency: graph.block(),
                        lambda: 0.05,
                    }),
                    target: Some(Target {
                        matrix: target.view(),
                        lambda: 20.0,
                        rescaled: true,
                    }),
                };
                let result = with_threads(threads, || problem.solve(Control::IDLE)).unwrap();
                falls(&result, 10);
                let row = |matrix: &Matrix, r: usize| -> Vec<f64> {
                    (0..n).map(|j| matrix.column(j)[r]).collect()
                };
                let cosine = |a: &[f64], b: &[f64]| -> f64 {
                    let inner: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
                    inner / (length(a) * length(b))
                };
                for r in 0..k {
                    let own = row(&result.h, r);
                    let nearest = |s: usize| cosine(&own, &row(&target, s));
                    assert!((0..k).all(|s| s == r || nearest(s) < nearest(r)));
                }
                let bits = all_bits(&result);
                match &found {
                    None => found = Some(bits),
                    Some(known) => assert!(*known == bits, "{level:?}, {threads} threads"),
                }
            }
        });
    }
}

#[test]
fn what_does_not_fit_is_an_error() {
    let mut random = Random(63);
    let [m, n, k] = SHAPE;
    let x = random.sparse(m, n, 0.6);
    let one_sided = {
        let mut out = Matrix::zeros(n, n).unwrap();
        out.column_mut(3)[5] = 1.0;
        OwnedCsc::new(&out)
    };
    let small = OwnedCsc::new(&Matrix::zeros(n - 1, n - 1).unwrap());
    let (wide, zero) = (random.matrix(k, n + 1), random.matrix(k, n));
    let graph = |adjacency: &'_ OwnedCsc, lambda: f64| -> bool {
        let mut random = Random(64);
        let mut problem = Problem::new(vec![dense(&x)], random.matrix(m, k), random.matrix(k, n));
        problem.h_column_terms.graph = Some(Neighbours {
            adjacency: adjacency.block(),
            lambda,
        });
        problem.solve(Control::IDLE).is_err()
    };
    let target = |matrix: &Matrix, lambda: f64| -> bool {
        let mut random = Random(65);
        let mut problem = Problem::new(vec![dense(&x)], random.matrix(m, k), random.matrix(k, n));
        problem.h_column_terms.target = Some(Target {
            matrix: matrix.view(),
            lambda,
            rescaled: false,
        });
        problem.solve(Control::IDLE).is_err()
    };
    assert!(graph(&one_sided, 1.0) && graph(&small, 1.0));
    let fine = OwnedCsc::new(&Matrix::zeros(n, n).unwrap());
    assert!(graph(&fine, -1.0) && graph(&fine, f64::NAN) && !graph(&fine, 1.0));
    assert!(target(&wide, 1.0) && target(&zero, 0.0) && target(&zero, f64::INFINITY));
    assert!(!target(&zero, 1.0));
}
