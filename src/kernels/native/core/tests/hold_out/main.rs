//! Entries that are held out: the mask against its definition, and fits that must not know of them.

mod rest;
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
const FREE: FactorTerms = FactorTerms {
    l1: 0.0,
    l2: 0.0,
    nonneg: true,
};
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

#[test]
fn the_definition_does_not_move() {
    let at = [
        (0, 0),
        (0, 1),
        (1, 0),
        (0, 31),
        (0, 32),
        (63, 63),
        (64, 0),
        (0, 64),
        (1000, 70_000),
    ];
    let draws = [
        45362, 36219, 55567, 48654, 15770, 31822, 19320, 46534, 55939,
    ];
    assert_eq!(at.map(|(i, j)| drawn(KEY, i, j)), draws);
    assert_eq!(
        [1e-9, 0.1, 0.5, 0.999_999_999].map(threshold),
        [1, 6554, 32768, 65535]
    );
}

#[test]
fn every_level_draws_what_is_defined() {
    for level in simd::available() {
        simd::force(level);
        for (rows, cols) in SHAPES {
            for fraction in [1.0 / 65536.0, 0.05, 0.1, 0.25, 0.5, 0.6, 0.93] {
                let mask = mask_of(rows, cols, KEY, fraction);
                let transposed = mask.transposed().unwrap();
                for (i, row) in defined(rows, cols, KEY, fraction).iter().enumerate() {
                    for (j, &held) in row.iter().enumerate() {
                        assert_eq!(
                            mask.held(i, j),
                            held,
                            "{level:?} {rows} × {cols}, {fraction}: {i}, {j}"
                        );
                        assert_eq!(transposed.held(j, i), held);
                    }
                }
            }
        }
    }
}

#[test]
fn a_smaller_fraction_holds_out_a_subset_and_the_rate_is_right() {
    let (rows, cols) = (300, 200);
    let mut before = 0;
    let mut smaller = Mask::none(rows, cols).unwrap();
    for fraction in [0.01, 0.05, 0.1, 0.3, 0.5, 0.9] {
        let larger = mask_of(rows, cols, KEY, fraction);
        let places = (0..rows * cols).map(|p| (p % rows, p / rows));
        assert!(
            places
                .clone()
                .all(|(i, j)| !smaller.held(i, j) || larger.held(i, j))
        );
        let count = places.filter(|&(i, j)| larger.held(i, j)).count();
        let expected = fraction * (rows * cols) as f64;
        assert!((count as f64 - expected).abs() < 4.0 * (expected * (1.0 - fraction)).sqrt());
        assert!(count > before);
        (before, smaller) = (count, larger);
    }
}

#[test]
fn no_row_and_no_column_of_a_block_is_held_out_whole() {
    for (rows, cols) in SHAPES {
        for seed in 0..20 {
            let mask = mask_of(rows, cols, [seed, 7], 0.99);
            assert!((0..rows).all(|i| (0..cols).any(|j| !mask.held(i, j))));
            assert!((0..cols).all(|j| (0..rows).any(|i| !mask.held(i, j))));
        }
    }
}

#[test]
fn lists_hold_the_mask_by_rows_and_by_columns_with_the_values() {
    let top = Stored::new(70, 150, 1, 1.0);
    let bottom = Stored::new(201, 150, 2, 0.3);
    let flat = top.by_rows();
    let keys = [KEY, [3, 4]];
    for (fraction, first) in [
        (0.02, top.dense()),
        (0.3, flat.dense_by_rows()),
        (0.3, top.csc()),
        (0.97, top.csc()),
    ] {
        let x = Data::<f64>::new(
            &[first, bottom.csc()],
            Layout {
                k: 3,
                low_memory: true,
            },
        )
        .unwrap();
        for k in [3, 100] {
            let hold_out = HoldOut {
                fraction,
                keys: &keys,
                exact: false,
                best: false,
            };
            let held = Held::new(&x, &hold_out, k).unwrap();
            let mut expected = defined(70, 150, keys[0], fraction);
            expected.extend(defined(201, 150, keys[1], fraction));
            let mut found = vec![vec![false; 150]; 271];
            let (lists, values) = (&held.by_column, &held.values);
            for window in 0..lists.windows {
                for j in 0..150 {
                    let ends = lists.bounds(window, &(j..j + 1));
                    let rows = &lists.indices[ends[0]..ends[1]];
                    assert!(rows.is_sorted());
                    let mut of_rows = vec![0.0; rows.len()];
                    let own = values.bounds[window * 150 + j]..values.bounds[window * 150 + j + 1];
                    for p in own {
                        of_rows[values.places[p] as usize + lists.bounds[window * 150] - ends[0]] =
                            values.values[p];
                    }
                    for (&i, x) in rows.iter().zip(of_rows) {
                        let i = i as usize;
                        assert!(!std::mem::replace(&mut found[i][j], true));
                        assert_eq!(
                            x,
                            if i < 70 {
                                top.at(i, j)
                            } else {
                                bottom.at(i - 70, j)
                            }
                        );
                    }
                }
            }
            assert!(found == expected);
            let lists = &held.by_row;
            let mut found = vec![vec![false; 150]; 271];
            for window in 0..lists.windows {
                for (i, found) in found.iter_mut().enumerate() {
                    let ends = lists.bounds(window, &(i..i + 1));
                    lists.indices[ends[0]..ends[1]]
                        .iter()
                        .for_each(|&j| found[j as usize] = true);
                }
            }
            assert!(found == expected);
            assert_eq!(
                held.count,
                expected.iter().flatten().filter(|&&h| h).count()
            );
        }
    }
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
        }
    }
}

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
        };
        with_threads(self.threads, || nmf(&args, Control::IDLE)).unwrap()
    }
}
