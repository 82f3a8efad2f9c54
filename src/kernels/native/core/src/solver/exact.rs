use crate::error::Result;
use crate::memory::zeros;
use crate::quadratic::Quadratic;
use crate::simd::Real;
use crate::solver::unconstrained::{cholesky, substitute};

/// Exchanges of whole sets that may fail to shrink what is wrong before single ones begin.
const PATIENCE: usize = 3;
/// Exchanges before coordinate descent takes over: so many, and ten for each coordinate.
const EXCHANGES: usize = 100;
/// A pivot below this fraction of its diagonal entry means a singular matrix.
const SINGULAR: f64 = 1e-13;
/// A slope below zero by less than this, as a fraction of the sizes it is summed from, is rounding.
const ROUNDING: f64 = 1e-13;
/// Sweeps of coordinate descent where pivoting fails.
const SWEEPS: usize = 10_000;

/// The exact minimiser for every column, by block principal pivoting on which coordinates are free (Kim & Park 2011,
/// section 4); by coordinate descent where a set of free coordinates has a singular Gram matrix, or there are more bounds
/// than x ≥ 0 or a coupling.
pub struct Pivoting<'a> {
    quadratic: &'a Quadratic<'a>,
    /// Coordinates that are not to be left alone.
    alive: Vec<usize>,
}

/// Room for one column.
struct Column {
    x: Vec<f64>,
    b: Vec<f64>,
    slope: Vec<f64>,
    free: Vec<bool>,
    set: Vec<usize>,
    lower: Vec<f64>,
    rest: Vec<f64>,
}

impl<'a> Pivoting<'a> {
    /// Of a half-step's problem.
    pub fn new(quadratic: &'a Quadratic<'a>) -> Self {
        let alive = (0..quadratic.k)
            .filter(|&r| quadratic.curvature[r] > 0.0)
            .collect();
        Self { quadratic, alive }
    }

    /// Solves for columns x of a panel, given columns b; returns by how much the objective falls.
    pub fn solve<T: Real>(&self, stride: usize, x: &mut [T], b: &[T]) -> Result<f64> {
        let k = self.quadratic.k;
        let mut column = Column {
            x: zeros(k)?,
            b: zeros(k)?,
            slope: zeros(k)?,
            free: vec![false; k],
            set: Vec::with_capacity(k),
            lower: zeros(k * k)?,
            rest: zeros(k)?,
        };
        let mut fall = 0.0;
        for (x, b) in x.chunks_exact_mut(stride).zip(b.chunks_exact(stride)) {
            for r in 0..k {
                column.b[r] = b[r].to_f64();
                column.x[r] = x[r].to_f64();
            }
            let before = self.value(&column);
            if !self.pivot(&mut column) {
                for (to, x) in column.x.iter_mut().zip(x.iter()) {
                    *to = x.to_f64();
                }
                self.descend(&mut column);
            }
            let gained = before - self.value(&column);
            if gained > 0.0 {
                fall += gained;
                for (x, to) in x.iter_mut().zip(&column.x) {
                    *x = T::from_f64(*to);
                }
            }
        }
        Ok(fall)
    }

    /// ½·xᵀ(G + ridge)x − bᵀx + linear·|x|.
    fn value(&self, column: &Column) -> f64 {
        let Quadratic { k, gram, terms, .. } = self.quadratic;
        let mut sum = 0.0;
        for r in 0..*k {
            let x = column.x[r];
            let gx = (0..*k).fold(0.0, |sum, s| sum + gram[r * k + s] * column.x[s]);
            sum += x * (0.5 * (gx + terms.ridge[r].min(f64::MAX) * x) - column.b[r])
                + terms.linear[r] * x.abs();
        }
        sum
    }

