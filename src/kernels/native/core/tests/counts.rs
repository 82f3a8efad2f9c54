//! What a fit costs, in products with the data: these take nearly all of its time.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};

use common::{Problem, Random, WAYS, dense, times};
use factorloom_core::control::Control;
use factorloom_core::hold_out::HoldOut;
use factorloom_core::pool::with_threads;
use factorloom_core::products::columns_made;

const ROWS: usize = 41;
const COLS: usize = 97;

/// Iterations that were tried and those that were accepted, once products were counted: one with each factor for each
/// iteration tried, the first of which takes that with W from the start, and one with each for the steps that are left open;
/// the last iteration that is allowed leaves them its own with H, where that is small beside the data.
fn tried(problem: &Problem<'_>) -> (usize, usize) {
    let (asked, told) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let control = Control {
        cancelled: &|| {
            asked.fetch_add(1, Ordering::Relaxed);
            false
        },
        on_iteration: &|_| {
            told.fetch_add(1, Ordering::Relaxed);
        },
    };
    let made = with_threads(1, || {
        let before = columns_made();
        let result = problem.solve(control)?;
        Ok((columns_made() - before, result))
    });
    let (asked, accepted) = (asked.into_inner(), told.into_inner());
    assert_eq!(asked % 2, 0, "asked once for each half-step");
    let tried = asked / 2;
    let (made, result) = made.unwrap();
    let last = result
        .held_out
        .is_none_or(|held| held.iteration == accepted);
    let left = if last && accepted == problem.max_iter {
        ROWS
    } else {
        0
    };
    assert_eq!(made, (COLS + ROWS) * (tried + 1) - left);
    (tried, accepted)
}

#[test]
#[cfg_attr(miri, ignore)]
fn an_iteration_has_one_product_with_each_factor_and_few_are_in_vain() {
    let mut random = Random(61);
    let low = times(&random.sparse(ROWS, 4, 0.5), &random.sparse(4, COLS, 0.5));
    let noisy = random.sparse(ROWS, COLS, 0.4);
    let mut in_vain = 0;
    for x in [&low, &noisy] {
        for (solver, accelerate) in WAYS {
            let mut problem = Problem::new(
                vec![dense(x)],
                random.matrix(ROWS, 4),
                random.matrix(4, COLS),
            );
            (problem.solver, problem.accelerate) = (solver, accelerate);
            problem.max_iter = if accelerate { 300 } else { 30 };
            let (tried, accepted) = tried(&problem);
            // After one in vain there is a plain one, which is accepted unless it is the last.
            assert!(
                tried
                    <= if accelerate {
                        2 * accepted + 1
                    } else {
                        accepted + 1
                    },
                "{tried}, {accepted}"
            );
            in_vain += tried - accepted;
        }
    }
    assert!(in_vain > 0, "nothing was rejected: the bound was not tried");
}

#[test]
#[cfg_attr(miri, ignore)]
fn a_hold_out_costs_no_product() {
    let mut random = Random(62);
    let x = random.sparse(ROWS, COLS, 0.4);
    for exact in [false, true] {
        let mut problem = Problem::new(
            vec![dense(&x)],
            random.matrix(ROWS, 4),
            random.matrix(4, COLS),
        );
        problem.hold_out = Some(HoldOut {
            fraction: 0.1,
            keys: &[[1, 2]],
            exact,
            best: true,
        });
        problem.accelerate = false;
        problem.max_iter = 100;
        let (tried, accepted) = tried(&problem);
        // Once an iteration was in vain, those that follow are such that none is.
        assert!(tried <= accepted + 2, "{tried}, {accepted}");
    }
}
