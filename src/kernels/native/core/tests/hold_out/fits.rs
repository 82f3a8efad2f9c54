use super::*;

struct Call<'a> {
    x: &'a [Block<'a>],
    k: usize,
    fraction: f64,
    exact: bool,
    best: bool,
    precision: Precision,
    terms: FactorTerms,
    max_iter: usize,
    threads: usize,
    start: Option<(Vec<f64>, Vec<f64>)>,
}

impl<'a> Call<'a> {
    fn new(x: &'a [Block<'a>], k: usize, exact: bool) -> Self {
        Self {
            x,
            k,
            fraction: 0.1,
            exact,
            best: false,
            precision: Precision::F64,
            terms: FREE,
            max_iter: 15,
            threads: 1,
            start: None,
        }
    }

    fn fit(&self) -> NmfResult {
        let (m, n) = (
            self.x.iter().map(Block::rows).sum::<usize>(),
            self.x[0].cols(),
        );
        let mut next = random(77);
        let random: Vec<f64> = (0..(m + n) * self.k).map(|_| next()).collect();
        let (w, h) = match &self.start {
            Some((w, h)) => (&w[..], &h[..]),
            None => random.split_at(m * self.k),
        };
        let keys = [KEY, [5, 6]];
        let args = NmfArgs {
            x: self.x,
            start_w: Dense {
                rows: m,
                cols: self.k,
                data: w,
            },
            start_h: Dense {
                rows: self.k,
                cols: n,
                data: h,
            },
            w: self.terms,
            h: self.terms,
            w_column_terms: Default::default(),
            h_column_terms: Default::default(),
            solver: Solver::Hals,
            accelerate: false,
            sweeps: 5,
            precision: self.precision,
            low_memory: false,
            max_iter: self.max_iter,
            tol: 0.0,
            norm: Norm::L2,
            hold_out: Some(HoldOut {
                fraction: self.fraction,
                keys: &keys[..self.x.len()],
                exact: self.exact,
                best: self.best,
            }),
            missing: None,
            checkpoint: None,
            weights: None,
            loss: None,
        };
        with_threads(self.threads, || nmf(&args, Control::IDLE)).unwrap()
    }
}

/// Σ (x_ij − (WH)_ij)² over entries that are seen, and over those held out.
fn squares(x: &Stored, mask: &[Vec<bool>], fit: &NmfResult) -> (f64, f64) {
    let (mut seen, mut unseen) = (0.0, 0.0);
    for (i, row) in mask.iter().enumerate() {
        for (j, &held) in row.iter().enumerate() {
            let model: f64 = (0..fit.d.len())
                .map(|r| fit.w.data[i + r * x.rows] * fit.d[r] * fit.h.data[r + j * fit.d.len()])
                .sum();
            *if held { &mut unseen } else { &mut seen } += (x.at(i, j) - model).powi(2);
        }
    }
    (seen, unseen)
}

#[test]
fn what_is_reported_is_what_the_factors_have() {
    let x = Stored::new(150, 90, 3, 0.4);
    for block in [x.dense(), x.csc()] {
        for exact in [false, true] {
            for fraction in [0.02, 0.4] {
                for k in [1, 7, 20, 70] {
                    let blocks = [block];
                    let fit = Call {
                        fraction,
                        max_iter: 6,
                        ..Call::new(&blocks, k, exact)
                    }
                    .fit();
                    let mask = defined(150, 90, KEY, fraction);
                    let (seen, unseen) = squares(&x, &mask, &fit);
                    let held = fit.held_out.unwrap();
                    assert_eq!(held.count, mask.iter().flatten().filter(|&&h| h).count());
                    assert_eq!((held.iteration, held.history.len()), (6, 6));
                    let entries = (150 * 90 - held.count) as f64;
                    assert!((fit.loss * entries / seen - 1.0).abs() < 1e-9);
                    assert!((held.loss * held.count as f64 / unseen - 1.0).abs() < 1e-9);
                    assert_eq!(held.history[5], held.loss);
                }
            }
        }
    }
}

fn bits(fit: &NmfResult) -> (Vec<u64>, Vec<u64>) {
    let factors = fit.w.data.iter().chain(&fit.d).chain(&fit.h.data);
    let losses = fit
        .history
        .iter()
        .map(|iterate| &iterate.objective)
        .chain([&fit.loss, &fit.kkt]);
    let all = factors.chain(losses).map(|x| x.to_bits()).collect();
    let held = fit.held_out.as_ref().map_or(vec![], |held| {
        held.history.iter().map(|x| x.to_bits()).collect()
    });
    (all, held)
}

