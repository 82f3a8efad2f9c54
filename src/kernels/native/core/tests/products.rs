//! Products and sums against their definitions, for odd shapes and every way of storing the data.

mod common;

use common::{OwnedCsc, Random, assert_near, rows_of, times, transposed, view};
use factorloom_core::data::{Block, Data};
use factorloom_core::error::ErrorCode;
use factorloom_core::matrix::Matrix;
use factorloom_core::products::{times_data, times_transposed};
use factorloom_core::reduce::{dot, gram, panel_norms, sum_of_squares};
use factorloom_core::residual::residual_by_row;

fn check(x: &Matrix, blocks: &[Block<'_>], w: &Matrix, h: &Matrix) {
    let data = Data::new(blocks).unwrap();
    let k = w.rows;
    let mut b = Matrix::zeros(k, x.cols).unwrap();
    times_data(w, &data, &mut b);
    assert_near(&b.data, &times(w, x).data, 1e-13);
    let mut c = Matrix::zeros(k, x.rows).unwrap();
    times_transposed(h, &data, &mut c);
    assert_near(&c.data, &times(h, &transposed(x)).data, 1e-13);
    let model = times(&transposed(w), h);
    let mut squares = vec![0.0; x.rows];
    for (p, (x, y)) in x.data.iter().zip(&model.data).enumerate() {
        squares[p % model.rows] += (x - y) * (x - y);
    }
    assert_near(&residual_by_row(&data, w, h).unwrap(), &squares, 1e-13);
    let total: f64 = x.data.iter().map(|x| x * x).sum();
    assert_near(&[sum_of_squares(&data)], &[total], 1e-13);
}

#[test]
fn products_of_odd_shapes_however_stored() {
    let mut random = Random(7);
    for k in 1..=17 {
        for n in (1..=40).step_by(3) {
            let m = 1 + (7 * n + k) % 90;
            let x = random.sparse(m, n, 0.4);
            let (w, h) = (random.signed(k, m), random.signed(k, n));
            check(&x, &[Block::Dense(view(&x))], &w, &h);
            let all = OwnedCsc::new(&x);
            check(&x, &[all.block()], &w, &h);
            let cut = m / 3;
            let (top, rest) = (rows_of(&x, 0, cut), rows_of(&x, cut, m));
            let rest = OwnedCsc::new(&rest);
            check(&x, &[Block::Dense(view(&top)), rest.block()], &w, &h);
        }
    }
}

#[test]
fn products_with_many_factors() {
    let mut random = Random(8);
    for k in [31, 33, 65] {
        let x = random.sparse(150, 70, 0.8);
        let (w, h) = (random.signed(k, 150), random.signed(k, 70));
        check(&x, &[Block::Dense(view(&x))], &w, &h);
        check(&x, &[OwnedCsc::new(&x).block()], &w, &h);
    }
}

#[test]
fn sums_over_panels() {
    let mut random = Random(9);
    for (k, n) in [(1, 1), (3, 40), (7, 513), (17, 1100)] {
        let f = random.signed(k, n);
        assert_near(&gram(&f).unwrap(), &times(&f, &transposed(&f)).data, 1e-12);
        let rows = transposed(&f);
        let norms = panel_norms(&f);
        for r in 0..k {
            let row = rows.column(r);
            assert_near(&[norms.l1[r]], &[row.iter().map(|x| x.abs()).sum()], 1e-12);
            assert_near(&[norms.l2[r]], &[dot(row, row).sqrt()], 1e-12);
        }
    }
}

#[test]
fn data_that_do_not_fit_are_refused() {
    let refused = |blocks: &[Block<'_>]| match Data::new(blocks) {
        Ok(_) => panic!("not refused"),
        Err(error) => assert_eq!(error.code, ErrorCode::InvalidArgument),
    };
    let mut random = Random(10);
    let (a, b) = (random.matrix(3, 4), random.matrix(3, 5));
    refused(&[]);
    refused(&[Block::Dense(view(&a)), Block::Dense(view(&b))]);
    let mut short = view(&a);
    short.rows = 4;
    refused(&[Block::Dense(short)]);
    let csc = |indptr: &[u32], indices: &[u32]| {
        let values = vec![1.0; indices.len()];
        refused(&[Block::Csc(factorloom_core::data::Csc {
            rows: 3,
            cols: 2,
            indptr,
            indices,
            values: &values,
        })]);
    };
    csc(&[0, 1], &[0]);
    csc(&[0, 1, 3], &[0, 1]);
    csc(&[0, 2, 1], &[0]);
    csc(&[0, 1, 2], &[0, 3]);
    csc(&[0, 2, 2], &[1, 0]);
    csc(&[0, 2, 2], &[1, 1]);
}
