use super::moments::feature_moments;
use crate::data::{Block, Data, Dense, PartKind};
use crate::error::Result;
use crate::memory::zeros;

/// A mean so many times the spread is taken out of the data itself: as a correction afterwards it would cost digits.
const DOMINATES: f64 = 1e3;

/// The means of dense features that dwarf their spread, 0 for the others; nothing when there are none.
pub fn dominating_means(x: &Data<'_>) -> Result<Option<Vec<f64>>> {
    let moments = feature_moments(x, true, true)?;
    let mut shift = zeros(x.rows)?;
    let Some(center) = &moments.center else {
        return Ok(None);
    };
    for part in &x.parts {
        if let PartKind::Dense(_) = part.kind {
            for i in part.top..part.top + part.rows() {
                if center[i].abs() > DOMINATES * moments.deviation(i) {
                    shift[i] = center[i];
                }
            }
        }
    }
    Ok(shift.iter().any(|&x| x != 0.0).then_some(shift))
}

/// The entries of each dense block with a number taken from each row; nothing for sparse blocks.
pub fn shifted(blocks: &[Block<'_>], shift: &[f64]) -> Result<Vec<Option<Vec<f64>>>> {
    let mut top = 0;
    let copy = |block: &Block<'_>| match block {
        Block::Csc(csc) => {
            top += csc.rows;
            Ok(None)
        }
        Block::Dense(dense) => {
            let own = &shift[top..top + dense.rows];
            top += dense.rows;
            let mut data = zeros(dense.data.len())?;
            let columns = dense.data.chunks_exact(dense.rows);
            for (out, column) in data.chunks_exact_mut(dense.rows).zip(columns) {
                for ((out, x), shift) in out.iter_mut().zip(column).zip(own) {
                    *out = x - shift;
                }
            }
            Ok(Some(data))
        }
    };
    blocks.iter().map(copy).collect()
}

/// The blocks again, the dense ones with other entries.
pub fn replaced<'a>(blocks: &[Block<'a>], data: &'a [Option<Vec<f64>>]) -> Vec<Block<'a>> {
    let pairs = blocks.iter().zip(data);
    pairs
        .map(|(block, data)| match (block, data) {
            (Block::Dense(dense), Some(data)) => Block::Dense(Dense { data, ..*dense }),
            _ => *block,
        })
        .collect()
}
