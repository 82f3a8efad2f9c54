//! Fits by losses other than squares.

#[path = "../common/mod.rs"]
mod common;
mod formulas;
mod models;
mod tied;

use std::sync::atomic::{AtomicUsize, Ordering};

use common::{
    OwnedCsc, Random, all_bits, assert_near, bits, dense, dense_by_rows, each_level, finite,
    rows_of, times, transposed, view,
};
use factorloom_core::column_terms::ColumnTermsArgs;
use factorloom_core::control::{Control, Stopped};
use factorloom_core::data::Block;
use factorloom_core::difference::Estimate;
use factorloom_core::encode::{EncodeArgs, encode};
use factorloom_core::error::{ErrorCode, Result};
use factorloom_core::losses::formulas::{
    Formula, Gamma, Gp, Huber, InverseGaussian, Kl, Mae, Nb, Tweedie,
};
use factorloom_core::losses::special::{digamma, exp, ln_gamma, log, rise, trigamma};
use factorloom_core::losses::{Kind, LossArgs, ParameterArgs, Shared, deviance};
use factorloom_core::matrix::Matrix;
use factorloom_core::nmf::{Checkpoint, NmfArgs, NmfResult, Precision, nmf};
use factorloom_core::objective::FactorTerms;
use factorloom_core::pool::with_threads;
use factorloom_core::scale::Norm;
use factorloom_core::solver::Solver;

const ROWS: usize = 26;
const COLS: usize = 19;
const K: usize = 3;
fn near(found: f64, wanted: f64, tolerance: f64) {
    let off = (found - wanted).abs();
    assert!(
        off <= tolerance * wanted.abs().max(1.0),
        "{found} is not {wanted}"
    );
}

struct Case {
    name: &'static str,
    kind: Kind,
    x: Matrix,
    dispersion: Option<(Shared, Vec<f64>, bool)>,
    inflation: Option<(Shared, Vec<f64>, bool)>,
}

fn low_rank(random: &mut Random, rows: usize, cols: usize) -> Matrix {
    times(&random.matrix(rows, K), &random.matrix(K, cols))
}

/// Data for every loss and every kind of parameter.
fn cases(rows: usize, cols: usize) -> Vec<Case> {
    let mut random = Random(77);
    let mut counts = low_rank(&mut random, rows, cols);
    for x in &mut counts.data {
        *x = (4.0 * *x * random.next() * random.next()).floor();
    }
    let mut positive = low_rank(&mut random, rows, cols);
    for x in &mut positive.data {
        *x = 0.2 + *x * (0.5 + random.next());
    }
    let mut signed = low_rank(&mut random, rows, cols);
    for x in &mut signed.data {
        *x += random.next() - 0.5;
    }
    let case = |name, kind, x: &Matrix| Case {
        name,
        kind,
        x: Matrix::copied(rows, cols, &x.data).unwrap(),
        dispersion: None,
        inflation: None,
    };
    let all = |by: Shared, x: f64, estimate| {
        let count = match by {
            Shared::Global => 1,
            Shared::Row => rows,
            Shared::Column => cols,
        };
        Some((by, vec![x; count], estimate))
    };
    vec![
        case("kl", Kind::Kl, &counts),
        case("gamma", Kind::Gamma, &positive),
        case("inverse-gaussian", Kind::InverseGaussian, &positive),
        case("tweedie 1.4", Kind::Tweedie(1.4), &counts),
        case("tweedie 2.6", Kind::Tweedie(2.6), &positive),
        Case {
            dispersion: all(Shared::Global, 2.0, false),
            ..case("nb", Kind::Nb, &counts)
        },
        Case {
            dispersion: all(Shared::Row, 2.0, true),
            ..case("nb by row", Kind::Nb, &counts)
        },
        Case {
            dispersion: all(Shared::Column, 2.0, true),
            inflation: all(Shared::Row, 0.1, true),
            ..case("nb, inflated", Kind::Nb, &counts)
        },
        Case {
            dispersion: all(Shared::Row, 0.3, false),
            ..case("gp", Kind::Gp, &counts)
        },
        Case {
            dispersion: all(Shared::Global, 0.1, true),
            inflation: all(Shared::Column, 0.1, true),
            ..case("gp, inflated", Kind::Gp, &counts)
        },
        case("huber", Kind::Huber(0.3), &signed),
        case("mae", Kind::Mae, &signed),
    ]
}

impl Clone for Case {
    fn clone(&self) -> Self {
        Self {
            x: Matrix::copied(self.x.rows, self.x.cols, &self.x.data).unwrap(),
            dispersion: self.dispersion.clone(),
            inflation: self.inflation.clone(),
            ..*self
        }
    }
}

/// How a case is fitted.
#[derive(Clone, Copy)]
struct Fitted {
    precision: Precision,
    solver: Solver,
    terms: FactorTerms,
    max_iter: usize,
    low_memory: bool,
}

const PLAIN: Fitted = Fitted {
    precision: Precision::F64,
    solver: Solver::Ccd,
    terms: FactorTerms::PLAIN,
    max_iter: 15,
    low_memory: false,
};

