use crate::data::{Csc, Data, PartKind};
use crate::error::Result;
use crate::matrix::Panel;
use crate::memory::zeros;
use crate::parallel::each_chunk;
use crate::reduce::sum;

/// Features worked on side by side.
const LANES: usize = 8;
/// Features that one task takes.
const ROWS: usize = 4 * LANES;
/// Samples whose entries are laid out at once.
const DEPTH: usize = 32;

type Tile = [[f64; LANES]; DEPTH];

/// Σ_j (X − Wᵀ·H)_ij² for each feature i, entry by entry, for panels W (k × features) and H (k × samples).
pub fn residual_by_row(x: &Data<'_>, w: &Panel, h: &Panel) -> Result<Vec<f64>> {
    let k = w.rows;
    let mut sums = zeros(x.rows)?;
    for part in &x.parts {
        let factor = &w.data[part.top * k..(part.top + part.rows()) * k];
        let out = &mut sums[part.top..part.top + part.rows()];
        let work = part.rows() * x.cols * (k + 1);
        each_chunk(out, ROWS, work, |c, out| {
            for (t, out) in out.chunks_mut(LANES).enumerate() {
                let first = c * ROWS + t * LANES;
                let w = &factor[first * k..(first + out.len()) * k];
                match &part.kind {
                    PartKind::Dense(block) => squares(w, h, out, |tile, left, depth| {
                        for (d, lanes) in tile[..depth].iter_mut().enumerate() {
                            let from = first + (left + d) * block.rows;
                            let count = w.len() / k;
                            let entries = &block.data[from..from + count];
                            match entries.first_chunk::<LANES>() {
                                Some(full) => *lanes = *full,
                                None => lanes[..count].copy_from_slice(entries),
                            }
                        }
                    }),
                    PartKind::Csc(_, rows) => {
                        squares(w, h, out, listed(&rows.transpose(), first, w.len() / k));
                    }
                }
            }
        });
    }
    Ok(sums)
}

/// Lays out the listed entries of rows `first` on of a sparse matrix, given by its transpose, tile after tile.
fn listed<'a>(rows: &Csc<'a>, first: usize, count: usize) -> impl FnMut(&mut Tile, usize, usize) {
    let mut rest: [(&'a [u32], &'a [f64]); LANES] = [(&[], &[]); LANES];
    for (l, rest) in rest[..count].iter_mut().enumerate() {
        *rest = rows.column(first + l);
    }
    move |tile, left, depth| {
        tile.fill([0.0; LANES]);
        for (l, (columns, values)) in rest.iter_mut().enumerate() {
            let here = columns.partition_point(|&j| (j as usize) < left + depth);
            for (&j, &x) in columns[..here].iter().zip(&values[..here]) {
                tile[j as usize - left][l] = x;
            }
            (*columns, *values) = (&columns[here..], &values[here..]);
        }
    }
}

/// out_i = Σ_j (x_ij − w_iᵀ·h_j)² for up to `LANES` features, whose entries `lay_out` writes for a run of samples.
fn squares(
    w: &[f64],
    h: &Panel,
    out: &mut [f64],
    mut lay_out: impl FnMut(&mut Tile, usize, usize),
) {
    let k = h.rows;
    let mut w_lanes = vec![[0.0; LANES]; k];
    for (l, column) in w.chunks_exact(k).enumerate() {
        for (lanes, &x) in w_lanes.iter_mut().zip(column) {
            lanes[l] = x;
        }
    }
    let mut sums = [0.0; LANES];
    let mut tile = [[0.0; LANES]; DEPTH];
    for left in (0..h.cols).step_by(DEPTH) {
        let depth = DEPTH.min(h.cols - left);
        lay_out(&mut tile, left, depth);
        let columns = h.data[left * k..].chunks_exact(k);
        for (x, h) in tile[..depth].iter().zip(columns) {
            let mut e = [0.0; LANES];
            for (w, h) in w_lanes.iter().zip(h) {
                for l in 0..LANES {
                    e[l] -= w[l] * h;
                }
            }
            for l in 0..LANES {
                let error = e[l] + x[l];
                sums[l] += error * error;
            }
        }
    }
    out.copy_from_slice(&sums[..out.len()]);
}

/// ‖X − Wᵀ·H‖², entry by entry.
pub fn residual(x: &Data<'_>, w: &Panel, h: &Panel) -> Result<f64> {
    Ok(sum(&residual_by_row(x, w, h)?))
}
