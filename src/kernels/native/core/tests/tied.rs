//! What factorizations in which W gives H promise.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};

use common::{
    OwnedCsc, Random, all_bits, assert_near, dense, dense_by_rows, each_level, finite, times,
    transposed,
};
use factorloom_core::control::{Control, Stopped};
use factorloom_core::data::Block;
use factorloom_core::error::{ErrorCode, Result};
use factorloom_core::matrix::Matrix;
use factorloom_core::pool::with_threads;
use factorloom_core::scale::Norm;
use factorloom_core::tied::segment::{lowest, value_at};
use factorloom_core::tied::{Form, TiedArgs, TiedResult, tied};

const FORMS: [Form; 2] = [Form::Symmetric, Form::Projective];

struct Problem<'a> {
    x: Block<'a>,
    form: Form,
    start: &'a Matrix,
    max_iter: usize,
    tol: f64,
    norm: Norm,
    low_memory: bool,
}

impl<'a> Problem<'a> {
    fn new(x: Block<'a>, form: Form, start: &'a Matrix) -> Self {
        Self {
            x,
            form,
            start,
            max_iter: 30,
            tol: 0.0,
            norm: Norm::None,
            low_memory: false,
        }
    }

    fn solve(&self, control: Control<'_>) -> Result<TiedResult> {
        let args = TiedArgs {
            x: &[self.x],
            form: self.form,
            start: self.start.view(),
            sweeps: 4,
            low_memory: self.low_memory,
            max_iter: self.max_iter,
            tol: self.tol,
            norm: self.norm,
            loss: None,
        };
        tied(&args, control)
    }
}

/// What a form takes: for `Form::Symmetric` a matrix made so.
fn made_for(form: Form, x: Matrix) -> Matrix {
    if form == Form::Projective {
        return x;
    }
    let mut out = Matrix::zeros(x.rows, x.rows).unwrap();
    for i in 0..x.rows {
        for j in 0..x.rows {
            let across = |i: usize, j: usize| x.data[i + j % x.cols * x.rows];
            out.data[i + j * x.rows] = across(i, j) + across(j, i);
        }
    }
    out
}

fn bits(result: &TiedResult) -> Vec<u64> {
    let projection = result.projection.iter().flatten().map(|x| x.to_bits());
    all_bits(&result.model)
        .into_iter()
        .chain(projection)
        .collect()
}

#[test]
fn the_objective_never_rises_and_the_loss_is_that_of_what_w_gives() {
    let mut random = Random(71);
    for form in FORMS {
        for signed in [false, true] {
            let x = if signed {
                random.signed(37, 29)
            } else {
                random.sparse(37, 29, 0.5)
            };
            let x = made_for(form, x);
            let start = random.matrix(37, 5);
            let result = Problem::new(dense(&x), form, &start)
                .solve(Control::IDLE)
                .unwrap();
            let model = &result.model;
            for pair in model.history.windows(2) {
                assert!(pair[1].objective <= pair[0].objective);
            }
            assert!(finite(model) && model.w.data.iter().all(|x| *x >= 0.0));
            let h = match form {
                Form::Symmetric => transposed(&model.w),
                Form::Projective => times(&transposed(&model.w), &x),
            };
            assert_near(&model.h.data, &h.data, 1e-13);
            let fitted = times(&model.w, &h);
            let squares = x
                .data
                .iter()
                .zip(&fitted.data)
                .map(|(x, y)| (x - y) * (x - y));
            let loss = squares.sum::<f64>() / x.data.len() as f64;
            assert_near(&[model.loss], &[loss], 1e-10);
        }
    }
}

