//! Pairs of vectors one after the other, drawn to zero or held at it.

use super::bounds::{Bounds, Terms, largest, length, unit};
use super::cycles::{Search, Solver};
use super::gaps::Prepared;
use super::measure::{EXPLICIT_BELOW, Measure, finite, residual_of, scaled_columns};
use super::moments::{Moments, feature_moments};
use super::operator::{Centered, Operator, Plus, Product};
use super::ritz::{Ritz, leading_columns};
use super::{Ended, History, SvdArgs, SvdResult, result};
use crate::control::{Control, Stopped};
use crate::data::{Data, Dense};
use crate::error::Result;
use crate::matrix::Matrix;
use crate::memory::zeros;
use crate::reduce::sum;

/// The pair that a step begins from is sought so far,
const ROUGH: f64 = 1e-6;
/// and so long.
const CYCLES: usize = 20;
/// Directions that are sought beside the first.
const BESIDE: usize = 8;
/// A pair that takes less than this part of ‖A‖² off is rounding.
const NOTHING: f64 = 1e-26;

/// d·u·vᵀ, u and v of length 1.
struct Pair {
    u: Vec<f64>,
    d: f64,
    v: Vec<f64>,
}

/// Pairs that were found.
struct Found {
    u: Matrix,
    d: Vec<f64>,
    v: Matrix,
}

/// A matrix that pairs are taken from.
enum Source<'a> {
    Whole {
        x: &'a Data<'a>,
        moments: &'a Moments,
    },
    Gappy {
        data: &'a Prepared<'a>,
        mean: &'a [f64],
    },
}

/// What pairs leave of a matrix.
struct Left {
    own: f64,
    squares: f64,
    /// By row, where that is what is known of a whole matrix.
    rows: Vec<f64>,
}

/// Pairs one after the other (Shen & Huang 2008; Witten, Tibshirani & Hastie 2009): v is that for which J of the pair is least,
/// u standing still, and then u, in closed form: a product with what is left of A, its entries brought nearer to zero or held
/// at it, and its length made smaller. What a pair takes is subtracted as a product; the pairs themselves are not touched
/// again, so they keep their bounds to the bit.
pub fn deflate(
    args: &SvdArgs<'_>,
    w: Terms,
    h: Terms,
    x: &Data<'_>,
    control: Control<'_>,
) -> Result<SvdResult> {
    let bounds = Bounds {
        w,
        h,
        l2: args.l2,
        root_w: (x.cols as f64).sqrt(),
        root_h: (x.rows as f64).sqrt(),
    };
    if args.missing {
        let data = Prepared::new(args)?;
        // The means are those of what is known.
        let mean = if args.center {
            data.mean.clone()
        } else {
            zeros(x.rows)?
        };
        let source = Source::Gappy {
            data: &data,
            mean: &mean,
        };
        let found = pairs_of(
            &source,
            args,
            &bounds,
            (x.rows, x.cols),
            data.known,
            control,
        )?;
        let center = args.center.then(|| data.means(&mean));
        return ended(found, center, data.scale);
    }
    let moments = feature_moments(x, args.center, args.scale)?;
    let source = Source::Whole {
        x,
        moments: &moments,
    };
    let found = pairs_of(
        &source,
        args,
        &bounds,
        (x.rows, x.cols),
        x.entries(),
        control,
    )?;
    ended(found, moments.center, moments.scale)
}

struct Deflated {
    pairs: Found,
    history: History,
    last: Measure,
    left: Vec<f64>,
    kkt: f64,
    stopped: Stopped,
}

fn ended(found: Deflated, center: Option<Vec<f64>>, scale: Option<Vec<f64>>) -> Result<SvdResult> {
    let Deflated {
        pairs: Found { u, d: sigma, v },
        history,
        last,
        left,
        kkt,
        stopped,
    } = found;
    let ended = Ended {
        last,
        kkt,
        stopped,
        left,
        center,
        scale,
    };
    result(Ritz { u, sigma, v }, history, ended)
}

