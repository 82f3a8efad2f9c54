use std::ops::Range;

use crate::data::{Data, Element, PartKind};
use crate::error::Result;
use crate::leaves::{MaskBits, TILE, draw};
use crate::memory::zeros;
use crate::parallel::{each_chunk, each_task};
use crate::simd::run;

/// A draw is a whole number below this.
const DRAWS: f64 = 65536.0;
/// Multiply-adds that the words of a row of a tile cost, about.
const COST: usize = 64;

/// How many of the 2¹⁶ draws are held out.
pub fn threshold(fraction: f64) -> u32 {
    ((fraction * DRAWS + 0.5).floor().max(1.0) as u32).min(65535)
}

/// The share of entries that a fraction comes to.
pub fn held_share(fraction: f64) -> f64 {
    f64::from(threshold(fraction)) / DRAWS
}

/// A bit for each entry of a matrix: 64 columns a word, the words of the first 64 columns first.
pub struct Mask {
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub cols: usize,
    words: Vec<u64>,
}

impl Mask {
    /// Nothing is held out.
    pub fn none(rows: usize, cols: usize) -> Result<Self> {
        Ok(Self {
            rows,
            cols,
            words: zeros(rows * cols.div_ceil(TILE))?,
        })
    }

    /// What is not known of X: entries that are not numbers, and what a block does not list, where it says so.
    pub fn unknown<T: Element>(x: &Data<'_, T>) -> Result<Self> {
        let mut mask = Self::none(x.rows, x.cols)?;
        let (rows, cols) = (x.rows, x.cols);
        each_chunk(&mut mask.words, rows, x.stored, |across, words| {
            let columns = across * TILE..cols.min((across + 1) * TILE);
            for part in &x.parts {
                let own = &mut words[part.top..part.top + part.rows()];
                match &part.kind {
                    PartKind::Dense(block) => {
                        for (bit, j) in columns.clone().enumerate() {
                            for (i, word) in own.iter_mut().enumerate() {
                                let x = block.data[i * block.down + j * block.across];
                                *word |= u64::from(x.to_f64().is_nan()) << bit;
                            }
                        }
                    }
                    PartKind::Sparse(block) => {
                        if block.unlisted_missing {
                            own.fill(present(cols, across));
                        }
                        let lists = block.columns();
                        for (bit, j) in columns.clone().enumerate() {
                            let (indices, values) = lists.list(j);
                            for (&i, x) in indices.iter().zip(values) {
                                let word = &mut own[i as usize];
                                *word &= !(1 << bit);
                                *word |= u64::from(x.to_f64().is_nan()) << bit;
                            }
                        }
                    }
                }
            }
        });
        Ok(mask)
    }

    /// Adds entries, of those that it does not hold.
    pub fn add(&mut self, entry: impl Fn(usize, usize) -> bool + Sync) {
        let (rows, cols, work) = (self.rows, self.cols, self.words.len() * TILE);
        each_chunk(&mut self.words, rows, work, |across, words| {
            for (i, word) in words.iter_mut().enumerate() {
                for place in places(!*word & present(cols, across)) {
                    *word |= u64::from(entry(i, across * TILE + place)) << place;
                }
            }
        });
    }

    /// Everything else.
    pub fn complement(&self) -> Result<Self> {
        let mut out = Self::none(self.rows, self.cols)?;
        let chunks = out.words.chunks_exact_mut(self.rows.max(1)).enumerate();
        for (across, words) in chunks {
            let all = present(self.cols, across);
            for (out, word) in words.iter_mut().zip(self.words(across)) {
                *out = all & !word;
            }
        }
        Ok(out)
    }

    /// How many entries it holds.
    pub fn count(&self) -> usize {
        self.words
            .iter()
            .map(|word| word.count_ones() as usize)
            .sum()
    }

