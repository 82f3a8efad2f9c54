//! Each kernel beside the peak of the machine, measured in the same run. `cargo bench --bench peak -- --json` prints one
//! JSON object a line.

#![allow(unsafe_code)]

use std::hint::black_box;
use std::time::Instant;

use factorloom_core::leaves::{Accumulate, BLOCK, Gather, MaskBits, SweepTile, Sweeps, TILE};
use factorloom_core::panel::Panel;
use factorloom_core::simd::{Leaf, Real, Vector, run};

/// Chains of multiply-adds that do not wait for one another.
const CHAINS: usize = 24;

/// Fused multiply-adds on registers alone.
struct Peak(usize);

impl<T: Real> Leaf<T> for Peak {
    type Output = T;

    #[inline(always)]
    fn run<V: Vector<T>>(self) -> T {
        let mut sums = [V::zero(); CHAINS];
        let (a, b) = (
            V::splat(black_box(T::from_f64(0.999))),
            V::splat(black_box(T::from_f64(0.001))),
        );
        for _ in 0..self.0 {
            for sum in &mut sums {
                *sum = b.fma(*sum, a);
            }
        }
        let mut total = V::zero();
        for sum in sums {
            total = total.add(sum);
        }
        let mut out = [T::default(); 16];
        // SAFETY: sixteen numbers hold any vector.
        unsafe { total.store(out.as_mut_ptr()) };
        out[0]
    }
}

fn seconds(mut work: impl FnMut()) -> f64 {
    work();
    let mut best = f64::INFINITY;
    let begin = Instant::now();
    while begin.elapsed().as_secs_f64() < 0.1 {
        let from = Instant::now();
        work();
        best = best.min(from.elapsed().as_secs_f64());
    }
    best
}

fn numbers<T: Real>(length: usize) -> Vec<T> {
    let mut state = 1_u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as f64 / (1_u64 << 31) as f64
    };
    (0..length).map(|_| T::from_f64(next())).collect()
}

fn panel<T: Real>(k: usize, cols: usize) -> Panel<T> {
    let mut out = Panel::zeros(k, cols).unwrap();
    let from = numbers::<T>(k * cols);
    for j in 0..cols {
        out.column_mut(j)[..k].copy_from_slice(&from[j * k..(j + 1) * k]);
    }
    out
}

struct Line {
    kernel: &'static str,
    k: usize,
    value: f64,
    unit: &'static str,
    peak: f64,
}

fn tell<T: Real>(line: &Line) {
    let Line {
        kernel,
        k,
        value,
        unit,
        peak,
    } = line;
    println!(
        "{{\"kernel\": \"{kernel}\", \"k\": {k}, \"type\": \"{}\", \"value\": {value:.3}, \"unit\": \"{unit}\", \"peak\": {peak:.3}, \"fraction\": {:.3}}}",
        T::NAME,
        value / peak
    );
}

/// What this core reaches at this moment: its clock is not its own.
fn peak<T: Real>() -> f64 {
    let rounds = 50_000;
    let time = seconds(|| {
        black_box(run::<T, _>(Peak(rounds)));
    });
    (2 * T::LANES * CHAINS * rounds) as f64 / time / 1e9
}