#[test]
fn threads_and_levels_change_no_bit_and_storage_only_the_last() {
    let mut random = Random(72);
    for form in FORMS {
        let x = made_for(form, random.sparse(301, 213, 0.3));
        let turned = transposed(&x);
        let sparse = OwnedCsc::new(&x);
        let start = random.matrix(x.rows, 7);
        let mut of_dense: Option<Vec<f64>> = None;
        for block in [dense(&x), dense_by_rows(&turned), sparse.block()] {
            let mut problem = Problem::new(block, form, &start);
            problem.max_iter = 4;
            let mut same: Option<Vec<u64>> = None;
            each_level(|_| {
                for threads in [1, 2, 7] {
                    for low_memory in [false, true] {
                        problem.low_memory = low_memory;
                        let result =
                            with_threads(threads, || problem.solve(Control::IDLE)).unwrap();
                        let w = of_dense.get_or_insert_with(|| result.model.w.data.clone());
                        assert_near(&result.model.w.data, w, 1e-11);
                        let bits = bits(&result);
                        assert_eq!(&bits, same.get_or_insert_with(|| bits.clone()));
                    }
                }
            });
        }
    }
}

#[test]
fn a_symmetric_h_is_w_to_the_bit_and_a_projection_says_its_scale() {
    let mut random = Random(73);
    for norm in [Norm::L1, Norm::L2, Norm::None] {
        for form in FORMS {
            let x = made_for(form, random.matrix(23, 17));
            let start = random.matrix(23, 4);
            let mut problem = Problem::new(dense(&x), form, &start);
            problem.norm = norm;
            let TiedResult { model, projection } = problem.solve(Control::IDLE).unwrap();
            match projection {
                None => assert_eq!(model.h.data, transposed(&model.w).data),
                Some(by) => {
                    let mut h = times(&transposed(&model.w), &x);
                    for column in h.data.chunks_exact_mut(4) {
                        column.iter_mut().zip(&by).for_each(|(x, by)| *x *= by);
                    }
                    assert_near(&model.h.data, &h.data, 1e-13);
                }
            }
        }
    }
}

#[test]
fn a_cancelled_fit_ends_at_the_last_accepted_iterate() {
    let mut random = Random(74);
    for form in FORMS {
        let x = made_for(form, random.matrix(20, 15));
        let start = random.matrix(20, 3);
        let problem = Problem::new(dense(&x), form, &start);
        for cut in [0, 1, 5, 8] {
            let asked = AtomicUsize::new(0);
            let result = problem
                .solve(Control {
                    cancelled: &|| asked.fetch_add(1, Ordering::Relaxed) == cut,
                    on_iteration: &|_| (),
                })
                .unwrap();
            assert_eq!(result.model.stopped, Stopped::Aborted);
            // It is asked twice an iteration.
            assert_eq!(result.model.history.len(), cut / 2);
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let mut random = Random(75);
    let x = random.matrix(6, 6);
    let wide = random.matrix(6, 5);
    let mut gap = random.matrix(6, 6);
    gap.data[3] = f64::NAN;
    let start = random.matrix(6, 2);
    let mut negative = random.matrix(6, 2);
    negative.data[0] = -1.0;
    for (x, form, start) in [
        (&wide, Form::Symmetric, &start),
        (&gap, Form::Projective, &start),
        (&x, Form::Projective, &negative),
        (&x, Form::Projective, &random.matrix(5, 2)),
    ] {
        let error = Problem::new(dense(x), form, start)
            .solve(Control::IDLE)
            .err()
            .unwrap();
        assert_eq!(error.code, ErrorCode::InvalidArgument);
    }
}

#[test]
fn the_lowest_point_of_a_way_is_found() {
    let mut random = Random(76);
    for round in 0..2000 {
        let mut c = [0.0; 4];
        c.iter_mut().for_each(|x| *x = 2.0 * random.next() - 1.0);
        // Curves of lower degree among them, and sizes where squares are no numbers.
        for (i, x) in c.iter_mut().enumerate() {
            if round & (1 << i) != 0 {
                *x = 0.0;
            }
            *x *= if round % 3 == 0 { 1e300 } else { 1.0 };
        }
        let found = lowest(&c);
        assert!((0.0..=1.0).contains(&found));
        let size = c.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
        for step in 0..=1000 {
            let other = value_at(&c, f64::from(step) / 1000.0);
            assert!(value_at(&c, found) <= other + 1e-14 * size);
        }
    }
}