fn pairs_of(
    source: &Source<'_>,
    args: &SvdArgs<'_>,
    bounds: &Bounds,
    (m, n): (usize, usize),
    entries: f64,
    control: Control<'_>,
) -> Result<Deflated> {
    let k = args.k;
    let mut found = Found {
        u: Matrix::zeros(m, 0)?,
        d: Vec::new(),
        v: Matrix::zeros(n, 0)?,
    };
    let mut history = History::new(entries);
    let mut now = source.begin()?;
    let total = now.own;
    let mut left = vec![total];
    let mut last = Measure {
        squares: now.squares,
        objective: total / 2.0,
    };
    let (mut stopped, mut kkt, mut penalties) = (Stopped::Converged, 0.0_f64, 0.0);

    'pairs: while found.d.len() < k {
        let nothing = || Ok(Pair::nothing(zeros(m)?, zeros(n)?));
        let none: Pair = nothing()?;
        let begun = source.rest(&found, &none, |a| begin(a, args, bounds, control))?;
        let Some(mut pair) = begun else {
            stopped = Stopped::Aborted;
            break;
        };
        let (before, start) = (now, left[found.d.len()]);
        let (mut gain, mut step) = (0.0, 1.0);
        now = Left {
            own: before.own,
            squares: before.squares,
            rows: before.rows.clone(),
        };
        for made in 0..args.max_iter {
            if (control.cancelled)() {
                stopped = Stopped::Aborted;
                break;
            }
            let (next, product) = source.rest(&found, &pair, |a| {
                let q = a.transposed(&vector(&pair.u)?)?.data;
                let v = unit(bounds.solve_h(q, &pair.u));
                let Some(v) = v else {
                    return Ok((nothing()?, Vec::new()));
                };
                let product = a.times(&vector(&v)?)?.data;
                let w = bounds.solve_w(product.clone(), &v);
                let d = length(&w);
                match unit(w) {
                    Some(u) if d * d > NOTHING * total => Ok((Pair { u, d, v }, product)),
                    _ => Ok((nothing()?, Vec::new())),
                }
            })?;
            step = change(&pair.u, &next.u).max(change(&pair.v, &next.v));
            pair = next;
            now = source.less(&before, &found, &pair, &product)?;
            let own = pair.penalty(bounds);
            let objective = now.own / 2.0 + penalties + own;
            // What seems to have risen did so by rounding.
            last = Measure {
                squares: now.squares,
                objective: last.objective.min(objective),
            };
            history.push(last, control);
            let brought = start / 2.0 - now.own / 2.0 - own;
            let settled = brought - gain <= args.tol * brought;
            gain = brought;
            if pair.d == 0.0 || settled {
                break;
            }
            if made == args.max_iter - 1 {
                stopped = Stopped::MaxIter;
            }
        }
        if pair.d == 0.0 {
            break 'pairs;
        }
        kkt = kkt.max(step);
        if !bounds.w.nonneg && !bounds.h.nonneg {
            pair.turn();
        }
        penalties += pair.penalty(bounds);
        left.push(now.own);
        found.push(pair)?;
        if stopped == Stopped::Aborted {
            break;
        }
    }
    let least = left[left.len() - 1];
    left.resize(k + 1, least);
    found.d.resize(k, 0.0);
    found.u = leading_columns(&found.u, k)?;
    found.v = leading_columns(&found.v, k)?;
    Ok(Deflated {
        pairs: found,
        history,
        last,
        left,
        kkt,
        stopped,
    })
}

/// The largest pair of what is left, its signs as the bounds want them; nothing once cancelled.
fn begin(
    a: &dyn Operator,
    args: &SvdArgs<'_>,
    bounds: &Bounds,
    control: Control<'_>,
) -> Result<Option<Pair>> {
    let few = args.start.cols.min(1 + BESIDE);
    let search = Search {
        solver: Solver::Krylov,
        start: Dense {
            rows: args.start.rows,
            cols: few,
            data: &args.start.data[..few * args.start.rows],
        },
        k: 1,
        changing: false,
    };
    let mut from: Option<Ritz> = None;
    for _ in 0..CYCLES {
        let Some(cycled) = search.cycle(a, from.as_ref(), 0, control)? else {
            return Ok(None);
        };
        let near = cycled.invariant || cycled.found.leading(1)?.largest_residual(a)? <= ROUGH;
        from = Some(cycled.found);
        if near {
            break;
        }
    }
    let mut best = match from {
        Some(from) => from.leading(1)?,
        None => Ritz::zeros(a.rows(), a.cols(), 1)?,
    };
    best.fix_signs();
    let kept = |sign: f64| {
        let of = |x: &[f64], nonneg: bool| {
            if nonneg {
                let cut: Vec<f64> = x.iter().map(|x| (sign * x).max(0.0)).collect();
                length(&cut)
            } else {
                length(x)
            }
        };
        of(&best.u.data, bounds.w.nonneg) * of(&best.v.data, bounds.h.nonneg)
    };
    let sign = if kept(1.0) >= kept(-1.0) { 1.0 } else { -1.0 };
    let mut u: Vec<f64> = best.u.data.iter().map(|x| sign * x).collect();
    if bounds.w.nonneg {
        u.iter_mut().for_each(|x| *x = x.max(0.0));
    }
    let zero = zeros(a.rows())?;
    Ok(Some(Pair::nothing(
        unit(u).unwrap_or(zero),
        zeros(a.cols())?,
    )))
}

