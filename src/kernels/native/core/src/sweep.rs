use crate::matrix::Panel;
use crate::objective::StepTerms;
use crate::parallel::{collect, each_chunk};
use crate::reduce::COLUMNS;

/// Coordinates whose curvature is below this fraction of the largest are left alone: their factor is dead.
const DEAD: f64 = 1e-14;
/// Columns that are swept side by side.
const LANES: usize = 16;
/// Tiles of columns that one task takes.
const TILES: usize = 4;

/// One coordinate of the columns of a tile.
type Lanes = [f64; LANES];

/// minimise ½·xᵀ(G + ridge)x − bᵀx + linear·|x| over x, or over x ≥ 0.
pub struct Quadratic<'a> {
    /// G, k × k, symmetric.
    pub gram: &'a [f64],
    /// What is added to the diagonal and to the slope.
    pub terms: &'a StepTerms,
    /// x ≥ 0.
    pub nonneg: bool,
    /// Curvature of each coordinate, 0 where it is to be left alone.
    curvature: Vec<f64>,
}

impl<'a> Quadratic<'a> {
    /// Puts the terms together.
    pub fn new(gram: &'a [f64], terms: &'a StepTerms, nonneg: bool) -> Self {
        let k = terms.ridge.len();
        let diagonal = |r: usize| gram[r * k + r];
        let largest = (0..k).map(diagonal).fold(0.0, f64::max);
        let curvature = |r: usize| {
            let c = diagonal(r) + terms.ridge[r];
            if diagonal(r) > DEAD * largest && c.is_finite() {
                c
            } else {
                0.0
            }
        };
        Self {
            gram,
            terms,
            nonneg,
            curvature: (0..k).map(curvature).collect(),
        }
    }

    /// The step that coordinate r of each column can still take: its minimiser minus its value.
    fn step<const NONNEG: bool>(&self, x: &[Lanes], b: &[Lanes], r: usize) -> Lanes {
        let k = x.len();
        let mut g = b[r].map(|b| -b);
        for (weight, x) in self.gram[r * k..(r + 1) * k].iter().zip(x) {
            for l in 0..LANES {
                g[l] += weight * x[l];
            }
        }
        let (curvature, linear, ridge) =
            (self.curvature[r], self.terms.linear[r], self.terms.ridge[r]);
        let mut step = [0.0; LANES];
        for l in 0..LANES {
            let at = x[r][l];
            let free = curvature * at - (g[l] + ridge * at);
            let to = if NONNEG {
                positive((free - linear) / curvature)
            } else {
                positive(free.abs() - linear).copysign(free) / curvature
            };
            step[l] = to - at;
        }
        step
    }

    fn sweep<const NONNEG: bool>(&self, x: &mut [Lanes], b: &[Lanes], sweeps: usize) {
        for _ in 0..sweeps {
            for r in 0..x.len() {
                if self.curvature[r] == 0.0 {
                    continue;
                }
                let step = self.step::<NONNEG>(x, b, r);
                for l in 0..LANES {
                    x[r][l] += step[l];
                }
            }
        }
    }
}

/// max(0, x), but not a number stays so.
fn positive(x: f64) -> f64 {
    if x <= 0.0 { 0.0 } else { x }
}

/// Cyclic coordinate descent on a quadratic for every column x of F (k × n) and b of B (k × n); F in place. Each step
/// is the exact minimiser in its coordinate (HALS: Cichocki & Phan 2009, eq. 24; several sweeps per product: Gillis &
/// Glineur 2012, section 4).
pub fn sweep_columns(f: &mut Panel, b: &Panel, quadratic: &Quadratic<'_>, sweeps: usize) {
    let k = f.rows;
    let work = f.data.len() * k * sweeps;
    each_chunk(&mut f.data, TILES * LANES * k, work, |c, part| {
        let from = c * TILES * LANES * k;
        let b = &b.data[from..from + part.len()];
        let mut x_lanes = vec![[0.0; LANES]; k];
        let mut b_lanes = vec![[0.0; LANES]; k];
        for (columns, b) in part.chunks_mut(LANES * k).zip(b.chunks(LANES * k)) {
            to_lanes(columns, &mut x_lanes);
            to_lanes(b, &mut b_lanes);
            if quadratic.nonneg {
                quadratic.sweep::<true>(&mut x_lanes, &b_lanes, sweeps);
            } else {
                quadratic.sweep::<false>(&mut x_lanes, &b_lanes, sweeps);
            }
            for (l, column) in columns.chunks_exact_mut(k).enumerate() {
                for (x, lanes) in column.iter_mut().zip(&x_lanes) {
                    *x = lanes[l];
                }
            }
        }
    });
}

/// Up to `LANES` columns of k as k rows of lanes; lanes without a column are zero.
fn to_lanes(columns: &[f64], lanes: &mut [Lanes]) {
    let k = lanes.len();
    if columns.len() < LANES * k {
        lanes.fill([0.0; LANES]);
    }
    for (l, column) in columns.chunks_exact(k).enumerate() {
        for (lanes, &x) in lanes.iter_mut().zip(column) {
            lanes[l] = x;
        }
    }
}

/// The largest step any coordinate of F can still take, as a fraction of the largest entry of its factor.
pub fn largest_step(f: &Panel, b: &Panel, quadratic: &Quadratic<'_>) -> f64 {
    let k = f.rows;
    let chunk = |c: usize| {
        let range = c * COLUMNS * k..((c + 1) * COLUMNS).min(f.cols) * k;
        let mut largest = vec![(0.0, 0.0); k];
        let mut x_lanes = vec![[0.0; LANES]; k];
        let mut b_lanes = vec![[0.0; LANES]; k];
        let tiles = f.data[range.clone()].chunks(LANES * k);
        for (x, b) in tiles.zip(b.data[range].chunks(LANES * k)) {
            to_lanes(x, &mut x_lanes);
            to_lanes(b, &mut b_lanes);
            for r in 0..k {
                if quadratic.curvature[r] == 0.0 {
                    continue;
                }
                let step = if quadratic.nonneg {
                    quadratic.step::<true>(&x_lanes, &b_lanes, r)
                } else {
                    quadratic.step::<false>(&x_lanes, &b_lanes, r)
                };
                let count = x.len() / k;
                largest[r] = wider(largest[r], (&step[..count], &x_lanes[r][..count]));
            }
        }
        largest
    };
    let chunks = collect(f.cols.div_ceil(COLUMNS), f.data.len() * k, chunk);
    let mut largest = 0.0_f64;
    for r in 0..k {
        let (open, scale) = chunks.iter().fold((0.0_f64, 0.0_f64), |(open, scale), c| {
            (open.max(c[r].0), scale.max(c[r].1))
        });
        if open > 0.0 {
            largest = largest.max(if scale > 0.0 { open / scale } else { 1.0 });
        }
    }
    largest
}

fn wider((open, scale): (f64, f64), (steps, entries): (&[f64], &[f64])) -> (f64, f64) {
    let most = |from: f64, of: &[f64]| of.iter().fold(from, |most, x| most.max(x.abs()));
    (most(open, steps), most(scale, entries))
}
