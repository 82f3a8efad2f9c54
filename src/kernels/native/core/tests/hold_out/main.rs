//! Entries that are held out: the mask against its definition, and fits that must not know of them.

mod fits;
mod mask;
use factorloom_core::control::{Control, Stopped};
use factorloom_core::data::{Block, Data, Dense, Layout, Pointers, Values};
use factorloom_core::error::ErrorCode;
use factorloom_core::hold_out::{Held, HoldOut, Mask, threshold};
use factorloom_core::nmf::{NmfArgs, NmfResult, Precision, nmf};
use factorloom_core::objective::FactorTerms;
use factorloom_core::pool::with_threads;
use factorloom_core::scale::Norm;
use factorloom_core::simd;
use factorloom_core::solver::Solver;

const KEY: [u32; 2] = [0x1234_5678, 0x9abc_def0];
const FREE: FactorTerms = FactorTerms::PLAIN;
const SHAPES: [(usize, usize); 9] = [
    (1, 1),
    (1, 9),
    (9, 1),
    (3, 5),
    (64, 64),
    (65, 63),
    (130, 257),
    (3, 700),
    (200, 1),
];

/// The definition, one bit of one entry at a time.
fn drawn(key: [u32; 2], i: u32, j: u32) -> u32 {
    let mix = |x: u32| {
        let x = (x ^ (x >> 16)).wrapping_mul(0x85eb_ca6b);
        let x = (x ^ (x >> 13)).wrapping_mul(0xc2b2_ae35);
        x ^ (x >> 16)
    };
    let down = mix((i >> 6).wrapping_add(0x9e37_79b9));
    let across = mix((j >> 6).wrapping_add(0x85eb_ca6b));
    let tile = mix(mix(key[0] ^ down).wrapping_add(key[1]) ^ across);
    let q = 2 * (i & 63) + ((j & 63) >> 5);
    let mut out = 0;
    for b in 0..16 {
        let counter = (q + 128 * b + 1).wrapping_mul(0x9e37_79b1);
        let word = mix(mix(tile ^ counter).wrapping_add(key[1]));
        out |= ((word >> (j & 31)) & 1) << b;
    }
    out
}

/// Where the mask of one block is set, row by row.
fn defined(rows: usize, cols: usize, key: [u32; 2], fraction: f64) -> Vec<Vec<bool>> {
    let draw = |i: usize, j: usize| drawn(key, i as u32, j as u32);
    let mut held: Vec<Vec<bool>> = (0..rows)
        .map(|i| {
            (0..cols)
                .map(|j| draw(i, j) < threshold(fraction))
                .collect()
        })
        .collect();
    for i in 0..rows {
        if held[i].iter().all(|&h| h) {
            let best = (0..cols).rev().max_by_key(|&j| draw(i, j)).unwrap();
            held[i][best] = false;
        }
    }
    for j in 0..cols {
        if held.iter().all(|row| row[j]) {
            let best = (0..rows).rev().max_by_key(|&i| draw(i, j)).unwrap();
            held[best][j] = false;
        }
    }
    held
}

fn mask_of(rows: usize, cols: usize, key: [u32; 2], fraction: f64) -> Mask {
    let mut mask = Mask::none(rows, cols).unwrap();
    mask.draw(0..rows, key, fraction);
    mask
}

/// A matrix, column-major, and its entries that are not zero.
struct Stored {
    rows: usize,
    cols: usize,
    data: Vec<f64>,
    indptr: Vec<u32>,
    indices: Vec<u32>,
    values: Vec<f64>,
}

fn random(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    }
}

impl Stored {
    fn new(rows: usize, cols: usize, seed: u64, density: f64) -> Self {
        let mut next = random(seed);
        let data = (0..rows * cols)
            .map(|_| if next() < density { 0.5 + next() } else { 0.0 })
            .collect();
        Self::of(rows, cols, data)
    }

    fn of(rows: usize, cols: usize, data: Vec<f64>) -> Self {
        let (mut indptr, mut indices, mut values) = (vec![0], vec![], vec![]);
        for column in data.chunks_exact(rows) {
            for (i, &x) in column.iter().enumerate().filter(|(_, x)| **x != 0.0) {
                indices.push(i as u32);
                values.push(x);
            }
            indptr.push(indices.len() as u32);
        }
        Self {
            rows,
            cols,
            data,
            indptr,
            indices,
            values,
        }
    }

    fn at(&self, i: usize, j: usize) -> f64 {
        self.data[i + j * self.rows]
    }

    fn by_rows(&self) -> Self {
        let data = (0..self.rows)
            .flat_map(|i| (0..self.cols).map(move |j| self.at(i, j)))
            .collect();
        Self {
            data,
            ..Self::of(self.rows, self.cols, self.data.clone())
        }
    }

    fn dense(&self) -> Block<'_> {
        Block::Dense {
            rows: self.rows,
            cols: self.cols,
            by_rows: false,
            data: Values::F64(&self.data),
        }
    }

    fn dense_by_rows(&self) -> Block<'_> {
        Block::Dense {
            rows: self.rows,
            cols: self.cols,
            by_rows: true,
            data: Values::F64(&self.data),
        }
    }

    fn csc(&self) -> Block<'_> {
        Block::Csc {
            rows: self.rows,
            cols: self.cols,
            indptr: Pointers::U32(&self.indptr),
            indices: &self.indices,
            values: Values::F64(&self.values),
            unlisted_missing: false,
        }
    }
}
