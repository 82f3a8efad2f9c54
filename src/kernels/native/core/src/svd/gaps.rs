//! An SVD of what is known of the data.

use super::cycles::Search;
use super::measure::{Measure, finite, scaled_columns, shrunk};
use super::moments::{Moments, feature_moments};
use super::operator::{Centered, Operator, Plus, Product};
use super::ritz::{Ritz, furthest, leading_columns};
use super::{Ended, History, SvdArgs, SvdResult, orthonormal};
use crate::control::{Control, Stopped};
use crate::data::{Block, Data, Layout, PartKind, Values};
use crate::difference::{Difference, Estimate};
use crate::error::Result;
use crate::matrix::Matrix;
use crate::memory::zeros;
use crate::mse::mse;
use crate::progress::settled;
use crate::reduce::sum;

/// The data as they are fitted: without their means where that keeps them sparse, and divided by deviations; what is missing
/// stays missing.
pub struct Prepared<'a> {
    x: &'a [Block<'a>],
    /// Entries of one's own of each block that has such: all of a dense one, column after column, or those that are listed.
    own: Vec<Option<Vec<f64>>>,
    layout: Layout,
    /// What was taken out of each feature.
    pub shift: Vec<f64>,
    /// What each was divided by, if any was.
    pub scale: Option<Vec<f64>>,
    /// Means of what is known of what is left.
    pub mean: Vec<f64>,
    /// Entries that are known.
    pub known: f64,
    rows: usize,
    cols: usize,
}

impl<'a> Prepared<'a> {
    /// Of X as its arguments have it.
    pub fn new(args: &SvdArgs<'a>) -> Result<Self> {
        let layout = Layout {
            k: args.start.cols,
            low_memory: false,
        };
        let x = Data::<f64>::new(args.x, layout)?;
        let moments = feature_moments(&x, args.center, args.scale)?;
        let mut shift = zeros(x.rows)?;
        let mut own = Vec::with_capacity(x.parts.len());
        let mut known = 0.0;
        for part in &x.parts {
            let missing = part.stored().iter().filter(|x| x.is_nan()).count();
            let rows = part.top..part.top + part.rows();
            let (listed, shifted) = match &part.kind {
                PartKind::Dense(_) => (part.rows() * x.cols, true),
                PartKind::Sparse(block) if block.unlisted_missing => (part.stored().len(), true),
                PartKind::Sparse(_) => (part.rows() * x.cols, false),
            };
            known += (listed - missing) as f64;
            if let (true, Some(center)) = (shifted, &moments.center) {
                shift[rows.clone()].copy_from_slice(&center[rows]);
            }
            let as_they_are = moments.scale.is_none() && (moments.center.is_none() || !shifted);
            let fitted =
                |i: usize, x: f64| (x - shift[part.top + i]) / moments.deviation(part.top + i);
            own.push(match &part.kind {
                _ if as_they_are => None,
                PartKind::Dense(block) => {
                    let mut data = zeros(block.data.len())?;
                    for (j, out) in data.chunks_exact_mut(block.rows.max(1)).enumerate() {
                        for (i, out) in out.iter_mut().enumerate() {
                            *out = fitted(i, block.data[i * block.down + j * block.across]);
                        }
                    }
                    Some(data)
                }
                PartKind::Sparse(block) => {
                    let columns = block.columns();
                    let mut values = Vec::with_capacity(block.values.len());
                    for j in 0..block.cols {
                        let (indices, own) = columns.list(j);
                        let pairs = indices.iter().zip(own);
                        values.extend(pairs.map(|(&i, &x)| fitted(i as usize, x)));
                    }
                    Some(values)
                }
            });
        }
        let mut data = Self {
            x: args.x,
            own,
            layout,
            shift,
            scale: moments.scale,
            mean: Vec::new(),
            known,
            rows: x.rows,
            cols: x.cols,
        };
        let left = feature_moments(&Data::new(&data.blocks(), layout)?, true, false)?;
        data.mean = left.center.unwrap_or_default();
        Ok(data)
    }