impl Source<'_> {
    fn begin(&self) -> Result<Left> {
        match self {
            Self::Whole { moments, .. } => {
                let rows = Matrix::copied(moments.squares.len(), 1, &moments.squares)?.data;
                Self::of_rows(rows, moments)
            }
            Self::Gappy { data, mean } => {
                let none = Matrix::zeros(mean.len(), 0)?;
                let pairs = Matrix::zeros(data.cols(), 0)?;
                let (own, squares) = data.squares(&data.product(mean, &none, &[], &pairs)?)?;
                Ok(Left {
                    own,
                    squares,
                    rows: Vec::new(),
                })
            }
        }
    }

    fn of_rows(rows: Vec<f64>, moments: &Moments) -> Result<Left> {
        let pairs = rows.iter().enumerate();
        let squares = pairs.fold(0.0, |sum, (i, x)| {
            sum + x * moments.deviation(i) * moments.deviation(i)
        });
        Ok(Left {
            own: sum(&rows),
            squares: finite(squares)?,
            rows,
        })
    }

    /// What `then` makes of what pairs leave, completed with these and the one in work where entries are missing.
    fn rest<R>(
        &self,
        found: &Found,
        pair: &Pair,
        then: impl FnOnce(&dyn Operator) -> Result<R>,
    ) -> Result<R> {
        let less = found.product()?;
        match self {
            Self::Whole { x, moments } => then(&Plus {
                to: &Centered { x, moments },
                product: &less,
                by: -1.0,
            }),
            Self::Gappy { data, mean } => {
                let all = found.with(pair)?;
                let model = data.product(mean, &all.u, &all.d, &all.v)?;
                let means = data.product(mean, &found.u, &found.d, &found.v)?;
                data.completed(&model, |whole| {
                    then(&Plus {
                        to: whole,
                        product: &means,
                        by: -1.0,
                    })
                })
            }
        }
    }

    /// What is left once a pair is taken too, from its product with what was left before.
    fn less(&self, before: &Left, found: &Found, pair: &Pair, product: &[f64]) -> Result<Left> {
        match self {
            Self::Whole { x, moments } => {
                let mut rows = before.rows.clone();
                for ((row, u), p) in rows.iter_mut().zip(&pair.u).zip(product) {
                    *row -= 2.0 * pair.d * u * p - (pair.d * u) * (pair.d * u);
                }
                if sum(&rows) < EXPLICIT_BELOW * sum(&moments.squares) {
                    // Too few digits are left of the difference.
                    rows = residual_of(x, &found.with(pair)?.product()?, moments)?;
                    for (i, row) in rows.iter_mut().enumerate() {
                        *row /= moments.deviation(i) * moments.deviation(i);
                    }
                }
                Self::of_rows(rows, moments)
            }
            Self::Gappy { data, mean } => {
                let all = found.with(pair)?;
                let (own, squares) = data.squares(&data.product(mean, &all.u, &all.d, &all.v)?)?;
                Ok(Left {
                    own,
                    squares,
                    rows: Vec::new(),
                })
            }
        }
    }
}

impl Found {
    fn product(&self) -> Result<Product> {
        Ok(Product {
            left: scaled_columns(&self.u, &self.d)?,
            right: leading_columns(&self.v, self.d.len())?,
        })
    }

    fn with(&self, pair: &Pair) -> Result<Self> {
        let count = self.d.len();
        let mut all = Self {
            u: leading_columns(&self.u, count + 1)?,
            d: self.d.iter().copied().chain([pair.d]).collect(),
            v: leading_columns(&self.v, count + 1)?,
        };
        all.u.column_mut(count).copy_from_slice(&pair.u);
        all.v.column_mut(count).copy_from_slice(&pair.v);
        Ok(all)
    }

    fn push(&mut self, pair: Pair) -> Result<()> {
        *self = self.with(&pair)?;
        Ok(())
    }
}

impl Pair {
    fn nothing(u: Vec<f64>, v: Vec<f64>) -> Self {
        Self { u, d: 0.0, v }
    }

    fn penalty(&self, bounds: &Bounds) -> f64 {
        bounds.penalty(&self.u, self.d, &self.v)
    }

    /// Where neither side has a sign of its own, the largest entry of u (the first, among equals to rounding) is positive.
    fn turn(&mut self) {
        let least = (1.0 - 1e-9) * largest(&self.u);
        let lead = self.u.iter().find(|x| x.abs() >= least);
        if lead.is_some_and(|&x| x < 0.0) {
            self.u.iter_mut().chain(&mut self.v).for_each(|x| *x = -*x);
        }
    }
}

fn vector(x: &[f64]) -> Result<Matrix> {
    Matrix::copied(x.len(), 1, x)
}

fn change(before: &[f64], now: &[f64]) -> f64 {
    let most = largest(now);
    if most == 0.0 {
        return 0.0;
    }
    let pairs = before.iter().zip(now);
    pairs.fold(0.0_f64, |most, (a, b)| most.max((a - b).abs())) / most
}
