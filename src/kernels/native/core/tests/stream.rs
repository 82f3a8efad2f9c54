//! Data that are walked through panel by panel give the bits that they give in memory, and are read once an iteration.

mod common;

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{OwnedCsc, Problem, Random, WAYS, all_bits, dense, transposed};
use factorloom_core::column_terms::{Neighbours, Target};
use factorloom_core::control::{Control, Stopped};
use factorloom_core::data::{Block, Values};
use factorloom_core::error::{ErrorCode, KernelError, Result};
use factorloom_core::matrix::Matrix;
use factorloom_core::nmf::{Checkpoint, NmfResult, Precision};
use factorloom_core::objective::FactorTerms;
use factorloom_core::pool::with_threads;
use factorloom_core::solver::Solver;
use factorloom_core::stream::{Listed, Source, Streamed};

/// Two buffers in turn, as a file is read: what was asked for before the last is gone.
struct Panels {
    x: Matrix,
    by_rows: bool,
    narrow: bool,
    /// Entries other than 0 of each row and column, where only they are given.
    listed: Option<[Vec<u32>; 2]>,
    fails_at: usize,
    asked: Mutex<Vec<Range<usize>>>,
    entries: AtomicUsize,
}

impl Panels {
    fn new(x: Matrix) -> Self {
        Self {
            x,
            by_rows: false,
            narrow: false,
            listed: None,
            fails_at: usize::MAX,
            asked: Mutex::default(),
            entries: AtomicUsize::new(0),
        }
    }

    fn sparse(x: Matrix) -> Self {
        let count = |m: &Matrix| {
            let column = |j| m.column(j).iter().filter(|x| **x != 0.0).count() as u32;
            (0..m.cols).map(column).collect()
        };
        let listed = Some([count(&transposed(&x)), count(&x)]);
        Self {
            listed,
            ..Self::new(x)
        }
    }

    fn streamed(&self, together: usize) -> Streamed<'_> {
        Streamed {
            rows: self.x.rows,
            cols: self.x.cols,
            together,
            listed: self
                .listed
                .as_ref()
                .map(|[by_row, by_column]| Listed { by_row, by_column }),
            source: self,
        }
    }

    /// How often all of it has been read.
    fn walks(&self) -> f64 {
        self.entries.load(Ordering::Relaxed) as f64 / self.x.data.len() as f64
    }
}

impl Source for Panels {
    fn ask(&self, columns: &Range<usize>) {
        self.asked.lock().unwrap().push(columns.clone());
    }

    fn take(
        &self,
        columns: &Range<usize>,
        call: &mut dyn FnMut(Block<'_>) -> Result<()>,
    ) -> Result<()> {
        let mut asked = self.asked.lock().unwrap();
        assert_eq!(asked.remove(0), *columns, "taken in the order of asking");
        assert!(asked.is_empty(), "one panel ahead and no more");
        drop(asked);
        let panel = self.x.columns(columns.start, columns.end)?;
        let read = self.entries.fetch_add(panel.data.len(), Ordering::Relaxed);
        if read >= self.fails_at {
            return Err(KernelError::new(ErrorCode::NonFinite, "not read"));
        }
        if self.listed.is_some() {
            return call(OwnedCsc::new(&panel).block());
        }
        let turned = transposed(&panel);
        let data = if self.by_rows { &turned } else { &panel };
        let narrow: Vec<f32> = data.data.iter().map(|x| *x as f32).collect();
        call(Block::Dense {
            rows: panel.rows,
            cols: panel.cols,
            by_rows: self.by_rows,
            data: if self.narrow {
                Values::F32(&narrow)
            } else {
                Values::F64(&data.data)
            },
        })
    }
}

/// Numbers that 32 bits hold.
fn matrix(random: &mut Random, rows: usize, cols: usize) -> Matrix {
    let mut x = random.sparse(rows, cols, 0.7);
    x.data.iter_mut().for_each(|x| *x = f64::from(*x as f32));
    x
}

fn problem(x: &Matrix, k: usize) -> Problem<'_> {
    let mut random = Random(7);
    let (w, h) = (random.matrix(x.rows, k), random.matrix(k, x.cols));
    let mut problem = Problem::new(vec![dense(x)], w, h);
    problem.max_iter = 8;
    problem
}