#[test]
fn nothing_that_is_held_out_reaches_the_fit() {
    let x = Stored::new(140, 75, 4, 0.5);
    let mask = defined(140, 75, KEY, 0.2);
    let spoilt = |by: f64| {
        let data = x
            .data
            .iter()
            .enumerate()
            .map(|(p, &x)| if mask[p % 140][p / 140] { by } else { x })
            .collect();
        Stored::of(140, 75, data)
    };
    let [zeroed, noisy, broken] = [0.0, 1e6, f64::NAN].map(spoilt);
    for exact in [false, true] {
        for precision in [Precision::F64, Precision::F32] {
            for form in [Stored::dense, Stored::csc] {
                let fit = |x: &Stored| {
                    Call {
                        fraction: 0.2,
                        precision,
                        ..Call::new(&[form(x)], 6, exact)
                    }
                    .fit()
                };
                let one = fit(&x);
                for other in [&zeroed, &noisy, &broken] {
                    let other = fit(other);
                    assert!(bits(&other).0 == bits(&one).0);
                    assert!(bits(&other).1 != bits(&one).1);
                }
            }
        }
    }
}

#[test]
fn levels_threads_and_storage_change_no_bit() {
    let (top, bottom) = (Stored::new(210, 190, 5, 1.0), Stored::new(450, 190, 6, 0.1));
    let flat = top.by_rows();
    for exact in [false, true] {
        for precision in [Precision::F64, Precision::F32] {
            for k in [5, 17, 40, 70] {
                let fit = |top: Block<'_>, threads: usize| {
                    let max_iter = if exact { 2 } else { 4 };
                    bits(
                        &Call {
                            precision,
                            max_iter,
                            threads,
                            ..Call::new(&[top, bottom.csc()], k, exact)
                        }
                        .fit(),
                    )
                };
                let one = fit(top.dense(), 1);
                for threads in [2, 5] {
                    assert!(
                        fit(top.dense(), threads) == one,
                        "{exact} {precision:?} {k}: {threads} threads"
                    );
                }
                assert!(
                    fit(flat.dense_by_rows(), 1) == one,
                    "{exact} {precision:?} {k}: by rows"
                );
                for level in simd::available() {
                    simd::force(level);
                    assert!(
                        fit(top.dense(), 1) == one,
                        "{exact} {precision:?} {k}: {level:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn both_solvers_have_the_same_fixed_points_and_never_rise() {
    let x = Stored::new(40, 30, 7, 1.0);
    let blocks = [x.dense()];
    for fraction in [0.1, 0.3] {
        for first in [false, true] {
            let one = Call {
                fraction,
                max_iter: 3000,
                ..Call::new(&blocks, 3, first)
            }
            .fit();
            for pair in one.history.windows(2) {
                assert!(pair[1].objective <= pair[0].objective * (1.0 + 1e-10));
            }
            assert!(one.kkt < 1e-5, "{}", one.kkt);
            let h = one
                .h
                .data
                .iter()
                .enumerate()
                .map(|(p, x)| x * one.d[p % 3])
                .collect();
            let start = Some((one.w.data.clone(), h));
            let other = Call {
                fraction,
                max_iter: 3000,
                start,
                ..Call::new(&blocks, 3, !first)
            }
            .fit();
            let model = |fit: &NmfResult, i: usize, j: usize| -> f64 {
                (0..3)
                    .map(|r| fit.w.data[i + r * 40] * fit.d[r] * fit.h.data[r + j * 3])
                    .sum()
            };
            let places = || (0..40 * 30).map(|p| (p % 40, p / 40));
            let apart: f64 = places()
                .map(|(i, j)| (model(&one, i, j) - model(&other, i, j)).powi(2))
                .sum();
            let size: f64 = places().map(|(i, j)| model(&one, i, j).powi(2)).sum();
            assert!(apart < 1e-10 * size, "{fraction}: {apart} of {size}");
        }
    }
}

#[test]
fn the_best_iterate_comes_back() {
    let mut next = random(8);
    let (w, h): (Vec<f64>, Vec<f64>) = (
        (0..80).map(|_| next()).collect(),
        (0..60).map(|_| next()).collect(),
    );
    let at = |i: usize, j: usize| w[i] * h[j] + w[40 + i] * h[30 + j];
    let data = (0..1200)
        .map(|p| at(p % 40, p / 40) + 0.5 * next())
        .collect();
    let x = Stored::of(40, 30, data);
    let blocks = [x.dense()];
    for exact in [false, true] {
        let call = Call {
            fraction: 0.3,
            best: true,
            max_iter: 200,
            ..Call::new(&blocks, 9, exact)
        };
        let fit = call.fit();
        let held = fit.held_out.as_ref().unwrap();
        let least = held.history.iter().copied().fold(f64::INFINITY, f64::min);
        assert_eq!(held.loss, least);
        assert_eq!(held.history[held.iteration - 1], least);
        assert!(held.iteration < fit.history.len());
        assert_eq!(fit.objective, fit.history[held.iteration - 1].objective);
        let short = Call {
            best: false,
            max_iter: held.iteration,
            ..call
        }
        .fit();
        assert_eq!((&short.w, &short.h, short.kkt), (&fit.w, &fit.h, fit.kkt));
    }
}

#[test]
fn penalties_signs_and_dead_factors_stay_finite() {
    let x = Stored::new(9, 7, 9, 0.6);
    let blocks = [x.csc()];
    for exact in [false, true] {
        for (l1, l2, nonneg) in [
            (0.0, 0.0, false),
            (0.1, 0.1, false),
            (0.1, 0.0, true),
            (1e3, 0.0, true),
        ] {
            for precision in [Precision::F64, Precision::F32] {
                let mut call = Call {
                    fraction: 0.9,
                    max_iter: 40,
                    precision,
                    ..Call::new(&blocks, 4, exact)
                };
                call.terms = FactorTerms {
                    l1,
                    l2,
                    nonneg,
                    ..FREE
                };
                let mut next = random(10);
                let w = (0..36).map(|p| if p < 9 { 0.0 } else { next() }).collect();
                let h = (0..28).map(|_| next()).collect();
                for start in [None, Some((w, h))] {
                    call.start = start;
                    let fit = call.fit();
                    let held = fit.held_out.unwrap();
                    let factors = fit
                        .w
                        .data
                        .iter()
                        .chain(&fit.h.data)
                        .chain(&fit.d)
                        .chain(&held.history);
                    assert!(factors.chain([&fit.kkt, &fit.loss]).all(|x| x.is_finite()));
                }
            }
        }
    }
}

#[test]
fn nothing_to_spare_is_nothing_held_out() {
    let x = Stored::new(1, 9, 11, 1.0);
    let blocks = [x.dense()];
    for best in [false, true] {
        let fit = Call {
            fraction: 0.5,
            best,
            ..Call::new(&blocks, 2, false)
        }
        .fit();
        let held = fit.held_out.unwrap();
        assert_eq!((held.count, held.iteration), (0, fit.history.len()));
        assert!(held.loss.is_nan());
    }
}

#[test]
fn a_hold_out_that_does_not_fit_is_an_error() {
    let x = Stored::new(6, 5, 12, 1.0);
    let blocks = [x.dense()];
    let start = vec![1.0; 12];
    let code = |fraction: f64, keys: &[[u32; 2]], solver: Solver, accelerate: bool| {
        let args = NmfArgs {
            x: &blocks,
            start_w: Dense {
                rows: 6,
                cols: 2,
                data: &start,
            },
            start_h: Dense {
                rows: 2,
                cols: 5,
                data: &start[..10],
            },
            w: FREE,
            h: FREE,
            w_column_terms: Default::default(),
            h_column_terms: Default::default(),
            solver,
            accelerate,
            sweeps: 1,
            precision: Precision::F64,
            low_memory: false,
            max_iter: 1,
            tol: 0.0,
            norm: Norm::L1,
            hold_out: Some(HoldOut {
                fraction,
                keys,
                exact: false,
                best: false,
            }),
            missing: None,
            checkpoint: None,
            weights: None,
            loss: None,
        };
        nmf(&args, Control::IDLE)
            .map(|fit| fit.stopped)
            .map_err(|error| error.code)
    };
    assert_eq!(code(0.1, &[KEY], Solver::Hals, false), Ok(Stopped::MaxIter));
    let wrong = Err(ErrorCode::InvalidArgument);
    for fraction in [0.0, 1.0, -0.1, f64::NAN] {
        assert_eq!(code(fraction, &[KEY], Solver::Hals, false), wrong);
    }
    assert_eq!(code(0.1, &[], Solver::Hals, false), wrong);
    assert_eq!(code(0.1, &[KEY], Solver::Bpp, false), wrong);
    assert_eq!(code(0.1, &[KEY], Solver::Hals, true), wrong);
}
