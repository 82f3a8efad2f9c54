//! A fit that goes on from a state takes the way it would have taken.

mod common;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use common::{FREE, OwnedCsc, Problem, Random, WAYS, all_bits, dense};
use factorloom_core::control::{Control, Stopped};
use factorloom_core::error::ErrorCode;
use factorloom_core::hold_out::{HoldOut, Missing};
use factorloom_core::matrix::Matrix;
use factorloom_core::nmf::{Checkpoint, NmfResult, Precision, State};
use factorloom_core::objective::FactorTerms;
use factorloom_core::pool::with_threads;
use factorloom_core::solver::Solver;

/// A fit that begins at a state or at the start; and every state that it leaves.
fn fit(problem: &Problem<'_>, from: Option<&State<'_>>) -> (NmfResult, Vec<State<'static>>) {
    let states = Mutex::new(Vec::new());
    let save = |state: State<'static>| states.lock().unwrap().push(state);
    let result = Problem {
        x: problem.x.clone(),
        w: copy(&problem.w),
        h: copy(&problem.h),
        checkpoint: Some(Checkpoint {
            from,
            every: 1,
            ready: &|| true,
            save: &save,
        }),
        ..*problem
    }
    .solve(Control::IDLE)
    .unwrap();
    (result, states.into_inner().unwrap())
}

fn copy(matrix: &Matrix) -> Matrix {
    Matrix {
        rows: matrix.rows,
        cols: matrix.cols,
        data: matrix.data.clone(),
    }
}

/// From every state, on any number of threads, to the end that the fit has without.
fn goes_on(problem: &Problem<'_>, what: &str) {
    let plain = with_threads(1, || problem.solve(Control::IDLE)).unwrap();
    let (whole, states) = with_threads(2, || Ok(fit(problem, None))).unwrap();
    assert!(states.len() > 3, "{what}");
    assert_eq!(all_bits(&whole), all_bits(&plain), "{what}");
    for state in states.iter().step_by(3) {
        let (rest, later) = with_threads(3, || Ok(fit(problem, Some(state)))).unwrap();
        assert_eq!(
            all_bits(&rest),
            all_bits(&plain),
            "{what} {}",
            state.iterations
        );
        for (one, other) in later.iter().zip(&states[state.iterations..]) {
            assert_eq!(one.numbers, other.numbers, "{what}");
        }
    }
}

#[test]
#[cfg_attr(miri, ignore)]
fn from_any_state_in_every_way_to_the_same_bits() {
    let mut random = Random(11);
    let x = random.sparse(37, 29, 0.4);
    let csc = OwnedCsc::new(&x);
    for (solver, accelerate) in WAYS {
        for precision in [Precision::F64, Precision::F32] {
            for terms in [
                FREE,
                FactorTerms {
                    l1: 0.01,
                    l2: 0.1,
                    nonneg: solver == Solver::Mu,
                    ..FREE
                },
            ] {
                let (w, h) = (random.matrix(37, 5), random.matrix(5, 29));
                let mut problem = Problem::new(vec![csc.block()], w, h);
                (problem.solver, problem.accelerate) = (solver, accelerate);
                (problem.precision, problem.terms) = (precision, terms);
                problem.max_iter = 17;
                goes_on(&problem, &format!("{solver:?} {accelerate} {precision:?}"));
            }
        }
    }
}

#[test]
#[cfg_attr(miri, ignore)]
fn with_missing_entries_and_factors_that_die() {
    let mut random = Random(12);
    let mut x = random.matrix(31, 23);
    for p in (0..x.data.len()).step_by(4) {
        x.data[p] = f64::NAN;
    }
    for (exact, accelerate) in [(false, false), (true, false), (true, true)] {
        for l21 in [0.0, 0.05] {
            let mut problem =
                Problem::new(vec![dense(&x)], random.matrix(31, 4), random.matrix(4, 23));
            problem.accelerate = accelerate;
            problem.missing = Some(Missing { exact });
            problem.terms = FactorTerms { l21, ..FREE };
            problem.max_iter = 14;
            goes_on(&problem, &format!("{exact} {accelerate} {l21}"));
        }
    }
}

