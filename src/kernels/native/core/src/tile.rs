//! The two innermost loops. Lanes run along k, never along a sum: each result is one chain of additions in ascending
//! order, whatever the width of the registers.

/// Columns of a result that are accumulated at once from dense data.
pub const TILE: usize = 4;
/// Most factors held in registers beside `TILE` columns.
const DENSE_WIDTH: usize = 6;
/// Most factors held in registers for one sparse column.
const SPARSE_WIDTH: usize = 16;
/// Terms of a sparse sum that all runs of factors take before the next ones are fetched.
const DEPTH: usize = 64;

/// Evaluates `$body` with the constant `$N` equal to `$width`, which lies in 1 ..= 16.
macro_rules! with_width {
    ($width:expr, $N:ident => $body:expr) => {
        with_width!(@ $width, $N, $body, 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16)
    };
    (@ $width:expr, $N:ident, $body:expr, $($n:literal)*) => {
        match $width {
            $($n => { const $N: usize = $n; $body })*
            width => unreachable!("a panel of {width} factors"),
        }
    };
}

/// Cuts 0..k into runs of at most `most` factors of about the same, where possible even, length.
fn each_run(k: usize, most: usize, mut visit: impl FnMut(usize, usize)) {
    let runs = k.div_ceil(most);
    let length = k.div_ceil(runs).next_multiple_of(2).min(most);
    let mut first = 0;
    while first < k {
        let width = length.min(k - first);
        visit(first, width);
        first += width;
    }
}

/// out_c += Σ_t x_ct · f_t for up to `TILE` columns `out` (k each), rows `x` of the tile and columns f of a panel `factor`.
pub fn accumulate(factor: &[f64], k: usize, tile: &[[f64; TILE]], out: &mut [f64]) {
    each_run(k, DENSE_WIDTH, |first, width| {
        with_width!(width, R => accumulate_run::<R>(factor, k, first, tile, out));
    });
}

fn accumulate_run<const R: usize>(
    factor: &[f64],
    k: usize,
    first: usize,
    tile: &[[f64; TILE]],
    out: &mut [f64],
) {
    let mut sums = [[0.0; R]; TILE];
    for (sum, column) in sums.iter_mut().zip(out.chunks_exact(k)) {
        sum.copy_from_slice(&column[first..first + R]);
    }
    for (f, x) in factor.chunks_exact(k).zip(tile) {
        let f = &f[first..first + R];
        for c in 0..TILE {
            for r in 0..R {
                sums[c][r] += x[c] * f[r];
            }
        }
    }
    for (sum, column) in sums.iter().zip(out.chunks_exact_mut(k)) {
        column[first..first + R].copy_from_slice(sum);
    }
}

/// out += Σ_p values_p · f_(indices_p) for one column `out` (k) and columns f of a panel `factor`.
pub fn gather(factor: &[f64], k: usize, indices: &[u32], values: &[f64], out: &mut [f64]) {
    // Where k needs several runs, each finds the columns that the one before has fetched.
    let depth = if k > SPARSE_WIDTH {
        DEPTH
    } else {
        indices.len().max(1)
    };
    for (indices, values) in indices.chunks(depth).zip(values.chunks(depth)) {
        each_run(k, SPARSE_WIDTH, |first, width| {
            with_width!(width, R => gather_run::<R>(factor, k, first, indices, values, out));
        });
    }
}

fn gather_run<const R: usize>(
    factor: &[f64],
    k: usize,
    first: usize,
    indices: &[u32],
    values: &[f64],
    out: &mut [f64],
) {
    let mut sum = [0.0; R];
    sum.copy_from_slice(&out[first..first + R]);
    for (&i, &x) in indices.iter().zip(values) {
        let from = i as usize * k + first;
        let f = &factor[from..from + R];
        for r in 0..R {
            sum[r] += x * f[r];
        }
    }
    out[first..first + R].copy_from_slice(&sum);
}
