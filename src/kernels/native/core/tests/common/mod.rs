//! Random data and naive definitions for the tests.
#![allow(dead_code)]

use std::sync::{Mutex, PoisonError};

use factorloom_core::column_terms::ColumnTermsArgs;
use factorloom_core::control::Control;
use factorloom_core::data::{Block, Dense, Pointers, Values};
use factorloom_core::error::Result;
use factorloom_core::hold_out::{HoldOut, Missing};
use factorloom_core::matrix::Matrix;
use factorloom_core::nmf::{Checkpoint, NmfArgs, NmfResult, Precision, nmf, nmf_streamed};
use factorloom_core::objective::FactorTerms;
use factorloom_core::panel::Panel;
use factorloom_core::scale::Norm;
use factorloom_core::simd::{self, Level, Real};
use factorloom_core::solver::Solver;
use factorloom_core::stream::Streamed;

pub struct Random(pub u64);

impl Random {
    /// Uniform in [0, 1).
    pub fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Below `count`.
    pub fn below(&mut self, count: usize) -> usize {
        (self.next() * count as f64) as usize
    }

    pub fn matrix(&mut self, rows: usize, cols: usize) -> Matrix {
        let mut out = Matrix::zeros(rows, cols).unwrap();
        out.data.iter_mut().for_each(|x| *x = self.next());
        out
    }

    pub fn signed(&mut self, rows: usize, cols: usize) -> Matrix {
        let mut out = self.matrix(rows, cols);
        out.data.iter_mut().for_each(|x| *x -= 0.5);
        out
    }

    /// About `density` of the entries are not zero.
    pub fn sparse(&mut self, rows: usize, cols: usize, density: f64) -> Matrix {
        let mut out = self.matrix(rows, cols);
        for x in &mut out.data {
            *x = if *x < density { 1.0 + self.next() } else { 0.0 };
        }
        out
    }

    /// In [−1, 1), and a zero now and then.
    pub fn numbers<T: Real>(&mut self, length: usize) -> Vec<T> {
        let mut number = || {
            if self.next() < 0.05 {
                0.0
            } else {
                2.0 * self.next() - 1.0
            }
        };
        (0..length).map(|_| T::from_f64(number())).collect()
    }

    /// Shuffles in place.
    pub fn shuffle<T>(&mut self, values: &mut [T]) {
        for last in (1..values.len()).rev() {
            values.swap(last, self.below(last + 1));
        }
    }
}

pub fn view(m: &Matrix) -> Dense<'_> {
    m.view()
}

/// Column after column.
pub fn dense(m: &Matrix) -> Block<'_> {
    Block::Dense {
        rows: m.rows,
        cols: m.cols,
        by_rows: false,
        data: Values::F64(&m.data),
    }
}

/// Row after row, from the transpose.
pub fn dense_by_rows(transposed: &Matrix) -> Block<'_> {
    Block::Dense {
        rows: transposed.cols,
        cols: transposed.rows,
        by_rows: true,
        data: Values::F64(&transposed.data),
    }
}

pub struct OwnedCsc {
    rows: usize,
    cols: usize,
    indptr: Vec<u32>,
    wide: Vec<u64>,
    indices: Vec<u32>,
    values: Vec<f64>,
}

impl OwnedCsc {
    pub fn new(m: &Matrix) -> Self {
        let mut out = Self {
            rows: m.rows,
            cols: m.cols,
            indptr: vec![0],
            wide: vec![],
            indices: vec![],
            values: vec![],
        };
        for j in 0..m.cols {
            for (i, &x) in m.column(j).iter().enumerate() {
                if x != 0.0 {
                    out.indices.push(i as u32);
                    out.values.push(x);
                }
            }
            out.indptr.push(out.indices.len() as u32);
        }
        out.wide = out.indptr.iter().map(|&bound| u64::from(bound)).collect();
        out
    }

