//! The number of threads and the instructions change no bit, and how the data are stored none of the model.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use common::{
    OwnedCsc, Problem, Random, WAYS, all_bits, bits, dense, dense_by_rows, each_level, model_bits,
    rows_of, transposed, view,
};
use factorloom_core::control::Control;
use factorloom_core::difference::Estimate;
use factorloom_core::factor_losses::factor_losses;
use factorloom_core::mse::mse;
use factorloom_core::nmf::Precision;
use factorloom_core::pool::{begin, with_threads};
use factorloom_core::svd::{Solver, SvdArgs, svd};

/// Ways to store one matrix, and whether rows of sparse blocks are kept.
const STORAGES: [&str; 7] = [
    "dense",
    "by rows",
    "sparse",
    "sparse, 64 bits",
    "sparse, low memory",
    "stacked",
    "stacked, low memory",
];

/// What fits of one matrix give, in every way and for every storage.
fn fits<R>(shape: [usize; 3], run: impl Fn(&Problem<'_>, &str) -> R, compare: impl Fn(&[R], &str)) {
    let [rows, cols, k] = shape;
    let mut random = Random(50);
    let x = random.sparse(rows, cols, 0.5);
    let (flat, csc) = (transposed(&x), OwnedCsc::new(&x));
    let (top, rest) = (rows_of(&x, 0, rows / 3), rows_of(&x, rows / 3, rows));
    let rest = OwnedCsc::new(&rest);
    for (solver, accelerate) in WAYS {
        for precision in [Precision::F64, Precision::F32] {
            let found: Vec<R> = STORAGES
                .iter()
                .map(|storage| {
                    let blocks = match &storage[..5] {
                        "dense" => vec![dense(&x)],
                        "by ro" => vec![dense_by_rows(&flat)],
                        "stack" => vec![dense(&top), rest.block()],
                        _ if storage.contains("64") => vec![csc.wide()],
                        _ => vec![csc.block()],
                    };
                    let mut random = Random(52);
                    let mut problem =
                        Problem::new(blocks, random.matrix(rows, k), random.matrix(k, cols));
                    (problem.solver, problem.accelerate, problem.precision) =
                        (solver, accelerate, precision);
                    problem.low_memory = storage.contains("low");
                    problem.max_iter = if accelerate { 3 } else { 2 };
                    run(
                        &problem,
                        &format!("{solver:?}, accelerated: {accelerate}, {precision:?}, {storage}"),
                    )
                })
                .collect();
            compare(
                &found,
                &format!("{solver:?}, accelerated: {accelerate}, {precision:?}"),
            );
        }
    }
}

/// Several tasks: Gram matrices and the like are summed in the order of tasks, and those are cut by what is stored.
#[test]
#[cfg_attr(miri, ignore)]
fn threads_and_levels_change_no_bit_of_a_fit() {
    let run = |problem: &Problem<'_>, told: &str| {
        let solve = |threads: usize| {
            let result = with_threads(threads, || problem.solve(Control::IDLE)).unwrap();
            all_bits(&result)
        };
        let one = solve(1);
        for threads in [2, 3, 7] {
            assert!(solve(threads) == one, "{told}: {threads} threads");
        }
        if told.ends_with("dense") {
            each_level(|level| assert!(solve(1) == one, "{told}: {level:?}"));
        }
        one
    };
    fits([430, 510, 10], run, |found, told| {
        assert!(found[0] == found[1], "{told}: by columns and by rows");
        assert!(found[2] == found[3], "{told}: bounds of 32 and of 64 bits");
        assert!(found[2] == found[4], "{told}: rows kept or not");
        assert!(found[5] == found[6], "{told}: stacked, rows kept or not");
    });
}

/// One task: but for ‖X‖², which is summed as it is stored, no sum depends on the storage.
#[test]
fn a_small_model_has_the_same_bits_however_stored() {
    let shape = if cfg!(miri) { [9, 7, 2] } else { [90, 70, 6] };
    fits(
        shape,
        |problem, _| model_bits(&problem.solve(Control::IDLE).unwrap()),
        |found, told| {
            for (model, storage) in found.iter().zip(STORAGES) {
                assert!(*model == found[0], "{told}, {storage}");
            }
        },
    );
}

