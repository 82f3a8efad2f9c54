use crate::data::{Data, Dense, PartKind};
use crate::matrix::Panel;
use crate::parallel::each_chunk;
use crate::tile::{TILE, accumulate, gather};

/// Samples, or sparse features, that one task takes.
const COLUMNS: usize = 16;
/// Dense features that one task takes.
const ROWS: usize = 64;
/// Terms of a dense sum that are packed at once.
const DEPTH: usize = 64;

/// out = W·X, k × samples, from the panel W (k × features).
pub fn times_data(w: &Panel, x: &Data<'_>, out: &mut Panel) {
    let k = w.rows;
    if k == 0 {
        return;
    }
    each_chunk(&mut out.data, COLUMNS * k, x.stored * k, |c, out| {
        out.fill(0.0);
        let first = c * COLUMNS;
        for part in &x.parts {
            let factor = &w.data[part.top * k..(part.top + part.rows()) * k];
            match &part.kind {
                PartKind::Dense(block) => dense_columns(factor, k, block, first, out),
                PartKind::Csc(block, _) => {
                    for (j, out) in out.chunks_exact_mut(k).enumerate() {
                        let (indices, values) = block.column(first + j);
                        gather(factor, k, indices, values, out);
                    }
                }
            }
        }
    });
}

fn dense_columns(factor: &[f64], k: usize, block: &Dense<'_>, first: usize, out: &mut [f64]) {
    let mut tile = [[0.0; TILE]; DEPTH];
    for top in (0..block.rows).step_by(DEPTH) {
        let depth = DEPTH.min(block.rows - top);
        for (t, out) in out.chunks_mut(TILE * k).enumerate() {
            for c in 0..out.len() / k {
                let from = (first + t * TILE + c) * block.rows + top;
                for (row, &x) in tile.iter_mut().zip(&block.data[from..from + depth]) {
                    row[c] = x;
                }
            }
            accumulate(&factor[top * k..], k, &tile[..depth], out);
        }
    }
}

/// out = H·Xᵀ, k × features, from the panel H (k × samples).
pub fn times_transposed(h: &Panel, x: &Data<'_>, out: &mut Panel) {
    let k = h.rows;
    if k == 0 {
        return;
    }
    for part in &x.parts {
        let out = &mut out.data[part.top * k..(part.top + part.rows()) * k];
        let work = part.stored().len() * k;
        match &part.kind {
            PartKind::Dense(block) => each_chunk(out, ROWS * k, work, |c, out| {
                out.fill(0.0);
                dense_rows(&h.data, k, block, c * ROWS, out);
            }),
            PartKind::Csc(_, rows) => {
                let rows = rows.transpose();
                each_chunk(out, COLUMNS * k, work, |c, out| {
                    out.fill(0.0);
                    for (i, out) in out.chunks_exact_mut(k).enumerate() {
                        let (indices, values) = rows.column(c * COLUMNS + i);
                        gather(&h.data, k, indices, values, out);
                    }
                });
            }
        }
    }
}

/// out += H·(rows of the block from `first` on)ᵀ, as many as `out` has columns.
pub fn dense_rows(h: &[f64], k: usize, block: &Dense<'_>, first: usize, out: &mut [f64]) {
    let mut tile = [[0.0; TILE]; DEPTH];
    for left in (0..block.cols).step_by(DEPTH) {
        let depth = DEPTH.min(block.cols - left);
        for (t, out) in out.chunks_mut(TILE * k).enumerate() {
            let count = out.len() / k;
            for (d, row) in tile[..depth].iter_mut().enumerate() {
                let from = first + t * TILE + (left + d) * block.rows;
                let entries = &block.data[from..from + count];
                match entries.first_chunk::<TILE>() {
                    Some(full) => *row = *full,
                    None => row[..count].copy_from_slice(entries),
                }
            }
            accumulate(&h[left * k..], k, &tile[..depth], out);
        }
    }
}