    pub fn block(&self) -> Block<'_> {
        self.with(Pointers::U32(&self.indptr))
    }

    /// The same with bounds of 64 bits.
    pub fn wide(&self) -> Block<'_> {
        self.with(Pointers::U64(&self.wide))
    }

    fn with<'a>(&'a self, indptr: Pointers<'a>) -> Block<'a> {
        Block::Csc {
            rows: self.rows,
            cols: self.cols,
            indptr,
            indices: &self.indices,
            values: Values::F64(&self.values),
            unlisted_missing: false,
        }
    }
}

/// Sparse, with so many entries in each column, spread over the rows; in both widths.
pub struct Spread {
    pub rows: usize,
    pub indptr: Vec<u32>,
    indices: Vec<u32>,
    wide: Vec<f64>,
    narrow: Vec<f32>,
}

impl Spread {
    pub fn new(rows: usize, cols: usize, listed: usize, random: &mut Random) -> Self {
        let step = rows / listed;
        let within = |place| place % listed * step;
        let indices = (0..listed * cols).map(|p| (within(p) + random.below(step)) as u32);
        let indices: Vec<u32> = indices.collect();
        let wide: Vec<f64> = indices.iter().map(|_| 1.0 + random.next()).collect();
        Self {
            rows,
            indptr: (0..=cols).map(|j| (j * listed) as u32).collect(),
            indices,
            narrow: wide.iter().map(|&x| x as f32).collect(),
            wide,
        }
    }

    pub fn block(&self, precision: Precision) -> Block<'_> {
        Block::Csc {
            rows: self.rows,
            cols: self.indptr.len() - 1,
            indptr: Pointers::U32(&self.indptr),
            indices: &self.indices,
            values: match precision {
                Precision::F64 => Values::F64(&self.wide),
                Precision::F32 => Values::F32(&self.narrow),
            },
            unlisted_missing: false,
        }
    }
}

pub fn rows_of(m: &Matrix, from: usize, to: usize) -> Matrix {
    let data = (0..m.cols).flat_map(|j| m.column(j)[from..to].to_vec());
    Matrix {
        rows: to - from,
        cols: m.cols,
        data: data.collect(),
    }
}

/// A·B by definition.
pub fn times(a: &Matrix, b: &Matrix) -> Matrix {
    let mut out = Matrix::zeros(a.rows, b.cols).unwrap();
    for j in 0..b.cols {
        for s in 0..a.cols {
            for i in 0..a.rows {
                out.data[i + j * a.rows] += a.data[i + s * a.rows] * b.data[s + j * b.rows];
            }
        }
    }
    out
}

pub fn transposed(m: &Matrix) -> Matrix {
    m.transposed().unwrap()
}

pub fn assert_near(a: &[f64], b: &[f64], tolerance: f64) {
    assert_eq!(a.len(), b.len());
    let size = b.iter().fold(1.0_f64, |most, x| most.max(x.abs()));
    for (p, (x, y)) in a.iter().zip(b).enumerate() {
        assert!(
            (x - y).abs() <= tolerance * size,
            "{x} is not {y} at {p} of {}",
            a.len()
        );
    }
}

/// max |QᵀQ − 1|
pub fn off_orthonormal(q: &Matrix) -> f64 {
    let g = times(&transposed(q), q);
    let mut worst = 0.0_f64;
    for r in 0..q.cols {
        for s in 0..q.cols {
            let wanted = if r == s { 1.0 } else { 0.0 };
            worst = worst.max((g.data[r + s * q.cols] - wanted).abs());
        }
    }
    worst
}

/// What a panel holds, without its padding.
pub fn unpadded<T: Real>(panel: &Panel<T>) -> Vec<f64> {
    let columns = (0..panel.cols).flat_map(|j| &panel.column(j)[..panel.k]);
    columns.map(|x| x.to_f64()).collect()
}

pub fn bits(numbers: &[f64]) -> Vec<u64> {
    numbers.iter().map(|x| x.to_bits()).collect()
}

/// Held while a level is forced, so that it is the one in use.
static LEVEL: Mutex<()> = Mutex::new(());