    fn blocks(&self) -> Vec<Block<'_>> {
        let pairs = self.x.iter().zip(&self.own);
        pairs
            .map(|(block, own)| match (*block, own) {
                (block, None) => block,
                (Block::Dense { rows, cols, .. }, Some(data)) => Block::Dense {
                    rows,
                    cols,
                    by_rows: false,
                    data: Values::F64(data),
                },
                (
                    Block::Csc {
                        rows,
                        cols,
                        indptr,
                        indices,
                        unlisted_missing,
                        ..
                    },
                    Some(values),
                ) => Block::Csc {
                    rows,
                    cols,
                    indptr,
                    indices,
                    values: Values::F64(values),
                    unlisted_missing,
                },
            })
            .collect()
    }

    /// What `then` makes of the data, completed with a model where entries are missing: sparse data stay sparse, and where
    /// most is missing they are the difference to the model, plus the model.
    pub fn completed<R>(
        &self,
        model: &Product,
        then: impl FnOnce(&dyn Operator) -> Result<R>,
    ) -> Result<R> {
        let blocks = self.blocks();
        let h = model.right.transposed()?;
        let estimate = Estimate {
            w: model.left.view(),
            h: h.view(),
            weights: None,
        };
        let difference = Difference::new(&blocks, &estimate, |weight| weight)?;
        let pieces: Vec<_> = difference
            .pieces
            .iter()
            .map(|piece| piece.block())
            .collect();
        let x = Data::new(&pieces, self.layout)?;
        let mut product = Product {
            left: leading_columns(&model.left, model.left.cols)?,
            right: leading_columns(&model.right, model.right.cols)?,
        };
        for piece in &difference.pieces {
            if piece.less.is_some() {
                for r in 0..product.left.cols {
                    product.left.column_mut(r)[piece.top..piece.top + piece.rows()].fill(0.0);
                }
            }
        }
        let plain = Moments {
            center: None,
            scale: None,
            squares: Vec::new(),
            empty: Vec::new(),
        };
        let x = Centered {
            x: &x,
            moments: &plain,
        };
        then(&Plus {
            to: &x,
            product: &product,
            by: 1.0,
        })
    }

    /// Σ (x − model)² over what is known, in the units of what is fitted and in those of the data.
    pub fn squares(&self, model: &Product) -> Result<(f64, f64)> {
        let of = |x: &[Block<'_>], model: &Product| {
            let h = model.right.transposed()?;
            let estimate = Estimate {
                w: model.left.view(),
                h: h.view(),
                weights: None,
            };
            finite(mse(x, &estimate)? * self.known)
        };
        let own = of(&self.blocks(), model)?;
        let Some(scale) = &self.scale else {
            return Ok((own, own));
        };
        // Means are one more factor.
        let r = model.left.cols;
        let mut left = leading_columns(&model.left, r + 1)?;
        let mut right = leading_columns(&model.right, r + 1)?;
        for column in left.data.chunks_exact_mut(self.rows) {
            column.iter_mut().zip(scale).for_each(|(x, s)| *x *= s);
        }
        left.column_mut(r).copy_from_slice(&self.shift);
        right.column_mut(r).fill(1.0);
        Ok((own, of(self.x, &Product { left, right })?))
    }

    /// μ·1ᵀ + U·diag(d)·Vᵀ of some of the pairs.
    pub fn product(&self, mean: &[f64], u: &Matrix, d: &[f64], v: &Matrix) -> Result<Product> {
        let r = d.len();
        let mut product = Product {
            left: leading_columns(&scaled_columns(u, d)?, r + 1)?,
            right: leading_columns(&leading_columns(v, r)?, r + 1)?,
        };
        product.left.column_mut(r).copy_from_slice(mean);
        product.right.column_mut(r).fill(1.0);
        Ok(product)
    }

    /// Number of samples.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// In units of the data.
    pub fn means(&self, mean: &[f64]) -> Vec<f64> {
        let scale = |i: usize| self.scale.as_ref().map_or(1.0, |scale| scale[i]);
        let pairs = self.shift.iter().zip(mean).enumerate();
        pairs
            .map(|(i, (shift, mean))| shift + scale(i) * mean)
            .collect()
    }
}

/// Where rounds of filling in stand.
struct Stand {
    mean: Vec<f64>,
    best: Ritz,
    /// The whole model.
    product: Product,
    /// What the next round begins from.
    found: Option<Ritz>,
    measured: Measure,
}