    /// Whether the minimiser over x ≥ 0, or over all x, was found.
    fn pivot(&self, column: &mut Column) -> bool {
        let Quadratic { lower, upper, .. } = self.quadratic;
        let free_of_sign = *lower == f64::NEG_INFINITY;
        let coupled = self.quadratic.terms.coupling.is_some();
        if *upper != f64::INFINITY || (*lower != 0.0 && !free_of_sign) || coupled {
            return false;
        }
        if free_of_sign {
            if self.quadratic.has_kinks() {
                return false;
            }
            self.alive.iter().for_each(|&r| column.free[r] = true);
            return self.solve_free(column);
        }
        for &r in &self.alive {
            column.free[r] = column.x[r] > 0.0;
        }
        let (mut fewest, mut patience) = (usize::MAX, PATIENCE);
        for _ in 0..EXCHANGES + 10 * self.quadratic.k {
            if !self.solve_free(column) {
                return false;
            }
            self.slopes(column);
            let wrong = |r: &usize, column: &Column| {
                if column.free[*r] {
                    column.x[*r] < 0.0
                } else {
                    column.slope[*r] < 0.0
                }
            };
            let count = self.alive.iter().filter(|r| wrong(r, column)).count();
            if count == 0 {
                return true;
            }
            let last_only = if count < fewest {
                (fewest, patience) = (count, PATIENCE);
                false
            } else if patience > 0 {
                patience -= 1;
                false
            } else {
                true
            };
            for &r in self.alive.iter().rev() {
                if wrong(&r, column) {
                    column.free[r] = !column.free[r];
                    if last_only {
                        break;
                    }
                }
            }
        }
        false
    }

    /// x of the free coordinates with the others at zero; false where their Gram matrix is singular.
    fn solve_free(&self, column: &mut Column) -> bool {
        let Quadratic {
            k,
            gram,
            terms,
            curvature,
            ..
        } = self.quadratic;
        column.set.clear();
        column
            .set
            .extend(self.alive.iter().filter(|&&r| column.free[r]));
        let n = column.set.len();
        for (i, &r) in column.set.iter().enumerate() {
            for (j, &s) in column.set[..=i].iter().enumerate() {
                column.lower[i * n + j] = if r == s {
                    curvature[r]
                } else {
                    gram[r * k + s]
                };
            }
            let left_alone = (0..*k).filter(|&s| curvature[s] == 0.0);
            let fixed = left_alone.fold(0.0, |sum, s| sum + gram[r * k + s] * column.x[s]);
            column.rest[i] = column.b[r] - terms.linear[r] - fixed;
        }
        if !cholesky(&mut column.lower[..n * n], n) {
            return false;
        }
        let conditioned = (0..n).all(|i| {
            let pivot = column.lower[i * n + i];
            pivot * pivot > SINGULAR * curvature[column.set[i]]
        });
        if !conditioned {
            return false;
        }
        substitute(&column.lower[..n * n], n, &mut column.rest[..n]);
        for &r in &self.alive {
            column.x[r] = 0.0;
        }
        for (i, &r) in column.set.iter().enumerate() {
            column.x[r] = column.rest[i];
        }
        column.x.iter().all(|x| x.is_finite())
    }

    fn slopes(&self, column: &mut Column) {
        let Quadratic { k, gram, terms, .. } = self.quadratic;
        for &r in &self.alive {
            if !column.free[r] {
                let mut slope = terms.linear[r] - column.b[r];
                let mut size = terms.linear[r] + column.b[r].abs();
                for s in 0..*k {
                    let part = gram[r * k + s] * column.x[s];
                    slope += part;
                    size += part.abs();
                }
                column.slope[r] = if slope < -ROUNDING * size { slope } else { 0.0 };
            }
        }
    }

    /// Coordinate descent until steps are below rounding.
    fn descend(&self, column: &mut Column) {
        let Quadratic {
            k,
            gram,
            terms,
            lower,
            upper,
            curvature,
            ..
        } = self.quadratic;
        let mut first = 0.0;
        for sweep in 0..SWEEPS {
            let (mut moved, mut size) = (0.0, 0.0);
            for &r in &self.alive {
                let gx = (0..*k).fold(0.0, |sum, s| sum + gram[r * k + s] * column.x[s]);
                let at = column.x[r];
                let free = at - (gx - column.b[r] + terms.ridge[r] * at) / curvature[r];
                let shrink = terms.linear[r] / curvature[r];
                let to = ((free - shrink).max(0.0) + (free + shrink).min(0.0))
                    .max(*lower)
                    .min(*upper);
                moved += curvature[r] * (to - at) * (to - at);
                size += curvature[r] * to * to;
                column.x[r] = to;
            }
            if sweep == 0 {
                first = moved;
            }
            if moved <= 1e-28 * first || moved <= 1e-30 * size {
                return;
            }
        }
    }
}