#[test]
fn cancelled_it_leaves_the_last_accepted_iterate() {
    let mut random = Random(13);
    let x = random.matrix(20, 15);
    let mut problem = Problem::new(vec![dense(&x)], random.matrix(20, 3), random.matrix(3, 15));
    problem.max_iter = 30;
    let (whole, states) = fit(&problem, None);
    let (stop, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    let stop_at = |iterate: usize| stop.store(iterate == 7, Ordering::Relaxed);
    let cut = Problem {
        x: problem.x.clone(),
        w: copy(&problem.w),
        h: copy(&problem.h),
        checkpoint: Some(Checkpoint {
            from: None,
            every: 100,
            ready: &|| {
                asked.fetch_add(1, Ordering::Relaxed);
                false
            },
            save: &|_| panic!("it is not time"),
        }),
        ..problem
    }
    .solve(Control {
        cancelled: &|| stop.load(Ordering::Relaxed),
        on_iteration: &|iterate| stop_at(iterate.iteration),
    })
    .unwrap();
    assert_eq!((cut.stopped, asked.into_inner()), (Stopped::Aborted, 0));
    let state = cut.state.unwrap();
    assert_eq!(state.iterations, 7);
    assert_eq!(state.numbers, states[6].numbers);
    assert_eq!(all_bits(&fit(&problem, Some(&state)).0), all_bits(&whole));
}

#[test]
fn states_are_left_where_there_is_room_and_none_where_nobody_asks() {
    let mut random = Random(14);
    let x = random.matrix(20, 15);
    let mut problem = Problem::new(vec![dense(&x)], random.matrix(20, 3), random.matrix(3, 15));
    // No iterate is rejected, so that each is asked about once.
    (problem.max_iter, problem.accelerate) = (12, false);
    let (asked, told) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let ready = || asked.fetch_add(1, Ordering::Relaxed) != 1;
    let save = |state: State<'static>| told.lock().unwrap().push(state.iterations);
    problem.checkpoint = Some(Checkpoint {
        from: None,
        every: 3,
        ready: &ready,
        save: &save,
    });
    let result = problem.solve(Control::IDLE).unwrap();
    assert!(result.state.is_none());
    // Refused at 6, and asked again at the next.
    assert_eq!(*told.lock().unwrap(), [3, 7, 10]);
}

#[test]
fn a_state_of_another_fit_is_refused() {
    let mut random = Random(15);
    let x = random.matrix(20, 15);
    let turned = Matrix {
        rows: 15,
        cols: 20,
        data: x.data.clone(),
    };
    let mut problem = Problem::new(vec![dense(&x)], random.matrix(20, 3), random.matrix(3, 15));
    problem.max_iter = 6;
    let (_, states) = fit(&problem, None);
    let state = &states[2];
    let refuse = |problem: &mut Problem<'_>, state: &State<'_>, every: usize| {
        let mut own = Problem {
            x: problem.x.clone(),
            w: copy(&problem.w),
            h: copy(&problem.h),
            ..*problem
        };
        own.checkpoint = Some(Checkpoint {
            from: Some(state),
            every,
            ready: &|| true,
            save: &|_| (),
        });
        let error = own.solve(Control::IDLE).err().map(|error| error.code);
        assert_eq!(error, Some(ErrorCode::InvalidArgument));
    };
    let changed = |change: &dyn Fn(&mut Vec<f64>)| {
        let mut numbers = state.numbers.to_vec();
        change(&mut numbers);
        State {
            iterations: state.iterations,
            numbers: numbers.into(),
        }
    };
    refuse(&mut problem, state, 0);
    refuse(&mut problem, &changed(&|numbers| numbers.truncate(9)), 1);
    refuse(&mut problem, &changed(&|numbers| numbers.push(0.0)), 1);
    refuse(&mut problem, &changed(&|numbers| numbers[0] += 1.0), 1);
    refuse(&mut problem, &changed(&|numbers| numbers[9] = f64::NAN), 1);
    for iterations in [0, 2, 4, 6, usize::MAX] {
        let numbers = state.numbers.clone();
        refuse(
            &mut problem,
            &State {
                iterations,
                numbers,
            },
            1,
        );
    }
    for change in [
        (|problem: &mut Problem<'_>| problem.accelerate = false) as fn(&mut Problem<'_>),
        |problem| problem.precision = Precision::F32,
        |problem| problem.missing = Some(Missing { exact: false }),
        |problem| (problem.w, problem.h) = (Random(1).matrix(20, 2), Random(1).matrix(2, 15)),
        |problem| problem.max_iter = 3,
    ] {
        let (w, h) = (random.matrix(20, 3), random.matrix(3, 15));
        let mut other = Problem::new(vec![dense(&x)], w, h);
        other.max_iter = 6;
        change(&mut other);
        if other.missing.is_some() {
            other.accelerate = false;
        }
        refuse(&mut other, state, 1);
    }
    let (w, h) = (random.matrix(15, 3), random.matrix(3, 20));
    refuse(&mut Problem::new(vec![dense(&turned)], w, h), state, 1);
    let (w, h) = (random.matrix(20, 3), random.matrix(3, 15));
    let mut held = Problem::new(vec![dense(&x)], w, h);
    held.accelerate = false;
    held.hold_out = Some(HoldOut {
        fraction: 0.1,
        keys: &[[1, 2]],
        exact: false,
        best: false,
    });
    refuse(&mut held, state, 1);
}
