use crate::data::Csc;
use crate::error::Result;
use crate::memory::zeros;

/// The rows of a sparse matrix: row i owns positions `indptr[i]..indptr[i + 1]` of `indices` (columns, ascending) and `values`.
pub struct CscRows {
    rows: usize,
    cols: usize,
    indptr: Vec<u32>,
    indices: Vec<u32>,
    values: Vec<f64>,
}

impl CscRows {
    /// Sorts the entries of a checked matrix by row, by counting.
    pub fn new(matrix: &Csc<'_>) -> Result<Self> {
        let mut indptr = zeros::<u32>(matrix.rows + 1)?;
        for &i in matrix.indices {
            indptr[i as usize + 1] += 1;
        }
        for i in 0..matrix.rows {
            indptr[i + 1] += indptr[i];
        }
        let mut next = zeros::<u32>(matrix.rows)?;
        next.copy_from_slice(&indptr[..matrix.rows]);
        let mut indices = zeros::<u32>(matrix.indices.len())?;
        let mut values = zeros::<f64>(matrix.indices.len())?;
        for j in 0..matrix.cols {
            let (rows, entries) = matrix.column(j);
            for (&i, &x) in rows.iter().zip(entries) {
                let q = next[i as usize] as usize;
                next[i as usize] += 1;
                indices[q] = j as u32;
                values[q] = x;
            }
        }
        Ok(Self {
            rows: matrix.rows,
            cols: matrix.cols,
            indptr,
            indices,
            values,
        })
    }

    /// The transpose, cols × rows, whose columns are the rows.
    pub fn transpose(&self) -> Csc<'_> {
        Csc {
            rows: self.cols,
            cols: self.rows,
            indptr: &self.indptr,
            indices: &self.indices,
            values: &self.values,
        }
    }
}