impl Case {
    fn loss(&self) -> LossArgs<'_> {
        fn parameter(own: &Option<(Shared, Vec<f64>, bool)>) -> Option<ParameterArgs<'_>> {
            own.as_ref().map(|(by, values, estimate)| ParameterArgs {
                by: *by,
                values,
                estimate: *estimate,
            })
        }
        LossArgs {
            kind: self.kind,
            floor: 1e-6,
            penalties: 0.7,
            dispersion: parameter(&self.dispersion),
            zero_inflation: parameter(&self.inflation),
        }
    }

    fn fit(
        &self,
        x: &[Block<'_>],
        weights: Option<&[Option<Block<'_>>]>,
        way: Fitted,
        checkpoint: Option<Checkpoint<'_>>,
        control: Control<'_>,
    ) -> Result<NmfResult> {
        let mut random = Random(3);
        let (w, h) = (random.matrix(self.x.rows, K), random.matrix(K, self.x.cols));
        let args = NmfArgs {
            x,
            start_w: view(&w),
            start_h: view(&h),
            w: way.terms,
            h: way.terms,
            w_column_terms: ColumnTermsArgs::default(),
            h_column_terms: ColumnTermsArgs::default(),
            solver: way.solver,
            accelerate: false,
            sweeps: 2,
            precision: way.precision,
            low_memory: way.low_memory,
            max_iter: way.max_iter,
            tol: 0.0,
            norm: Norm::L2,
            hold_out: None,
            missing: None,
            checkpoint,
            weights,
            loss: Some(self.loss()),
        };
        nmf(&args, control)
    }

    fn plain(&self, x: &[Block<'_>], way: Fitted) -> NmfResult {
        self.fit(x, None, way, None, Control::IDLE).unwrap()
    }
}

fn never_rises(result: &NmfResult, told: &str) {
    assert!(finite(result) && result.loss >= 0.0, "{told}");
    assert!(result.history.len() > 2, "{told}");
    for pair in result.history.windows(2) {
        let (before, after) = (pair[0].objective, pair[1].objective);
        assert!(after <= before, "{told}: from {before} to {after}");
    }
}

#[test]
fn the_objective_never_rises() {
    for case in cases(ROWS, COLS) {
        let x = [dense(&case.x)];
        for terms in [
            FactorTerms::PLAIN,
            FactorTerms {
                l1: 0.02,
                l2: 0.05,
                l21: 0.02,
                angular: 0.1,
                ..FactorTerms::PLAIN
            },
            FactorTerms {
                upper: 0.8,
                ..FactorTerms::PLAIN
            },
        ] {
            let way = Fitted { terms, ..PLAIN };
            never_rises(&case.plain(&x, way), case.name);
            if case.kind == Kind::Kl {
                let solver = Solver::Mu;
                never_rises(&case.plain(&x, Fitted { solver, ..way }), "mu");
                let precision = Precision::F32;
                never_rises(&case.plain(&x, Fitted { precision, ..way }), "32 bits");
            }
        }
    }
}

#[test]
fn data_have_one_fit_however_stored() {
    for case in cases(ROWS, COLS) {
        let (flat, csc) = (transposed(&case.x), OwnedCsc::new(&case.x));
        let (top, rest) = (rows_of(&case.x, 0, 9), rows_of(&case.x, 9, ROWS));
        let rest = OwnedCsc::new(&rest);
        let wanted = case.plain(&[dense(&case.x)], PLAIN);
        let low = Fitted {
            low_memory: true,
            ..PLAIN
        };
        let by_rows = case.plain(&[dense_by_rows(&flat)], PLAIN);
        let sparse = case.plain(&[csc.block()], PLAIN);
        let stacked = case.plain(&[dense(&top), rest.block()], low);
        // The sum of sizes has corners, at which rounding decides.
        let tolerance = if case.kind == Kind::Mae { 1e-2 } else { 1e-8 };
        for (result, told) in [
            (&by_rows, "by rows"),
            (&sparse, "sparse"),
            (&stacked, "stacked"),
        ] {
            let told = format!("{}, {told}", case.name);
            near(result.objective, wanted.objective, tolerance);
            near(result.null_loss, wanted.null_loss, 1e-10);
            if case.kind != Kind::Mae {
                assert_near(&result.w.data, &wanted.w.data, 1e-6);
                assert_near(&result.h.data, &wanted.h.data, 1e-6);
            }
            assert!(finite(result), "{told}");
        }
        let kept = case.plain(&[csc.block()], low);
        assert!(
            all_bits(&kept) == all_bits(&sparse),
            "{}: no transpose",
            case.name
        );
    }
}

#[test]
#[cfg_attr(miri, ignore)]
fn threads_and_levels_change_no_bit() {
    for case in cases(410, 330) {
        let csc = OwnedCsc::new(&case.x);
        for blocks in [vec![dense(&case.x)], vec![csc.block()]] {
            let mut ways = vec![PLAIN];
            if case.kind == Kind::Kl {
                let (precision, solver) = (Precision::F32, Solver::Mu);
                ways.push(Fitted { precision, ..PLAIN });
                ways.push(Fitted { solver, ..PLAIN });
            }
            for way in ways {
                let way = Fitted { max_iter: 2, ..way };
                let solve = |threads: usize| {
                    let found = with_threads(threads, || Ok(case.plain(&blocks, way))).unwrap();
                    let parameters = [&found.dispersion, &found.zero_inflation];
                    let own = parameters.map(|own| bits(own.as_deref().unwrap_or(&[])));
                    [all_bits(&found), own.concat()]
                };
                let one = solve(1);
                for threads in [2, 3, 7] {
                    assert!(solve(threads) == one, "{}: {threads} threads", case.name);
                }
                each_level(|level| assert!(solve(1) == one, "{}: {level:?}", case.name));
            }
        }
    }
}

#[test]
fn what_is_missing_or_counts_nothing_is_not_read() {
    for case in cases(ROWS, COLS) {
        let hidden = |x: f64| {
            let mut out = Matrix::copied(ROWS, COLS, &case.x.data).unwrap();
            out.data
                .iter_mut()
                .skip(3)
                .step_by(7)
                .for_each(|out| *out = x);
            out
        };
        let mut weights = Matrix::zeros(ROWS, COLS).unwrap();
        for (p, weight) in weights.data.iter_mut().enumerate() {
            *weight = if p % 7 == 3 {
                0.0
            } else {
                1.0 + (p % 5) as f64
            };
        }
        let ones = {
            let mut ones = Matrix::copied(ROWS, COLS, &weights.data).unwrap();
            ones.data.iter_mut().for_each(|x| *x = x.min(1.0));
            ones
        };
        let fit = |x: &Matrix, weights: Option<&Matrix>| {
            let csc = OwnedCsc::new(x);
            let blocks = weights.map(|own| vec![Some(dense(own))]);
            [vec![dense(x)], vec![csc.block()]].map(|x| {
                case.fit(&x, blocks.as_deref(), PLAIN, None, Control::IDLE)
                    .unwrap()
            })
        };
        for ((one, other), gone) in fit(&hidden(5.0), Some(&weights))
            .iter()
            .zip(&fit(&hidden(9.0), Some(&weights)))
            .zip(&fit(&hidden(f64::NAN), Some(&weights)))
        {
            assert!(all_bits(one) == all_bits(other), "{}", case.name);
            assert!(all_bits(one) == all_bits(gone), "{}: missing", case.name);
        }
        for (one, other) in fit(&hidden(5.0), Some(&ones))
            .iter()
            .zip(&fit(&hidden(f64::NAN), None))
        {
            near(one.objective, other.objective, 1e-9);
        }
    }
}

#[test]
fn weights_by_feature_and_sample_are_those_of_each_entry() {
    let mut random = Random(8);
    let (features, samples) = (random.matrix(ROWS, 1), random.matrix(1, COLS));
    for case in cases(ROWS, COLS) {
        if case.kind == Kind::Mae {
            continue;
        }
        let csc = OwnedCsc::new(&case.x);
        for (own, whole) in [
            (&features, times(&features, &filled(1, COLS))),
            (&samples, times(&filled(ROWS, 1), &samples)),
        ] {
            for x in [[dense(&case.x)], [csc.block()]] {
                let fit = |weights: &Matrix| {
                    let weights = [Some(dense(weights))];
                    case.fit(&x, Some(&weights), PLAIN, None, Control::IDLE)
                        .unwrap()
                };
                let (one, other) = (fit(own), fit(&whole));
                near(one.objective, other.objective, 1e-9);
                assert_near(&one.h.data, &other.h.data, 1e-6);
            }
        }
    }
}

fn filled(rows: usize, cols: usize) -> Matrix {
    let mut out = Matrix::zeros(rows, cols).unwrap();
    out.data.fill(1.0);
    out
}

#[test]
fn gone_on_with_a_fit_has_the_bits_of_one_that_was_never_left() {
    for case in cases(ROWS, COLS) {
        let x = [dense(&case.x)];
        let never: &(dyn Fn() -> bool + Sync) = &|| true;
        let whole = case.plain(&x, PLAIN);
        let made = AtomicUsize::new(0);
        let control = Control {
            cancelled: &|| made.load(Ordering::Relaxed) >= 4,
            on_iteration: &|_| {
                made.fetch_add(1, Ordering::Relaxed);
            },
        };
        let kept = Checkpoint {
            from: None,
            every: 100,
            ready: never,
            save: &|_| (),
        };
        let left = case.fit(&x, None, PLAIN, Some(kept), control).unwrap();
        assert_eq!(left.stopped, Stopped::Aborted);
        let state = left.state.unwrap();
        assert_eq!(state.iterations, 4);
        let again = Checkpoint {
            from: Some(&state),
            ..kept
        };
        let rest = case
            .fit(&x, None, PLAIN, Some(again), Control::IDLE)
            .unwrap();
        assert!(all_bits(&rest) == all_bits(&whole), "{}", case.name);
        assert_eq!(rest.dispersion, whole.dispersion);
    }
}
