//! The number of threads changes no bit.

mod common;

use common::{OwnedCsc, Problem, Random, view};
use factorloom_core::control::Control;
use factorloom_core::data::Block;
use factorloom_core::mse::mse;
use factorloom_core::pool::with_threads;
use factorloom_core::svd::{SvdArgs, svd};

#[test]
fn one_two_three_and_seven_threads_give_the_same_bits() {
    let mut random = Random(51);
    let dense = random.matrix(700, 900);
    let sparse = OwnedCsc::new(&random.sparse(1500, 900, 0.1));
    let blocks = vec![Block::Dense(view(&dense)), sparse.block()];
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
                start: view(&start),
                max_iter: 2,
                tol: 0.0,
            };
            let found = svd(&args, Control::IDLE)?;
            let difference = mse(&problem.x, &view(&model.w), &view(&model.h))?;
            let sums = [
                model.objective,
                model.kkt,
                found.loss,
                found.kkt,
                difference,
            ];
            let all = [model.w.data, model.h.data, model.d, found.u.data];
            let rest = [found.vt.data, found.sigma, sums.to_vec()];
            let bits = all.into_iter().chain(rest).flatten().map(f64::to_bits);
            Ok(bits.collect::<Vec<u64>>())
        })
        .unwrap()
    };
    let one = run(1);
    for threads in [2, 3, 7] {
        assert!(run(threads) == one, "{threads} threads");
    }
}

#[test]
fn no_threads_are_refused() {
    assert!(with_threads(0, || Ok(())).is_err());
}