fn streamed(problem: &Problem<'_>, x: Streamed<'_>, threads: usize) -> Result<NmfResult> {
    with_threads(threads, || problem.solve_streamed(x, Control::IDLE))
}

/// Shapes with one range and with many, whose ends are no multiples of anything.
const SHAPES: [[usize; 3]; 4] = [[9, 11, 2], [40, 700, 5], [130, 1331, 17], [333, 64, 3]];

#[test]
#[cfg_attr(miri, ignore)]
fn panels_of_any_width_change_no_bit() {
    for [rows, cols, k] in SHAPES {
        let mut panels = Panels::new(matrix(&mut Random(3), rows, cols));
        let x = panels.x.columns(0, cols).unwrap();
        for (solver, accelerate) in WAYS.into_iter().filter(|way| way.0 != Solver::Mu) {
            for precision in [Precision::F64, Precision::F32] {
                let mut problem = problem(&x, k);
                (problem.solver, problem.accelerate) = (solver, accelerate);
                problem.precision = precision;
                let whole = all_bits(&problem.solve(Control::IDLE).unwrap());
                for (way, together) in [1, 64, 130, 400, cols].into_iter().enumerate() {
                    (panels.by_rows, panels.narrow) = (way % 2 == 1, way % 3 == 1);
                    let threads = 1 + 2 * (way % 2);
                    let found = streamed(&problem, panels.streamed(together), threads).unwrap();
                    assert_eq!(
                        all_bits(&found),
                        whole,
                        "{solver:?} {accelerate} {precision:?}, {together} of {cols} together"
                    );
                }
            }
        }
    }
}

#[test]
#[cfg_attr(miri, ignore)]
fn sparse_panels_change_no_bit_of_a_sparse_fit() {
    for ([rows, cols, k], density) in SHAPES.into_iter().zip([0.5, 0.3, 0.05, 0.4]) {
        let mut x = random_sparse(rows, cols, density);
        // A row and columns without entries.
        for j in 0..cols {
            x.data[j * rows] = 0.0;
        }
        x.data[..rows.min(3) * rows].fill(0.0);
        let panels = Panels::sparse(x);
        let whole_x = OwnedCsc::new(&panels.x);
        for (solver, accelerate) in WAYS.into_iter().filter(|way| way.0 != Solver::Mu) {
            for precision in [Precision::F64, Precision::F32] {
                let mut problem = problem(&panels.x, k);
                problem.x = vec![whole_x.block()];
                (problem.solver, problem.accelerate) = (solver, accelerate);
                problem.precision = precision;
                let whole = all_bits(&problem.solve(Control::IDLE).unwrap());
                for (way, together) in [1, 64, 130, 400, cols].into_iter().enumerate() {
                    let threads = 1 + 2 * (way % 2);
                    let found = streamed(&problem, panels.streamed(together), threads).unwrap();
                    assert_eq!(
                        all_bits(&found),
                        whole,
                        "{solver:?} {accelerate} {precision:?}, {together} of {cols} together"
                    );
                }
            }
        }
    }
}

#[test]
#[cfg_attr(miri, ignore)]
fn an_exact_sparse_model_is_measured_entry_by_entry() {
    let mut random = Random(21);
    let (w, h) = (random.sparse(30, 2, 0.5), random.sparse(2, 300, 0.5));
    let panels = Panels::sparse(common::times(&w, &h));
    let whole_x = OwnedCsc::new(&panels.x);
    let mut problem = problem(&panels.x, 2);
    problem.x = vec![whole_x.block()];
    problem.max_iter = 200;
    let whole = problem.solve(Control::IDLE).unwrap();
    let found = streamed(&problem, panels.streamed(64), 3).unwrap();
    assert_eq!(all_bits(&found), all_bits(&whole));
}