    /// Draws a block of rows. No row of it is held out whole: of such a row the entry of largest draw (the first among
    /// equals) is given back; then the same for its columns.
    pub fn draw(&mut self, block: Range<usize>, key: [u32; 2], fraction: f64) {
        let below = threshold(fraction);
        let (rows, cols) = (self.rows, self.cols);
        let words = self.words.len() * COST;
        each_chunk(&mut self.words, rows, words, |across, words| {
            let own = &mut words[block.clone()];
            let whole = own.len() / TILE * TILE;
            let (tiles, rest) = own.split_at_mut(whole);
            run(MaskBits {
                key,
                below,
                first: 0,
                across,
                out: tiles,
            });
            let mut last = [0; TILE];
            run(MaskBits {
                key,
                below,
                first: whole / TILE,
                across,
                out: &mut last,
            });
            rest.copy_from_slice(&last[..rest.len()]);
            own.iter_mut()
                .for_each(|word| *word &= present(cols, across));
        });
        self.spare_rows(block.clone(), key);
        self.spare_columns(block, key);
    }

    fn spare_rows(&mut self, block: Range<usize>, key: [u32; 2]) {
        let mut whole = vec![u64::MAX; block.len()];
        for (across, words) in self.words.chunks_exact(self.rows).enumerate() {
            let absent = !present(self.cols, across);
            for (whole, word) in whole.iter_mut().zip(&words[block.clone()]) {
                *whole &= word | absent;
            }
        }
        for i in (0..block.len()).filter(|&i| whole[i] == u64::MAX) {
            let best = largest(self.cols, |j| draw(key, i, j));
            self.give_back(block.start + i, best);
        }
    }

    fn spare_columns(&mut self, block: Range<usize>, key: [u32; 2]) {
        for across in 0..self.cols.div_ceil(TILE) {
            let words = &self.words[across * self.rows..][block.clone()];
            let mut whole = words
                .iter()
                .fold(present(self.cols, across), |all, word| all & word);
            while whole != 0 {
                let j = across * TILE + whole.trailing_zeros() as usize;
                let best = largest(block.len(), |i| draw(key, i, j));
                self.give_back(block.start + best, j);
                whole &= whole - 1;
            }
        }
    }

    fn give_back(&mut self, i: usize, j: usize) {
        self.words[j / TILE * self.rows + i] &= !(1 << (j % TILE));
    }

    /// Whether entry (i, j) is held out.
    pub fn held(&self, i: usize, j: usize) -> bool {
        self.words[j / TILE * self.rows + i] >> (j % TILE) & 1 == 1
    }

    /// Columns 64·across and up to 63 more of every row, from the lowest bit up.
    pub fn words(&self, across: usize) -> &[u64] {
        &self.words[across * self.rows..][..self.rows]
    }

    /// The mask of the transpose.
    pub fn transposed(&self) -> Result<Self> {
        let mut out = Self::none(self.cols, self.rows)?;
        let work = self.words.len() * COST;
        let tasks: Vec<_> = out.words.chunks_exact_mut(self.cols).collect();
        each_task(tasks, work, |down, columns| {
            for (across, columns) in columns.chunks_mut(TILE).enumerate() {
                let mut tile = [0; TILE];
                let rows = &self.words(across)[down * TILE..self.rows.min((down + 1) * TILE)];
                tile[..rows.len()].copy_from_slice(rows);
                transpose(&mut tile);
                columns.copy_from_slice(&tile[..columns.len()]);
            }
        });
        Ok(out)
    }
}

/// Places of the bits that are set, from the lowest up.
pub fn places(mut word: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let place = (word != 0).then(|| word.trailing_zeros() as usize);
        word &= word.wrapping_sub(1);
        place
    })
}

/// The columns of a word that there are.
fn present(cols: usize, across: usize) -> u64 {
    match cols - across * TILE {
        left if left < TILE => (1 << left) - 1,
        _ => u64::MAX,
    }
}

fn largest(count: usize, value: impl Fn(usize) -> u32) -> usize {
    (1..count)
        .fold((0, value(0)), |best, at| {
            let drawn = value(at);
            if drawn > best.1 { (at, drawn) } else { best }
        })
        .0
}

/// Swaps the blocks beside the diagonal, of 32 × 32 bits, then of 16 × 16, down to single ones (Warren 2012, section 7-3).
fn transpose(tile: &mut [u64; TILE]) {
    let mut width = TILE / 2;
    let mut low = u64::MAX >> width;
    while width > 0 {
        for first in (0..TILE).step_by(2 * width) {
            for r in first..first + width {
                let swap = (tile[r] >> width ^ tile[r + width]) & low;
                tile[r] ^= swap << width;
                tile[r + width] ^= swap;
            }
        }
        width /= 2;
        low ^= low << width;
    }
}
