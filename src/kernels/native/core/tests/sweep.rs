//! The sweep in lanes against the same sweep written one column at a time.

mod common;

use common::{Random, assert_near, times, transposed};
use factorloom_core::matrix::Matrix;
use factorloom_core::objective::StepTerms;
use factorloom_core::sweep::{Quadratic, largest_step, sweep_columns};

fn naive(f: &mut Matrix, b: &Matrix, gram: &[f64], terms: &StepTerms, nonneg: bool) -> f64 {
    let k = f.rows;
    let mut largest = 0.0_f64;
    for j in 0..f.cols {
        for r in 0..k {
            let x = f.column(j).to_vec();
            let mut g = -b.column(j)[r];
            for s in 0..k {
                g += gram[r * k + s] * x[s];
            }
            let curvature = gram[r * k + r] + terms.ridge[r];
            let free = curvature * x[r] - (g + terms.ridge[r] * x[r]);
            let to = if nonneg {
                ((free - terms.linear[r]) / curvature).max(0.0)
            } else {
                free.signum() * (free.abs() - terms.linear[r]).max(0.0) / curvature
            };
            largest = largest.max((to - x[r]).abs());
            f.column_mut(j)[r] = x[r] + (to - x[r]);
        }
    }
    largest
}

#[test]
fn lanes_make_the_same_steps() {
    let mut random = Random(11);
    for k in 1..=17 {
        for n in (1..=40).chain([64, 65, 200]) {
            let p = random.signed(k, 20);
            let gram = times(&p, &transposed(&p)).data;
            let b = random.signed(k, n);
            let terms = StepTerms {
                ridge: random.matrix(k, 1).data,
                linear: random.matrix(k, 1).data.iter().map(|x| 0.1 * x).collect(),
            };
            for nonneg in [true, false] {
                let mut f = random.matrix(k, n);
                let mut wanted = Matrix::copied(k, n, &f.data).unwrap();
                let quadratic = Quadratic::new(&gram, &terms, nonneg);
                sweep_columns(&mut f, &b, &quadratic, 2);
                for _ in 0..2 {
                    naive(&mut wanted, &b, &gram, &terms, nonneg);
                }
                assert_near(&f.data, &wanted.data, 1e-14);
            }
        }
    }
}

#[test]
fn nothing_is_open_at_the_minimum() {
    let mut random = Random(12);
    let p = random.matrix(4, 30);
    let gram = times(&p, &transposed(&p)).data;
    let b = random.signed(4, 50);
    let terms = StepTerms {
        ridge: vec![0.5; 4],
        linear: vec![0.1; 4],
    };
    for nonneg in [true, false] {
        let quadratic = Quadratic::new(&gram, &terms, nonneg);
        let mut f = random.matrix(4, 50);
        assert!(largest_step(&f, &b, &quadratic) > 1e-3);
        sweep_columns(&mut f, &b, &quadratic, 3000);
        assert!(largest_step(&f, &b, &quadratic) < 1e-12);
    }
}