/// Calls with each level that this machine has, and then leaves the best one in use.
pub fn each_level(mut call: impl FnMut(Level)) {
    let _held = LEVEL.lock().unwrap_or_else(PoisonError::into_inner);
    for level in simd::available() {
        assert_eq!(simd::force(level), level);
        call(level);
    }
}

pub const FREE: FactorTerms = FactorTerms::PLAIN;

/// Every solver, without and with acceleration where there is such.
pub const WAYS: [(Solver, bool); 6] = [
    (Solver::Hals, true),
    (Solver::Hals, false),
    (Solver::Bpp, true),
    (Solver::Bpp, false),
    (Solver::Mu, false),
    (Solver::Cholesky, false),
];

pub struct Problem<'a> {
    pub x: Vec<Block<'a>>,
    pub w: Matrix,
    pub h: Matrix,
    pub terms: FactorTerms,
    pub w_column_terms: ColumnTermsArgs<'a>,
    pub h_column_terms: ColumnTermsArgs<'a>,
    pub solver: Solver,
    pub accelerate: bool,
    pub precision: Precision,
    pub low_memory: bool,
    pub max_iter: usize,
    pub tol: f64,
    pub norm: Norm,
    pub hold_out: Option<HoldOut<'a>>,
    pub missing: Option<Missing>,
    pub checkpoint: Option<Checkpoint<'a>>,
}

impl<'a> Problem<'a> {
    pub fn new(x: Vec<Block<'a>>, w: Matrix, h: Matrix) -> Self {
        Self {
            x,
            w,
            h,
            terms: FREE,
            w_column_terms: ColumnTermsArgs::default(),
            h_column_terms: ColumnTermsArgs::default(),
            solver: Solver::Hals,
            accelerate: true,
            precision: Precision::F64,
            low_memory: false,
            max_iter: 50,
            tol: 0.0,
            norm: Norm::L2,
            hold_out: None,
            missing: None,
            checkpoint: None,
        }
    }

    pub fn solve(&self, control: Control<'_>) -> Result<NmfResult> {
        nmf(&self.args(), control)
    }

    /// Of what is streamed, in place of its own data.
    pub fn solve_streamed(&self, x: Streamed<'_>, control: Control<'_>) -> Result<NmfResult> {
        nmf_streamed(&self.args(), x, control)
    }

    fn args(&self) -> NmfArgs<'_> {
        NmfArgs {
            x: &self.x,
            start_w: view(&self.w),
            start_h: view(&self.h),
            w: self.terms,
            h: self.terms,
            w_column_terms: self.w_column_terms,
            h_column_terms: self.h_column_terms,
            solver: self.solver,
            accelerate: self.accelerate,
            sweeps: 3,
            precision: self.precision,
            low_memory: self.low_memory,
            max_iter: self.max_iter,
            tol: self.tol,
            norm: self.norm,
            hold_out: self.hold_out,
            missing: self.missing,
            checkpoint: self.checkpoint,
            weights: None,
            loss: None,
        }
    }
}

pub fn finite(result: &NmfResult) -> bool {
    let all = [&result.w.data, &result.d, &result.h.data];
    all.iter().all(|m| m.iter().all(|x| x.is_finite()))
        && result.objective.is_finite()
        && result.kkt.is_finite()
}

/// W, d and H of a model.
pub fn model_bits(result: &NmfResult) -> Vec<u64> {
    [&result.w.data, &result.d, &result.h.data]
        .into_iter()
        .flat_map(|m| bits(m))
        .collect()
}

/// All numbers of a result.
pub fn all_bits(result: &NmfResult) -> Vec<u64> {
    let told = result
        .history
        .iter()
        .flat_map(|iterate| [iterate.loss, iterate.objective]);
    let rest: Vec<f64> = told
        .chain([result.loss, result.objective, result.kkt])
        .chain(result.factor_loss.iter().flatten().copied())
        .collect();
    [model_bits(result), bits(&rest)].concat()
}