fn all<T: Real>() {
    let peak = peak::<T>;
    tell::<T>(&Line {
        kernel: "fused multiply-adds",
        k: 0,
        value: peak(),
        unit: "GF/s",
        peak: peak(),
    });

    let (m, n) = (1000, 768);
    let entries = numbers::<T>(m * n);
    for k in [8, 10, 16, 20, 32, 40, 64] {
        let (w, h) = (panel::<T>(k, m), panel::<T>(k, n));
        let (mut b, mut c) = (
            Panel::<T>::zeros(k, n).unwrap(),
            Panel::<T>::zeros(k, m).unwrap(),
        );
        let stride = w.stride;
        let flops = 2.0 * (m * n * k) as f64;
        let time = seconds(|| {
            run(Accumulate {
                factor: w.data(),
                stride,
                k,
                entries: &entries,
                along: 1,
                across: m,
                terms: m,
                out: b.data_mut(),
            });
        });
        tell::<T>(&Line {
            kernel: "dense, down columns",
            k,
            value: flops / time / 1e9,
            unit: "GF/s",
            peak: peak(),
        });
        let time = seconds(|| {
            for j in (0..n).step_by(48) {
                run(Accumulate {
                    factor: &h.data()[j * stride..],
                    stride,
                    k,
                    entries: &entries[j * m..],
                    along: m,
                    across: 1,
                    terms: 48,
                    out: c.data_mut(),
                });
            }
        });
        tell::<T>(&Line {
            kernel: "dense, along rows",
            k,
            value: flops / time / 1e9,
            unit: "GF/s",
            peak: peak(),
        });
    }

    for k in [8, 10, 16, 20, 32, 40, 64] {
        let cols = 2640;
        let (mut x, b) = (panel::<T>(k, cols), panel::<T>(k, cols));
        let sweeps = Sweeps {
            k,
            gram: gram(k),
            curvature: vec![T::from_f64(4.0); k],
            inverse: vec![T::from_f64(0.25); k],
            linear: vec![T::default(); k],
            spread: vec![T::default(); k],
            lower: T::default(),
            upper: T::from_f64(f64::INFINITY),
            plain: true,
            most: 8,
            rest: T::from_f64(-1.0),
        };
        let mut decrease = vec![T::default(); cols];
        let stride = x.stride;
        let time = seconds(|| {
            run(SweepTile {
                sweeps: &sweeps,
                stride,
                x: x.data_mut(),
                b: b.data(),
                diagonal: None,
                decrease: &mut decrease,
            });
        });
        let flops = 2.0 * (8 * cols * k * k) as f64;
        tell::<T>(&Line {
            kernel: "sweeps",
            k,
            value: flops / time / 1e9,
            unit: "GF/s",
            peak: peak(),
        });
    }

    let (rows, cols, each) = (13_714, 400, 845);
    let mut indices = Vec::with_capacity(cols * each);
    for j in 0..cols {
        let own = numbers::<f64>(each + j);
        let mut own: Vec<u32> = own[j..].iter().map(|x| (x * rows as f64) as u32).collect();
        own.sort_unstable();
        indices.extend(own);
    }
    let values = numbers::<T>(indices.len());
    for k in [10, 20, 40, 64] {
        let (w, mut b) = (panel::<T>(k, 2700), Panel::<T>::zeros(k, cols).unwrap());
        let stride = w.stride;
        let near: Vec<u32> = indices.iter().map(|i| i * 2700 / rows as u32).collect();
        let bytes = indices.len() as f64 * ((k + 1) * size_of::<T>() + 4) as f64;
        let time = seconds(|| {
            let bounds = |c: usize| (c * each, (c + 1) * each);
            run(Gather {
                factor: w.data(),
                stride,
                indices: &near,
                values: &values,
                bounds,
                order: &[],
                first: 0,
                out: b.data_mut(),
            });
        });
        let plain_time = seconds(|| plain_gather(&w, &near, &values, each, &mut b));
        tell::<T>(&Line {
            kernel: "sparse gather",
            k,
            value: bytes / time / 1e9,
            unit: "GB/s",
            peak: bytes / plain_time / 1e9,
        });
    }
}

/// 4 on the diagonal, 0.1 beside it, by blocks of rows.
fn gram<T: Real>(k: usize) -> Vec<T> {
    let mut out = vec![T::default(); k.next_multiple_of(BLOCK) * k];
    for r in 0..k {
        for s in 0..k {
            out[r / BLOCK * BLOCK * k + s * BLOCK + r % BLOCK] =
                T::from_f64(if r == s { 4.0 } else { 0.1 });
        }
    }
    out
}

/// A loop as one would write it, compiled with the same flags.
fn plain_gather<T: Real>(
    w: &Panel<T>,
    indices: &[u32],
    values: &[T],
    each: usize,
    out: &mut Panel<T>,
) {
    let k = w.k;
    for c in 0..out.cols {
        let column = out.column_mut(c);
        for (&i, &x) in indices[c * each..(c + 1) * each]
            .iter()
            .zip(&values[c * each..(c + 1) * each])
        {
            for (out, f) in column[..k].iter_mut().zip(&w.column(i as usize)[..k]) {
                *out = out.plus(x.times(*f));
            }
        }
    }
}

/// Entries whose lot is drawn, beside a loop that hashes each (SplitMix64: Steele, Lea & Flood 2014).
fn mask_bits() {
    let (tiles, below) = (64, 6554);
    let mut bits = vec![0; tiles * TILE];
    let entries = (tiles * TILE * 64) as f64;
    let time = seconds(|| {
        run(MaskBits {
            key: black_box([1, 2]),
            below,
            first: 0,
            across: 0,
            out: &mut bits,
        });
        black_box(&mut bits);
    });
    let plain_time = seconds(|| {
        for (row, word) in bits.iter_mut().enumerate() {
            *word = (0..64).fold(0, |word, column| {
                let mut z = (row as u64 * 64 + column).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                word | u64::from(((z ^ (z >> 31)) & 0xffff) < u64::from(below)) << column
            });
        }
        black_box(&mut bits);
    });
    tell::<f64>(&Line {
        kernel: "mask bits",
        k: 0,
        value: entries / time / 1e9,
        unit: "entries/ns",
        peak: entries / plain_time / 1e9,
    });
}

fn main() {
    all::<f64>();
    all::<f32>();
    mask_bits();
}
