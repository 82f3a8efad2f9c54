//! Products and sums against their definitions, for odd shapes and every way of storing the data.

mod common;

use common::{
    OwnedCsc, Random, assert_near, bits, dense, dense_by_rows, each_level, rows_of, times,
    transposed, unpadded,
};
use factorloom_core::data::{Block, Data, Element, Layout, PartKind, Pointers, Values};
use factorloom_core::error::ErrorCode;
use factorloom_core::matrix::Matrix;
use factorloom_core::panel::Panel;
use factorloom_core::pool::with_threads;
use factorloom_core::products::{times_data, times_transposed};
use factorloom_core::reduce::{dot, gram, sum_of_squares, sums_of_magnitudes, sums_of_row_squares};
use factorloom_core::residual::residual_by_row;
use factorloom_core::simd::Real;

fn data<'a, T: Element>(blocks: &[Block<'a>], k: usize, low_memory: bool) -> Data<'a, T> {
    Data::new(blocks, Layout { k, low_memory }).unwrap()
}

fn panel<T: Real>(m: &Matrix) -> Panel<T> {
    Panel::from_columns(&m.view()).unwrap()
}

/// Ways to store a matrix, and whether rows of sparse blocks are kept.
fn each_storage(x: &Matrix, mut check: impl FnMut(&str, &[Block<'_>], bool)) {
    let (flat, csc) = (transposed(x), OwnedCsc::new(x));
    let cut = x.rows / 3;
    let (top, rest) = (rows_of(x, 0, cut), rows_of(x, cut, x.rows));
    let (sparse_top, sparse_rest, flat_rest) =
        (OwnedCsc::new(&top), OwnedCsc::new(&rest), transposed(&rest));
    check("dense", &[dense(x)], false);
    check("by rows", &[dense_by_rows(&flat)], false);
    let empty = Matrix::zeros(0, x.cols).unwrap();
    let (empty_flat, empty_csc) = (transposed(&empty), OwnedCsc::new(&empty));
    let nothing = [dense(&empty), dense_by_rows(&empty_flat), empty_csc.block()];
    check(
        "beside blocks of no rows",
        &[&nothing[..], &[dense(x)], &nothing[..]].concat(),
        false,
    );
    for low_memory in [false, true] {
        check("sparse", &[csc.block()], low_memory);
        check("sparse, 64 bits", &[csc.wide()], low_memory);
        check(
            "dense over sparse",
            &[dense(&top), sparse_rest.block()],
            low_memory,
        );
        check(
            "sparse over by rows",
            &[sparse_top.wide(), dense_by_rows(&flat_rest)],
            low_memory,
        );
    }
}

fn check<T: Element>(x: &Matrix, w: &Matrix, h: &Matrix, near: f64) {
    let (b, c) = (times(w, x), times(h, &transposed(x)));
    let model = times(&transposed(w), h);
    let mut squares = vec![0.0; x.rows];
    for (p, (x, y)) in x.data.iter().zip(&model.data).enumerate() {
        squares[p % model.rows] += (x - y) * (x - y);
    }
    let total: f64 = x.data.iter().map(|x| x * x).sum();
    let (w, h) = (panel::<T>(w), panel::<T>(h));
    let mut one = None;
    each_storage(x, |_, blocks, low_memory| {
        let data = data::<T>(blocks, w.k, low_memory);
        let found = [times_data(&w, &data), times_transposed(&h, &data)]
            .map(|panel| unpadded(&panel.unwrap()));
        let by_row = residual_by_row(&data, &w, &h, None).unwrap();
        assert_near(&found[0], &b.data, near);
        assert_near(&found[1], &c.data, near);
        assert_near(&by_row, &squares, near);
        assert_near(&[sum_of_squares(&data)], &[total], near);
        let found = found
            .concat()
            .into_iter()
            .chain(by_row)
            .collect::<Vec<f64>>();
        let one = one.get_or_insert_with(|| found.clone());
        assert!(
            bits(one) == bits(&found),
            "the bits are those of any other storage"
        );
    });
}

#[test]
fn products_of_odd_shapes_however_stored() {
    let mut random = Random(7);
    for k in if cfg!(miri) { 3..=3 } else { 1..=17 } {
        for n in if cfg!(miri) { 5..=5 } else { 1..=40 }.step_by(3) {
            let m = 1 + (7 * n + k) % if cfg!(miri) { 20 } else { 90 };
            let x = random.sparse(m, n, 0.4);
            let (w, h) = (random.signed(k, m), random.signed(k, n));
            check::<f64>(&x, &w, &h, 1e-13);
            check::<f32>(&x, &w, &h, 1e-4);
        }
    }
}

#[test]
#[cfg_attr(miri, ignore)]
fn products_with_many_factors() {
    let mut random = Random(8);
    for k in if cfg!(miri) {
        vec![33]
    } else {
        vec![31, 33, 65, 100, 129]
    } {
        let x = random.sparse(150, 70, 0.8);
        let (w, h) = (random.signed(k, 150), random.signed(k, 70));
        check::<f64>(&x, &w, &h, 1e-13);
        check::<f32>(&x, &w, &h, 1e-4);
    }
}

/// Each entry is one ascending chain of fused multiply-adds.
fn chains<T: Element>(factor: &Panel<T>, x: &Matrix) -> Vec<f64> {
    let mut out = Vec::with_capacity(factor.k * x.cols);
    for j in 0..x.cols {
        let mut sums = vec![T::default(); factor.k];
        for (i, &x) in x.column(j).iter().enumerate() {
            for (sum, &f) in sums.iter_mut().zip(factor.column(i)) {
                *sum = T::from_f64(x).fused(f, *sum);
            }
        }
        out.extend(sums.iter().map(|x| x.to_f64()));
    }
    out
}

/// Some rows of x are long and some are empty; several tasks, and entries in more than one piece of every kind.
fn same_bits<T: Element>(m: usize, n: usize, k: usize, density: f64, windows: bool) {
    let mut random = Random(13);
    let mut x = random.sparse(m, n, density);
    for (p, x) in x.data.iter_mut().enumerate() {
        if p % m % 7 == 3 {
            *x = 0.0;
        }
    }
    let (w, h) = (
        panel::<T>(&random.signed(k, m)),
        panel::<T>(&random.signed(k, n)),
    );
    let wanted = [chains(&w, &x), chains(&h, &transposed(&x))].map(|numbers| bits(&numbers));
    each_storage(&x, |storage, blocks, low_memory| {
        let data = data::<T>(blocks, k, low_memory);
        if windows && storage.starts_with("sparse, 64") {
            let cut = data.parts.iter().any(|part| match &part.kind {
                PartKind::Dense(_) => false,
                PartKind::Sparse(block) => {
                    block.columns().windows > 1
                        || block.by_row().is_some_and(|lists| lists.windows > 1)
                }
            });
            assert!(cut || low_memory && m < n, "nothing was cut");
        }
        let mut check = |threads: usize| {
            let found = with_threads(threads, || {
                let panels = [times_data(&w, &data)?, times_transposed(&h, &data)?];
                Ok(panels.map(|panel| bits(&unpadded(&panel))))
            });
            assert!(
                found.unwrap() == wanted,
                "{storage}, low memory: {low_memory}, {threads} threads"
            );
        };
        [2, 7].into_iter().for_each(&mut check);
        if m * n * k < 4_000_000 || storage == "sparse" {
            each_level(|_| check(1));
        }
    });
}

#[test]
#[cfg_attr(miri, ignore)]
fn however_stored_the_bits_are_those_of_ascending_chains() {
    same_bits::<f64>(330, 470, 10, 0.3, false);
    same_bits::<f32>(330, 470, 10, 0.3, false);
    same_bits::<f32>(700, 131, 33, 0.5, false);
}

#[test]
#[cfg_attr(miri, ignore)]
fn panels_larger_than_a_window_give_the_same_bits() {
    same_bits::<f64>(2500, 40, 129, 0.02, true);
    same_bits::<f64>(40, 2500, 129, 0.02, true);
    same_bits::<f32>(5000, 17, 100, 0.02, true);
    same_bits::<f32>(70, 4500, 65, 0.05, true);
}

#[test]
fn no_factors_have_no_products() {
    let x = Random(15).matrix(5, 4);
    let blocks = [dense(&x)];
    let data = data::<f64>(&blocks, 0, false);
    let (w, h) = (Panel::zeros(0, 5).unwrap(), Panel::zeros(0, 4).unwrap());
    assert_eq!(times_data(&w, &data).unwrap().cols, 4);
    assert_eq!(times_transposed(&h, &data).unwrap().cols, 5);
}

#[test]
fn sums_over_panels() {
    let mut random = Random(9);
    for (k, n) in [
        (1, 1),
        (3, 40),
        (7, 513),
        (17, if cfg!(miri) { 20 } else { 1100 }),
    ] {
        let f = random.signed(k, n);
        let of_f = panel::<f64>(&f);
        assert_near(
            &gram(&of_f).unwrap(),
            &times(&f, &transposed(&f)).data,
            1e-12,
        );
        let rows = transposed(&f);
        let (magnitudes, squares) = (sums_of_magnitudes(&of_f), sums_of_row_squares(&of_f));
        for r in 0..k {
            let row = rows.column(r);
            assert_near(
                &[magnitudes[r]],
                &[row.iter().map(|x| x.abs()).sum()],
                1e-12,
            );
            assert_near(&[squares[r]], &[dot(row, row)], 1e-12);
        }
        let narrow = panel::<f32>(&f);
        assert_near(
            &gram(&narrow).unwrap(),
            &times(&f, &transposed(&f)).data,
            1e-5,
        );
        assert_near(&sums_of_row_squares(&narrow), &squares, 1e-6);
    }
}

#[test]
fn panels_give_back_what_they_were_made_of() {
    let mut random = Random(14);
    for k in [1, 8, 9, 40] {
        let f = random.signed(k, 11);
        let columns = panel::<f64>(&f);
        assert_eq!(columns.to_rows().unwrap(), transposed(&f));
        let rows = Panel::<f64>::from_rows(&transposed(&f).view()).unwrap();
        assert_eq!(columns.data(), rows.data());
        assert!((0..11).all(|j| columns.column(j)[k..].iter().all(|&x| x == 0.0)));
        assert!(columns.data().as_ptr().addr().is_multiple_of(64));
        let mut halves = columns.copied().unwrap();
        let cut: Vec<usize> = halves
            .split(&[0..3, 3..3, 3..11])
            .iter()
            .map(|part| part.len())
            .collect();
        assert_eq!(cut, [3 * rows.stride, 0, 8 * rows.stride]);
    }
}

#[test]
fn data_that_do_not_fit_are_refused() {
    let refused = |blocks: &[Block<'_>]| {
        let layout = Layout {
            k: 2,
            low_memory: false,
        };
        match Data::<f64>::new(blocks, layout) {
            Ok(_) => panic!("not refused"),
            Err(error) => assert_eq!(error.code, ErrorCode::InvalidArgument),
        }
    };
    let mut random = Random(10);
    let (a, b) = (random.matrix(3, 4), random.matrix(3, 5));
    refused(&[]);
    refused(&[dense(&a), dense(&b)]);
    for by_rows in [false, true] {
        refused(&[Block::Dense {
            rows: 4,
            cols: 4,
            by_rows,
            data: Values::F64(&a.data),
        }]);
    }
    let csc = |indptr: &[u32], indices: &[u32]| {
        let values = vec![1.0; indices.len()];
        let wide: Vec<u64> = indptr.iter().map(|&bound| u64::from(bound)).collect();
        for indptr in [Pointers::U32(indptr), Pointers::U64(&wide)] {
            refused(&[Block::Csc {
                rows: 3,
                cols: 2,
                indptr,
                indices,
                values: Values::F64(&values),
                unlisted_missing: false,
            }]);
        }
    };
    csc(&[0, 1], &[0]);
    csc(&[0, 1, 3], &[0, 1]);
    csc(&[0, 2, 1], &[0]);
    csc(&[0, 1, 2], &[0, 3]);
    csc(&[0, 2, 2], &[1, 0]);
    csc(&[0, 2, 2], &[1, 1]);
}