#[test]
fn counts_and_panels_that_do_not_fit_are_refused() {
    let panels = Panels::sparse(random_sparse(6, 70, 0.5));
    let problem = problem(&panels.x, 2);
    let good = panels.streamed(64);
    let Some(Listed { by_row, by_column }) = good.listed else {
        panic!("sparse")
    };
    let more = vec![6; 70];
    let listed = |by_row, by_column| Some(Listed { by_row, by_column });
    for (listed, words) in [
        (listed(&by_row[1..], by_column), "counted for each feature"),
        (listed(by_row, &by_column[1..]), "counted for each feature"),
        (listed(by_row, &more), "the entries that it says"),
        (None, "the entries that it says"),
    ] {
        panels.asked.lock().unwrap().clear();
        let found = streamed(&problem, Streamed { listed, ..good }, 1);
        let error = found.err().unwrap();
        assert_eq!(error.code, ErrorCode::InvalidArgument);
        assert!(error.to_string().contains(words), "{error}");
    }
}

fn random_sparse(rows: usize, cols: usize, density: f64) -> Matrix {
    Random(3).sparse(rows, cols, density)
}

#[test]
#[cfg_attr(miri, ignore)]
fn terms_bounds_and_signs_change_nothing_of_that() {
    let panels = Panels::new(matrix(&mut Random(5), 50, 500));
    let x = &panels.x;
    let mut random = Random(11);
    let target = random.matrix(4, 500);
    let adjacency = OwnedCsc::new(&common::transposed(&{
        let mut near = Matrix::zeros(500, 500).unwrap();
        for j in 1..500 {
            near.data[j - 1 + j * 500] = 1.0;
            near.data[j + (j - 1) * 500] = 1.0;
        }
        near
    }));
    let each: [&dyn Fn(&mut Problem<'_>); 4] = [
        &|p| {
            p.terms = FactorTerms {
                l1: 0.01,
                l2: 0.1,
                l21: 0.01,
                angular: 0.1,
                ..FactorTerms::PLAIN
            }
        },
        &|p| p.terms.upper = 0.9,
        &|p| p.terms.nonneg = false,
        &|p| p.tol = 1e-3,
    ];
    for set in each {
        let mut problem = problem(x, 4);
        set(&mut problem);
        let whole = all_bits(&problem.solve(Control::IDLE).unwrap());
        let found = streamed(&problem, panels.streamed(100), 2).unwrap();
        assert_eq!(all_bits(&found), whole);
    }
    let mut problem = problem(x, 4);
    problem.h_column_terms.graph = Some(Neighbours {
        adjacency: adjacency.block(),
        lambda: 0.1,
    });
    problem.h_column_terms.target = Some(Target {
        matrix: target.view(),
        lambda: 0.2,
        rescaled: true,
    });
    let whole = all_bits(&problem.solve(Control::IDLE).unwrap());
    let found = streamed(&problem, panels.streamed(100), 2).unwrap();
    assert_eq!(all_bits(&found), whole);
}

#[test]
#[cfg_attr(miri, ignore)]
fn an_exact_model_is_measured_entry_by_entry_in_one_walk_more() {
    let mut random = Random(21);
    let (w, h) = (random.matrix(30, 2), random.matrix(2, 300));
    let panels = Panels::new(common::times(&w, &h));
    let mut problem = problem(&panels.x, 2);
    problem.max_iter = 60;
    let whole = problem.solve(Control::IDLE).unwrap();
    assert!(whole.loss < 1e-7 * whole.null_loss, "{}", whole.loss);
    let found = streamed(&problem, panels.streamed(64), 1).unwrap();
    assert_eq!(all_bits(&found), all_bits(&whole));
}

#[test]
#[cfg_attr(miri, ignore)]
fn a_fit_reads_all_once_an_iteration_and_twice_more() {
    for accelerate in [false, true] {
        let panels = Panels::new(matrix(&mut Random(31), 40, 700));
        let mut problem = problem(&panels.x, 5);
        problem.accelerate = accelerate;
        let tried = AtomicUsize::new(0);
        let control = Control {
            // Asked before an iteration, for each panel of it and between its half-steps.
            cancelled: &|| {
                tried.fetch_add(1, Ordering::Relaxed);
                false
            },
            on_iteration: &|_| (),
        };
        let count = panels
            .streamed(130)
            .panels(std::slice::from_ref(&(0..700)))
            .len();
        with_threads(1, || problem.solve_streamed(panels.streamed(130), control)).unwrap();
        let iterations = tried.into_inner() / (count + 2);
        assert!(iterations >= 8);
        assert_eq!(panels.walks(), iterations as f64 + 2.0);
        assert!(panels.asked.into_inner().unwrap().is_empty());
    }
}

#[test]
#[cfg_attr(miri, ignore)]
fn a_fit_goes_on_from_a_state_whichever_way_it_reads() {
    let panels = Panels::new(matrix(&mut Random(41), 40, 700));
    let mut problem = problem(&panels.x, 5);
    let whole = problem.solve(Control::IDLE).unwrap();
    let states = Mutex::new(Vec::new());
    let ready = || true;
    let save = |state| states.lock().unwrap().push(state);
    problem.checkpoint = Some(Checkpoint {
        from: None,
        every: 3,
        ready: &ready,
        save: &save,
    });
    streamed(&problem, panels.streamed(64), 2).unwrap();
    let kept = states.lock().unwrap().remove(0);
    problem.checkpoint = Some(Checkpoint {
        from: Some(&kept),
        every: 3,
        ready: &ready,
        save: &save,
    });
    for found in [
        streamed(&problem, panels.streamed(130), 1).unwrap(),
        problem.solve(Control::IDLE).unwrap(),
    ] {
        assert_eq!(all_bits(&found), all_bits(&whole));
    }
}

#[test]
#[cfg_attr(miri, ignore)]
fn a_fit_ends_within_a_walk_or_with_the_error_of_its_source() {
    let x = matrix(&mut Random(51), 40, 700);
    let problem = problem(&x, 5);
    let panels = Panels::new(x.columns(0, 700).unwrap());
    for most in [1, 8, 20, 30] {
        let asked = AtomicUsize::new(0);
        let told = AtomicUsize::new(0);
        let control = Control {
            cancelled: &|| asked.fetch_add(1, Ordering::Relaxed) >= most,
            on_iteration: &|_| {
                told.fetch_add(1, Ordering::Relaxed);
            },
        };
        let found = problem
            .solve_streamed(panels.streamed(64), control)
            .unwrap();
        assert_eq!(found.stopped, Stopped::Aborted);
        assert_eq!(found.history.len(), told.into_inner());
        assert!(common::finite(&found));
    }
    for walks in [0, 1, 2, 5] {
        let mut panels = Panels::new(x.columns(0, 700).unwrap());
        panels.fails_at = walks * x.data.len() + 1;
        let found = problem.solve_streamed(panels.streamed(64), Control::IDLE);
        assert_eq!(
            found.err().map(|error| error.message),
            Some("not read".into())
        );
    }
}

#[test]
fn what_a_walk_cannot_serve_is_refused() {
    let x = matrix(&mut Random(61), 6, 7);
    let panels = Panels::new(x.columns(0, 7).unwrap());
    let each: [&dyn Fn(&mut Problem<'_>); 2] =
        [&|p| (p.solver, p.accelerate) = (Solver::Mu, false), &|p| {
            p.missing = Some(factorloom_core::hold_out::Missing { exact: true })
        }];
    for set in each {
        let mut problem = problem(&x, 2);
        set(&mut problem);
        let found = problem.solve_streamed(panels.streamed(64), Control::IDLE);
        assert_eq!(
            found.err().map(|error| error.code),
            Some(ErrorCode::InvalidArgument)
        );
    }
    let wrong = Streamed {
        rows: 5,
        ..panels.streamed(64)
    };
    let found = problem(&x, 2).solve_streamed(wrong, Control::IDLE);
    assert_eq!(
        found.err().map(|error| error.code),
        Some(ErrorCode::InvalidArgument)
    );
}
