//! So many fits of random data of pbmc3k's shape at k = 40, in a process that has made a small one: run by GNU time it tells
//! what a fit adds to a process, against one that makes none.

#[path = "../tests/common/mod.rs"]
mod common;

use std::env::args;

use common::{Problem, Random, Spread};
use factorloom_core::control::Control;
use factorloom_core::nmf::Precision;
use factorloom_core::pool::with_threads;

const K: usize = 40;

fn main() {
    let args: Vec<String> = args().skip(1).collect();
    let (precision, fits) = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["f32", fits] => (Precision::F32, fits.parse()),
        ["f64", fits] => (Precision::F64, fits.parse()),
        _ => panic!("usage: fits f32|f64 COUNT"),
    };
    let fits: usize = fits.expect("a count");
    let mut random = Random(7);
    let small = Spread::new(300, 300, 10, &mut random);
    let large = Spread::new(13_714, 2700, 846, &mut random);
    for (x, count) in [(&small, 3), (&large, fits)] {
        let (rows, cols) = (x.rows, x.indptr.len() - 1);
        let start = (random.matrix(rows, K), random.matrix(K, cols));
        let mut problem = Problem::new(vec![x.block(precision)], start.0, start.1);
        (problem.max_iter, problem.precision) = (5, precision);
        for _ in 0..count {
            with_threads(2, || problem.solve(Control::IDLE)).expect("it can be fitted");
        }
    }
}
