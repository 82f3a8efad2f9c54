//! Gram–Schmidt and Jacobi against what they promise.

mod common;

use common::{Random, assert_near, off_orthonormal, times, transposed};
use factorloom_core::matrix::Matrix;
use factorloom_core::orthogonal::{complete, extend, jacobi_svd, multiply, qr};

#[test]
fn qr_gives_back_its_argument() {
    let mut random = Random(21);
    for (rows, cols) in [(1, 1), (5, 5), (40, 17), (300, 9)] {
        let y = random.signed(rows, cols);
        let found = qr(&y).unwrap();
        assert!(off_orthonormal(&found.q) < 1e-13);
        assert_near(&multiply(&found.q, &found.r).unwrap().data, &y.data, 1e-13);
        for j in 0..cols {
            assert!(found.r.column(j)[j + 1..].iter().all(|&x| x == 0.0));
        }
    }
}

#[test]
fn dependent_columns_are_zero_in_q_and_left_out_of_a_basis() {
    let mut random = Random(22);
    let low = times(&random.signed(20, 3), &random.signed(3, 6));
    let found = qr(&low).unwrap();
    let zero = |j: &usize| found.q.column(*j).iter().all(|&x| x == 0.0);
    assert_eq!((0..6).filter(zero).count(), 3);
    assert_near(&times(&found.q, &found.r).data, &low.data, 1e-13);
    let empty = Matrix::zeros(20, 0).unwrap();
    let basis = extend(&empty, &low, 20).unwrap();
    assert_eq!(basis.cols, 3);
    assert_eq!(extend(&basis, &low, 20).unwrap().cols, 3);
    let wider = extend(&basis, &random.signed(20, 30), 20).unwrap();
    assert_eq!(wider.cols, 20);
    assert!(off_orthonormal(&wider) < 1e-13);
    let mut filled = found.q;
    complete(&mut filled);
    assert!(off_orthonormal(&filled) < 1e-13);
}

#[test]
fn jacobi_gives_back_its_argument() {
    let mut random = Random(23);
    for n in [1, 2, 3, 8, 17, 40] {
        let a = random.signed(n, n);
        let found = jacobi_svd(&a).unwrap();
        assert!(off_orthonormal(&found.u) < 1e-12 && off_orthonormal(&found.v) < 1e-12);
        assert!(found.sigma.is_sorted_by(|a, b| a >= b));
        let mut scaled = found.u;
        for (r, sigma) in found.sigma.iter().enumerate() {
            scaled.column_mut(r).iter_mut().for_each(|u| *u *= sigma);
        }
        assert_near(&times(&scaled, &transposed(&found.v)).data, &a.data, 1e-13);
    }
}
