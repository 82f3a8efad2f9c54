//! What every truncated SVD must hold to.

mod common;

use common::{
    OwnedCsc, Random, assert_near, dense, dense_by_rows, off_orthonormal, rows_of, times,
    transposed, view,
};
use factorloom_core::control::{Control, Stopped};
use factorloom_core::data::Block;
use factorloom_core::matrix::Matrix;
use factorloom_core::svd::{Solver, SvdArgs, SvdResult, svd};

fn solve(x: &[Block<'_>], start: &Matrix, k: usize, center: bool, scale: bool) -> SvdResult {
    let args = SvdArgs {
        x,
        k,
        center,
        scale,
        solver: Solver::Krylov,
        l2: 0.0,
        terms: None,
        missing: false,
        start: view(start),
        max_iter: 60,
        tol: 1e-9,
    };
    svd(&args, Control::IDLE).unwrap()
}

fn standardized(x: &Matrix, center: bool, scale: bool) -> Matrix {
    let n = x.cols as f64;
    let mut rows = transposed(x);
    for i in 0..x.rows {
        let row = rows.column_mut(i);
        let mean = row.iter().sum::<f64>() / n;
        let spread = row.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>();
        let s = (spread / (n - 1.0)).sqrt();
        for x in row {
            *x -= if center { mean } else { 0.0 };
            *x /= if scale && s > 1e-14 { s } else { 1.0 };
        }
    }
    transposed(&rows)
}

#[test]
fn vectors_are_orthonormal_and_pairs_fit_however_stored() {
    let mut random = Random(41);
    let x = random.sparse(60, 35, 0.4);
    let (top, rest) = (rows_of(&x, 0, 20), rows_of(&x, 20, 60));
    let (all, rest, flat) = (OwnedCsc::new(&x), OwnedCsc::new(&rest), transposed(&x));
    let start = random.signed(60, 9);
    for (center, scale) in [(false, false), (true, false), (false, true), (true, true)] {
        let a = standardized(&x, center, scale);
        for blocks in [
            vec![dense(&x)],
            vec![dense_by_rows(&flat)],
            vec![all.block()],
            vec![all.wide()],
            vec![dense(&top), rest.block()],
        ] {
            let found = solve(&blocks, &start, 5, center, scale);
            assert_eq!(found.stopped, Stopped::Converged);
            let v = transposed(&found.vt);
            assert!(off_orthonormal(&found.u) < 1e-12 && off_orthonormal(&v) < 1e-12);
            assert!(found.sigma.is_sorted_by(|a, b| a >= b));
            let image = times(&transposed(&a), &found.u);
            let left: f64 = a.data.iter().map(|x| x * x).sum::<f64>()
                - found.sigma.iter().map(|s| s * s).sum::<f64>();
            assert_near(&[found.objective], &[left / 2.0], 1e-10);
            for r in 0..5 {
                let wanted: Vec<f64> = v.column(r).iter().map(|v| v * found.sigma[r]).collect();
                assert_near(image.column(r), &wanted, 1e-7);
                let largest = found
                    .u
                    .column(r)
                    .iter()
                    .fold(0.0_f64, |a, &b| if b.abs() > a.abs() { b } else { a });
                assert!(largest > 0.0);
            }
        }
    }
}

#[test]
fn degenerate_data_give_orthonormal_vectors() {
    let mut random = Random(42);
    for (m, n, k) in [(1, 1, 1), (1, 8, 1), (8, 1, 1), (9, 9, 9), (7, 12, 4)] {
        let low = times(&random.signed(m, 2), &random.signed(2, n));
        let mut flat = random.matrix(m, n);
        flat.data.iter_mut().step_by(m).for_each(|x| *x = 3.0);
        for x in [low, flat, Matrix::zeros(m, n).unwrap()] {
            let start = random.signed(m, k + 3);
            let found = solve(&[dense(&x)], &start, k, true, true);
            assert!(found.loss.is_finite() && found.kkt.is_finite());
            assert!(off_orthonormal(&found.u) < 1e-12);
            assert!(off_orthonormal(&transposed(&found.vt)) < 1e-12);
        }
    }
}

#[test]
fn more_directions_than_there_are_come_as_zeros() {
    let mut random = Random(43);
    let x = random.signed(4, 6);
    let start = random.signed(4, 7);
    let found = solve(&[dense(&x)], &start, 7, false, false);
    assert!(found.loss < 1e-25);
    assert!(found.sigma[3] > 0.0 && found.sigma[4..].iter().all(|&s| s == 0.0));
}

#[test]
fn cancelled_it_returns_the_last_iterate() {
    let mut random = Random(44);
    let x = random.signed(80, 70);
    let start = random.signed(80, 4);
    let blocks = [dense(&x)];
    let mut args = SvdArgs {
        x: &blocks,
        k: 3,
        center: false,
        scale: false,
        solver: Solver::Krylov,
        l2: 0.0,
        terms: None,
        missing: false,
        start: view(&start),
        max_iter: 60,
        tol: 0.0,
    };
    for after in 0..20 {
        let asked = std::sync::atomic::AtomicUsize::new(0);
        args.max_iter = 60;
        let control = Control {
            cancelled: &|| asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) >= after,
            ..Control::IDLE
        };
        let found = svd(&args, control).unwrap();
        assert_eq!(found.stopped, Stopped::Aborted);
        args.max_iter = found.history.len();
        let same = svd(&args, Control::IDLE).unwrap();
        assert_eq!((same.u, same.sigma), (found.u, found.sigma));
        assert!(off_orthonormal(&transposed(&found.vt)) < 1e-12);
    }
}