/// Rounds of expectation–maximisation (Srebro & Jaakkola 2003): missing entries are filled in with the model, the means are
/// those of the completed matrix, and one cycle of the search finds pairs for it that are no worse than those before. So J over
/// what is known never rises. Rounds fill in what lies further on the way that the last one took, more so as long as J falls;
/// where it doesn't, the round is made again without.
pub fn fill_in(args: &SvdArgs<'_>, control: Control<'_>) -> Result<SvdResult> {
    let data = Prepared::new(args)?;
    let l2 = args.l2;
    let search = Search {
        solver: args.solver,
        start: args.start,
        k: args.k,
        changing: true,
    };
    let stand_at = |mean: Vec<f64>, best: Ritz, found: Option<Ritz>| -> Result<Stand> {
        let product = data.product(&mean, &best.u, &best.sigma, &best.v)?;
        let (own, squares) = data.squares(&product)?;
        let shrinking = best.sigma.iter().fold(0.0, |sum, d| sum + d * d);
        let measured = Measure {
            squares,
            objective: (own + l2 * shrinking) / 2.0,
        };
        Ok(Stand {
            mean,
            best,
            product,
            found,
            measured,
        })
    };
    let round = |stand: &Stand, before: Option<&Stand>, momentum: f64| -> Result<Option<Stand>> {
        let model = beyond(
            &stand.product,
            before.map(|before| &before.product),
            momentum,
        )?;
        data.completed(&model, |whole| {
            let mean = if args.center {
                means_of(whole)?
            } else {
                zeros(data.rows)?
            };
            let ones = constant(&mean, data.cols)?;
            let a = Plus {
                to: whole,
                product: &ones,
                by: -1.0,
            };
            let Some(cycled) = search.cycle(&a, stand.found.as_ref(), 0, control)? else {
                return Ok(None);
            };
            let mut best = cycled.found.leading(args.k)?;
            best.sigma = shrunk(&best.sigma, l2);
            stand_at(mean, best, Some(cycled.found)).map(Some)
        })
    };

    let empty = Ritz::zeros(data.rows, data.cols, args.k)?;
    let mut stand = stand_at(data.mean.clone(), empty, None)?;
    let mut before: Option<Stand> = None;
    let mut history = History::new(data.known);
    let mut stopped = Stopped::MaxIter;
    let mut ahead = 0;
    while history.iterates.len() < args.max_iter {
        let momentum = ahead as f64 / (ahead as f64 + 3.0);
        let mut next = round(&stand, before.as_ref(), momentum)?;
        let lower = |next: &Option<Stand>, stand: &Stand| match next {
            Some(next) => next.measured.objective <= stand.measured.objective,
            None => true,
        };
        if ahead > 0 && !lower(&next, &stand) {
            ahead = 0;
            next = round(&stand, None, 0.0)?;
        }
        let Some(next) = next else {
            stopped = Stopped::Aborted;
            break;
        };
        // Without centring the first round has no means to begin from.
        if !history.iterates.is_empty() && next.measured.objective > stand.measured.objective {
            stopped = Stopped::Converged;
            break;
        }
        ahead = if history.iterates.is_empty() {
            0
        } else {
            ahead + 1
        };
        before = Some(std::mem::replace(&mut stand, next));
        history.push(stand.measured, control);
        if settled(&history.iterates, args.tol) {
            stopped = Stopped::Converged;
            break;
        }
    }
    if stand.found.is_none() && !args.center {
        let empty = Ritz::zeros(data.rows, data.cols, args.k)?;
        stand = stand_at(zeros(data.rows)?, empty, None)?;
    }
    let Stand {
        mean,
        best,
        product,
        found,
        measured,
    } = stand;
    let kkt = if found.is_some() {
        open(&data, &mean, &best, &product, l2)?
    } else {
        1.0
    };
    let mut left = Vec::with_capacity(args.k + 1);
    for r in 0..=args.k {
        let first = data.product(&mean, &best.u, &best.sigma[..r], &best.v)?;
        left.push(data.squares(&first)?.0);
    }
    let center = args.center.then(|| data.means(&mean));
    let ended = Ended {
        last: measured,
        kkt,
        stopped,
        left,
        center,
        scale: data.scale,
    };
    orthonormal(best, history, ended)
}

/// A model, and as much again of what it has moved by.
fn beyond(now: &Product, before: Option<&Product>, momentum: f64) -> Result<Product> {
    let Some(before) = before.filter(|_| momentum > 0.0) else {
        return Ok(Product {
            left: leading_columns(&now.left, now.left.cols)?,
            right: leading_columns(&now.right, now.right.cols)?,
        });
    };
    let r = now.left.cols;
    let mut out = Product {
        left: leading_columns(&now.left, 2 * r)?,
        right: leading_columns(&now.right, 2 * r)?,
    };
    let (own, other) = out.left.data.split_at_mut(now.left.data.len());
    own.iter_mut().for_each(|x| *x *= 1.0 + momentum);
    let pairs = other.iter_mut().zip(&before.left.data);
    pairs.for_each(|(out, x)| *out = -momentum * x);
    out.right.data[now.right.data.len()..].copy_from_slice(&before.right.data);
    Ok(out)
}

/// μ·1ᵀ
fn constant(mean: &[f64], cols: usize) -> Result<Product> {
    Ok(Product {
        left: Matrix::copied(mean.len(), 1, mean)?,
        right: Matrix::copied(cols, 1, &vec![1.0; cols])?,
    })
}

fn means_of(a: &dyn Operator) -> Result<Vec<f64>> {
    let n = a.cols();
    let ones = Matrix::copied(n, 1, &vec![1.0; n])?;
    let sums = a.times(&ones)?.data;
    Ok(sums.into_iter().map(|sum| sum / n as f64).collect())
}

/// How far the pairs are from those of the matrix that they complete, on either side, as a fraction of the largest σ.
fn open(data: &Prepared<'_>, mean: &[f64], best: &Ritz, product: &Product, l2: f64) -> Result<f64> {
    let sigma: Vec<f64> = best.sigma.iter().map(|d| d * (1.0 + l2)).collect();
    if sum(&sigma) == 0.0 {
        return Ok(0.0);
    }
    let ones = constant(mean, data.cols)?;
    data.completed(product, |whole| {
        let a = Plus {
            to: whole,
            product: &ones,
            by: -1.0,
        };
        let left = furthest(&a.times(&best.v)?, &best.u, &sigma);
        let right = furthest(&a.transposed(&best.u)?, &best.v, &sigma);
        Ok(left.max(right) / sigma[0])
    })
}
