use super::*;

#[test]
fn the_definition_does_not_move() {
    let at = [
        (0, 0),
        (0, 1),
        (1, 0),
        (0, 31),
        (0, 32),
        (63, 63),
        (64, 0),
        (0, 64),
        (1000, 70_000),
    ];
    let draws = [
        45362, 36219, 55567, 48654, 15770, 31822, 19320, 46534, 55939,
    ];
    assert_eq!(at.map(|(i, j)| drawn(KEY, i, j)), draws);
    assert_eq!(
        [1e-9, 0.1, 0.5, 0.999_999_999].map(threshold),
        [1, 6554, 32768, 65535]
    );
}

#[test]
fn every_level_draws_what_is_defined() {
    for level in simd::available() {
        simd::force(level);
        for (rows, cols) in SHAPES {
            for fraction in [1.0 / 65536.0, 0.05, 0.1, 0.25, 0.5, 0.6, 0.93] {
                let mask = mask_of(rows, cols, KEY, fraction);
                let transposed = mask.transposed().unwrap();
                for (i, row) in defined(rows, cols, KEY, fraction).iter().enumerate() {
                    for (j, &held) in row.iter().enumerate() {
                        assert_eq!(
                            mask.held(i, j),
                            held,
                            "{level:?} {rows} × {cols}, {fraction}: {i}, {j}"
                        );
                        assert_eq!(transposed.held(j, i), held);
                    }
                }
            }
        }
    }
}

#[test]
fn a_smaller_fraction_holds_out_a_subset_and_the_rate_is_right() {
    let (rows, cols) = (300, 200);
    let mut before = 0;
    let mut smaller = Mask::none(rows, cols).unwrap();
    for fraction in [0.01, 0.05, 0.1, 0.3, 0.5, 0.9] {
        let larger = mask_of(rows, cols, KEY, fraction);
        let places = (0..rows * cols).map(|p| (p % rows, p / rows));
        assert!(
            places
                .clone()
                .all(|(i, j)| !smaller.held(i, j) || larger.held(i, j))
        );
        let count = places.filter(|&(i, j)| larger.held(i, j)).count();
        let expected = fraction * (rows * cols) as f64;
        assert!((count as f64 - expected).abs() < 4.0 * (expected * (1.0 - fraction)).sqrt());
        assert!(count > before);
        (before, smaller) = (count, larger);
    }
}

#[test]
fn no_row_and_no_column_of_a_block_is_held_out_whole() {
    for (rows, cols) in SHAPES {
        for seed in 0..20 {
            let mask = mask_of(rows, cols, [seed, 7], 0.99);
            assert!((0..rows).all(|i| (0..cols).any(|j| !mask.held(i, j))));
            assert!((0..cols).all(|j| (0..rows).any(|i| !mask.held(i, j))));
        }
    }
}

#[test]
fn lists_hold_the_mask_by_rows_and_by_columns_with_the_values() {
    let top = Stored::new(70, 150, 1, 1.0);
    let bottom = Stored::new(201, 150, 2, 0.3);
    let flat = top.by_rows();
    let keys = [KEY, [3, 4]];
    for (fraction, first) in [
        (0.02, top.dense()),
        (0.3, flat.dense_by_rows()),
        (0.3, top.csc()),
        (0.97, top.csc()),
    ] {
        let x = Data::<f64>::new(
            &[first, bottom.csc()],
            Layout {
                k: 3,
                low_memory: true,
            },
        )
        .unwrap();
        for k in [3, 100] {
            let hold_out = HoldOut {
                fraction,
                keys: &keys,
                exact: false,
                best: false,
            };
            let held = Held::drawn(&x, &hold_out, k).unwrap();
            let mut expected = defined(70, 150, keys[0], fraction);
            expected.extend(defined(201, 150, keys[1], fraction));
            let mut found = vec![vec![false; 150]; 271];
            let (lists, values) = (&held.by_column, &held.values);
            for window in 0..lists.windows {
                for j in 0..150 {
                    let ends = lists.bounds(window, &(j..j + 1));
                    let rows = &lists.indices[ends[0]..ends[1]];
                    assert!(rows.is_sorted());
                    let mut of_rows = vec![0.0; rows.len()];
                    let own = values.bounds[window * 150 + j]..values.bounds[window * 150 + j + 1];
                    for p in own {
                        of_rows[values.places[p] as usize + lists.bounds[window * 150] - ends[0]] =
                            values.values[p];
                    }
                    for (&i, x) in rows.iter().zip(of_rows) {
                        let i = lists.first(window) + usize::from(i);
                        assert!(!std::mem::replace(&mut found[i][j], true));
                        assert_eq!(
                            x,
                            if i < 70 {
                                top.at(i, j)
                            } else {
                                bottom.at(i - 70, j)
                            }
                        );
                    }
                }
            }
            assert!(found == expected);
            let lists = &held.by_row;
            let mut found = vec![vec![false; 150]; 271];
            for window in 0..lists.windows {
                for (i, found) in found.iter_mut().enumerate() {
                    let ends = lists.bounds(window, &(i..i + 1));
                    lists.indices[ends[0]..ends[1]]
                        .iter()
                        .for_each(|&j| found[lists.first(window) + usize::from(j)] = true);
                }
            }
            assert!(found == expected);
            assert_eq!(
                held.count,
                expected.iter().flatten().filter(|&&h| h).count()
            );
        }
    }
}

/// Indices of 16 bits tell the columns of a window from one another, however wide a window would be for a small share.
#[test]
fn lists_of_a_wide_mask() {
    let (rows, cols) = (150_000, 3);
    let row: Vec<f64> = (0..rows * cols).map(|p| 1.0 + (p % 7) as f64).collect();
    let block = [Block::Dense {
        rows,
        cols,
        by_rows: false,
        data: Values::F64(&row),
    }];
    let layout = Layout {
        k: 3,
        low_memory: true,
    };
    let x = Data::<f64>::new(&block, layout).unwrap();
    let (fraction, keys) = (1e-3, [[5, 6]]);
    let hold_out = HoldOut {
        fraction,
        keys: &keys,
        exact: false,
        best: false,
    };
    let held = Held::drawn(&x, &hold_out, 3).unwrap();
    let lists = &held.by_column;
    assert!(lists.windows > 2);
    let mut found = vec![vec![false; cols]; rows];
    for window in 0..lists.windows {
        for j in 0..cols {
            let ends = lists.bounds(window, &(j..j + 1));
            for &i in &lists.indices[ends[0]..ends[1]] {
                found[lists.first(window) + usize::from(i)][j] = true;
            }
        }
    }
    assert!(found == defined(rows, cols, keys[0], fraction));
}
