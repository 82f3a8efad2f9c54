use super::moments::feature_moments;
use crate::data::{Block, Data, Part, PartKind, Values};
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

/// The entries of each dense block, column after column, with a number taken from each row; nothing for sparse blocks.
pub fn shifted(x: &Data<'_>, shift: &[f64]) -> Result<Vec<Option<Vec<f64>>>> {
    let copy = |part: &Part<'_, f64>| match &part.kind {
        PartKind::Sparse(_) => Ok(None),
        PartKind::Dense(block) => {
            let mut data = zeros(block.data.len())?;
            for (j, out) in data.chunks_exact_mut(block.rows).enumerate() {
                for (i, out) in out.iter_mut().enumerate() {
                    *out = block.data[i * block.down + j * block.across] - shift[part.top + i];
                }
            }
            Ok(Some(data))
        }
    };
    x.parts.iter().map(copy).collect()
}

/// The blocks again, the dense ones with other entries.
pub fn replaced<'a>(blocks: &[Block<'a>], data: &'a [Option<Vec<f64>>]) -> Vec<Block<'a>> {
    let pairs = blocks.iter().zip(data);
    pairs
        .map(|(block, data)| match data {
            Some(data) => Block::Dense {
                rows: block.rows(),
                cols: block.cols(),
                by_rows: false,
                data: Values::F64(data),
            },
            None => *block,
        })
        .collect()
}
