//! What factorizations in which W gives H promise by other losses than squares.

use factorloom_core::tied::{Form, TiedArgs, TiedResult, tied};

use super::*;

const FORMS: [Form; 2] = [Form::Symmetric, Form::Projective];

/// A case as a form takes it: for `Form::Symmetric` data made so, and parameters for all entries.
fn made_for(form: Form, case: Case) -> Case {
    if form == Form::Projective {
        return case;
    }
    let rows = case.x.rows;
    let mut x = Matrix::zeros(rows, rows).unwrap();
    for i in 0..rows {
        for j in 0..rows {
            let across = |i: usize, j: usize| case.x.data[i + j % case.x.cols * rows];
            x.data[i + j * rows] = across(i, j) + across(j, i);
        }
    }
    let global = |own: Option<(Shared, Vec<f64>, bool)>| {
        own.map(|(_, values, estimate)| (Shared::Global, vec![values[0]], estimate))
    };
    Case {
        x,
        dispersion: global(case.dispersion),
        inflation: global(case.inflation),
        ..case
    }
}

fn solve(
    case: &Case,
    x: Block<'_>,
    form: Form,
    low_memory: bool,
    control: Control<'_>,
) -> Result<TiedResult> {
    let start = Random(3).matrix(case.x.rows, K);
    let args = TiedArgs {
        x: &[x],
        form,
        start: view(&start),
        sweeps: 2,
        low_memory,
        max_iter: 12,
        tol: 0.0,
        norm: Norm::None,
        loss: Some(case.loss()),
    };
    tied(&args, control)
}

#[test]
fn the_objective_never_rises_and_h_is_what_w_gives() {
    for form in FORMS {
        for case in cases(ROWS, COLS) {
            let case = made_for(form, case);
            let TiedResult { model, .. } =
                solve(&case, dense(&case.x), form, false, Control::IDLE).unwrap();
            never_rises(&model, case.name);
            assert!(model.w.data.iter().all(|x| *x >= 0.0));
            let turned = transposed(&model.w);
            let h = match form {
                Form::Symmetric => turned,
                Form::Projective => times(&turned, &case.x),
            };
            assert_near(&model.h.data, &h.data, 1e-12);
        }
    }
}

#[test]
fn threads_levels_and_what_is_kept_change_no_bit() {
    for form in FORMS {
        for case in cases(141, 90) {
            let case = made_for(form, case);
            let sparse = OwnedCsc::new(&case.x);
            for block in [dense(&case.x), sparse.block()] {
                let mut same: Option<Vec<u64>> = None;
                each_level(|_| {
                    for (threads, low_memory) in [(1, false), (7, true)] {
                        let result = with_threads(threads, || {
                            solve(&case, block, form, low_memory, Control::IDLE)
                        });
                        let bits = all_bits(&result.unwrap().model);
                        assert_eq!(
                            &bits,
                            same.get_or_insert_with(|| bits.clone()),
                            "{}",
                            case.name
                        );
                    }
                });
            }
        }
    }
}

#[test]
fn a_cancelled_fit_ends_at_the_last_accepted_iterate() {
    for form in FORMS {
        let case = made_for(form, cases(ROWS, COLS).swap_remove(0));
        for cut in [0, 1, 5, 8] {
            let asked = AtomicUsize::new(0);
            let control = Control {
                cancelled: &|| asked.fetch_add(1, Ordering::Relaxed) == cut,
                on_iteration: &|_| (),
            };
            let TiedResult { model, .. } =
                solve(&case, dense(&case.x), form, false, control).unwrap();
            assert_eq!(model.stopped, Stopped::Aborted);
            // It is asked twice an iteration.
            assert_eq!(model.history.len(), cut / 2);
        }
    }
}

#[test]
fn a_symmetric_matrix_has_no_parameter_by_row_or_column() {
    for case in cases(ROWS, ROWS) {
        let by = |own: &Option<(Shared, Vec<f64>, bool)>| {
            own.as_ref().is_some_and(|(by, ..)| *by != Shared::Global)
        };
        let result = solve(&case, dense(&case.x), Form::Symmetric, false, Control::IDLE);
        match result {
            Ok(_) => assert!(!by(&case.dispersion) && !by(&case.inflation)),
            Err(error) => {
                assert_eq!(error.code, ErrorCode::InvalidArgument);
                assert!(by(&case.dispersion) || by(&case.inflation), "{}", case.name);
            }
        }
    }
}