#[test]
#[cfg_attr(miri, ignore)]
fn one_two_three_and_seven_threads_give_the_same_bits() {
    let mut random = Random(51);
    let top = random.matrix(700, 900);
    let sparse = OwnedCsc::new(&random.sparse(1500, 900, 0.1));
    let blocks = vec![dense(&top), sparse.block()];
    let start = random.signed(2200, 12);
    let mut problem = Problem::new(blocks, random.matrix(2200, 7), random.matrix(7, 900));
    problem.max_iter = 5;
    problem.terms.l1 = 1e-3;
    let run = |threads: usize| {
        with_threads(threads, || {
            let model = problem.solve(Control::IDLE)?;
            let args = SvdArgs {
                x: &problem.x,
                k: 4,
                center: true,
                scale: true,
                solver: Solver::Krylov,
                l2: 0.0,
                terms: None,
                missing: false,
                start: view(&start),
                max_iter: 2,
                tol: 0.0,
            };
            let found = svd(&args, Control::IDLE)?;
            let estimate = Estimate {
                w: view(&model.w),
                h: view(&model.h),
                weights: None,
            };
            let difference = mse(&problem.x, &estimate)?;
            let alone = factor_losses(&problem.x, &view(&model.w), &view(&model.h))?;
            let rest = [
                bits(&[found.loss, found.kkt, difference]),
                bits(&alone.factor_loss),
            ]
            .concat();
            Ok([
                all_bits(&model),
                bits(&found.u.data),
                bits(&found.vt.data),
                bits(&found.sigma),
                rest,
            ])
        })
        .unwrap()
    };
    let one = run(1);
    for threads in [2, 3, 7] {
        assert!(run(threads) == one, "{threads} threads");
    }
    each_level(|level| assert!(run(2) == one, "{level:?}"));
}

/// Rows of very different lengths, and panels of more than one window: work is cut by both.
#[test]
#[cfg_attr(miri, ignore)]
fn rows_that_are_not_kept_change_no_bit() {
    for (rows, cols, k) in [(56, 38, 64), (600, 500, 10), (300, 2500, 70)] {
        let mut random = Random(54);
        let mut x = random.sparse(rows, cols, 0.5);
        for (p, x) in x.data.iter_mut().enumerate() {
            if (p % rows) * (p % rows) % 7 > 1 && p % 11 > 0 {
                *x = 0.0;
            }
        }
        let csc = OwnedCsc::new(&x);
        for precision in [Precision::F64, Precision::F32] {
            let mut problem = Problem::new(
                vec![csc.block()],
                random.matrix(rows, k),
                random.matrix(k, cols),
            );
            (problem.precision, problem.max_iter) = (precision, 3);
            let mut fit = |low_memory| {
                problem.low_memory = low_memory;
                all_bits(&with_threads(2, || problem.solve(Control::IDLE)).unwrap())
            };
            assert!(fit(true) == fit(false), "{rows} × {cols}, k = {k}");
        }
    }
}

/// Its helpers would wait for ever for more to do.
#[test]
#[cfg_attr(miri, ignore)]
fn a_fit_that_panics_lets_go_of_its_threads() {
    let mut random = Random(53);
    let x = random.matrix(300, 400);
    let mut problem = Problem::new(
        vec![dense(&x)],
        random.matrix(300, 5),
        random.matrix(5, 400),
    );
    problem.max_iter = 3;
    let fit = |on_iteration: &(dyn Fn() + Sync)| {
        with_threads(3, || {
            problem.solve(Control {
                on_iteration: &|_| on_iteration(),
                ..Control::IDLE
            })
        })
    };
    let calm = fit(&|| ()).unwrap();
    for _ in 0..3 {
        let panicked = catch_unwind(AssertUnwindSafe(|| fit(&|| panic!("on purpose"))));
        assert!(panicked.is_err());
        assert!(all_bits(&fit(&|| ()).unwrap()) == all_bits(&calm));
    }
}

#[test]
fn a_job_that_was_begun_runs_on_threads_of_its_own() {
    let (tell, told) = channel();
    for _ in 0..3 {
        let tell = tell.clone();
        begin(2, move |started| {
            let seen = (rayon::current_num_threads(), thread::current().id());
            tell.send(started.map(|()| seen)).unwrap();
        })
        .unwrap();
        let (threads, on) = told.recv_timeout(Duration::from_secs(60)).unwrap().unwrap();
        assert!(threads == 2 && on != thread::current().id());
    }
    let other = tell.clone();
    begin(0, move |started| {
        other.send(started.map(|()| unreachable!())).unwrap()
    })
    .unwrap();
    assert!(told.recv_timeout(Duration::from_secs(60)).unwrap().is_err());
}

#[test]
fn no_threads_are_refused() {
    assert!(with_threads(0, || Ok(())).is_err());
}
