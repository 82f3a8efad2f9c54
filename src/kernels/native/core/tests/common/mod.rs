//! Random data and naive definitions for the tests.
#![allow(dead_code)]

use factorloom_core::control::Control;
use factorloom_core::data::{Block, Csc, Dense};
use factorloom_core::error::Result;
use factorloom_core::matrix::Matrix;
use factorloom_core::nmf::{NmfArgs, NmfResult, nmf};
use factorloom_core::objective::FactorTerms;
use factorloom_core::scale::Norm;

pub struct Random(pub u64);

impl Random {
    /// Uniform in [0, 1).
    pub fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
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
}

pub fn view(m: &Matrix) -> Dense<'_> {
    Dense {
        rows: m.rows,
        cols: m.cols,
        data: &m.data,
    }
}

pub struct OwnedCsc {
    rows: usize,
    cols: usize,
    indptr: Vec<u32>,
    indices: Vec<u32>,
    values: Vec<f64>,
}

impl OwnedCsc {
    pub fn new(m: &Matrix) -> Self {
        let mut out = Self {
            rows: m.rows,
            cols: m.cols,
            indptr: vec![0],
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
        out
    }

    pub fn block(&self) -> Block<'_> {
        Block::Csc(Csc {
            rows: self.rows,
            cols: self.cols,
            indptr: &self.indptr,
            indices: &self.indices,
            values: &self.values,
        })
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
        for i in 0..a.rows {
            for s in 0..a.cols {
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

pub const FREE: FactorTerms = FactorTerms {
    l1: 0.0,
    l2: 0.0,
    nonneg: true,
};

pub struct Problem<'a> {
    pub x: Vec<Block<'a>>,
    pub w: Matrix,
    pub h: Matrix,
    pub terms: FactorTerms,
    pub max_iter: usize,
    pub tol: f64,
    pub norm: Norm,
}

impl<'a> Problem<'a> {
    pub fn new(x: Vec<Block<'a>>, w: Matrix, h: Matrix) -> Self {
        Self {
            x,
            w,
            h,
            terms: FREE,
            max_iter: 50,
            tol: 0.0,
            norm: Norm::L2,
        }
    }

    pub fn solve(&self, control: Control<'_>) -> Result<NmfResult> {
        let args = NmfArgs {
            x: &self.x,
            start_w: view(&self.w),
            start_h: view(&self.h),
            w: self.terms,
            h: self.terms,
            max_iter: self.max_iter,
            tol: self.tol,
            sweeps: 3,
            norm: self.norm,
        };
        nmf(&args, control)
    }
}

pub fn finite(result: &NmfResult) -> bool {
    let all = [&result.w.data, &result.d, &result.h.data];
    all.iter().all(|m| m.iter().all(|x| x.is_finite()))
        && result.objective.is_finite()
        && result.kkt.is_finite()
}
