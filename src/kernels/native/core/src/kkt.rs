use std::ops::Range;

use crate::column_terms::Columns;
use crate::data::Element;
use crate::error::Result;
use crate::half_step::{Product, correct};
use crate::hold_out::Listed;
use crate::memory::Aligned;
use crate::panel::Panel;
use crate::parallel::each_task;
use crate::quadratic::{Quadratic, dead_below};
use crate::reduce::{cross_of, gram, in_order};
use crate::simd::Real;
use crate::solver::multiplicative::{gram_panel, times_gram};

/// What a last look at a factor tells.
pub struct Open {
    /// The largest step any coordinate can still take towards its minimiser, as a fraction of the largest entry of its row.
    pub step: f64,
    /// Of each row of the factor with that of the product of the partner with the data: ⟨X, w_r·h_r⟩.
    pub cross: Vec<f64>,
    /// ‖w_r·h_r‖² over the entries that are listed, each times its weight; none where none are.
    pub listed: Option<Vec<f64>>,
}

/// What a range of columns tells.
struct Part {
    /// Largest open step and largest entry of each coordinate.
    widest: Vec<(f64, f64)>,
    cross: Vec<f64>,
    listed: Option<Vec<f64>>,
}

/// Looks how far a factor is from its minimiser. Where entries are held out, the quadratic of each column is its own.
pub fn largest_step<T: Element>(
    product: Product<'_, T>,
    ranges: &[Range<usize>],
    factor: &Panel<T>,
    partner: &Panel<T>,
    quadratic: &Quadratic<'_>,
    own: Option<Listed<'_>>,
    columns: Option<&Columns<T>>,
) -> Result<Open> {
    let (k, stride) = (factor.k, factor.stride);
    let gram: Aligned<T> = gram_panel(k, &quadratic.gram, 1.0)?;
    let masked = own
        .map(|listed| Own::new(listed, factor, partner))
        .transpose()?;
    let work = (product.entries() + factor.cols * k) * k;
    let parts = each_task(ranges.to_vec(), work, |_, range| {
        let x = &factor.data()[range.start * stride..range.end * stride];
        let mut made = Aligned::default();
        let product = product.columns(partner, &range, || {
            made = Aligned::zeros(x.len())?;
            Ok(&mut made)
        })?;
        let cross = cross_of(k, stride, x, product);
        let mut whole;
        let product = match columns {
            None => product,
            Some(columns) => {
                whole = Aligned::zeros(x.len())?;
                let added = &columns.added.data()[range.start * stride..range.end * stride];
                for ((to, b), x) in whole.iter_mut().zip(product).zip(added) {
                    *to = b.plus(*x);
                }
                &whole[..]
            }
        };
        let spread = |c: usize, r: usize| {
            let own = columns.and_then(|columns| columns.own.as_ref());
            own.map_or(0.0, |own| {
                own.spread[r] * own.weights[range.start + c].to_f64()
            })
        };
        if let Some(own) = &masked {
            let (gx, diagonal) = own.look(&range)?;
            let wide = own.factor.stride;
            let at = |c: usize, r: usize| Slope {
                gx: gx[c * wide + r] + coupled(quadratic, &x[c * stride..], r),
                spread: spread(c, r),
                curvature: own.curvature::<T>(quadratic, r, &diagonal[c * k..(c + 1) * k]),
            };
            let squares = listed_squares(k, stride, x, &diagonal);
            return Ok(Part {
                widest: widest(quadratic, stride, x, product, at),
                cross,
                listed: Some(squares),
            });
        }
        let mut gx = Aligned::zeros(x.len())?;
        times_gram(&gram, stride, x, &mut gx);
        let at = |c: usize, r: usize| Slope {
            gx: gx[c * stride + r].to_f64(),
            spread: spread(c, r),
            curvature: quadratic.curvature[r],
        };
        Ok(Part {
            widest: widest(quadratic, stride, x, product, at),
            cross,
            listed: None,
        })
    });
    let mut widest = vec![(0.0_f64, 0.0_f64); k];
    let parts: Vec<Part> = parts.into_iter().collect::<Result<_>>()?;
    for part in &parts {
        for ((open, scale), (o, s)) in widest.iter_mut().zip(&part.widest) {
            (*open, *scale) = (open.max(*o), scale.max(*s));
        }
    }
    let (crosses, listed): (Vec<_>, Vec<_>) = parts
        .into_iter()
        .map(|part| (part.cross, part.listed))
        .unzip();
    let listed: Option<Vec<Vec<f64>>> = listed.into_iter().collect();
    let step = widest.iter().fold(0.0, |most: f64, &(open, scale)| {
        match (open > 0.0, scale > 0.0) {
            (false, _) => most,
            (true, true) => most.max(open / scale),
            (true, false) => most.max(1.0),
        }
    });
    Ok(Open {
        step,
        cross: in_order(crosses, k),
        listed: listed.map(|listed| in_order(listed, k)),
    })
}

/// Row r of G·x, its curvature, 0 where the coordinate is to be left alone, and what the column's own diagonal adds to both.
struct Slope {
    gx: f64,
    spread: f64,
    curvature: f64,
}

/// Row r of the coupling times x.
fn coupled<T: Real>(quadratic: &Quadratic<'_>, x: &[T], r: usize) -> f64 {
    let k = quadratic.k;
    let Some(coupling) = &quadratic.terms.coupling else {
        return 0.0;
    };
    let row = coupling[r * k..(r + 1) * k].iter().zip(x);
    row.fold(0.0, |sum, (c, x)| sum + c * x.to_f64())
}

/// How far a step goes for each unit of slope.
fn flatness(curvature: f64) -> f64 {
    (1.0 / curvature).min(f64::MAX)
}

/// Largest open step and largest entry of each coordinate.
fn widest<T: Real>(
    quadratic: &Quadratic<'_>,
    stride: usize,
    x: &[T],
    b: &[T],
    slope: impl Fn(usize, usize) -> Slope,
) -> Vec<(f64, f64)> {
    let Quadratic {
        k,
        terms,
        lower,
        upper,
        ..
    } = quadratic;
    let mut widest = vec![(0.0_f64, 0.0_f64); *k];
    for (c, (x, b)) in x
        .chunks_exact(stride)
        .zip(b.chunks_exact(stride))
        .enumerate()
    {
        for (r, widest) in widest.iter_mut().enumerate() {
            let at = x[r].to_f64();
            widest.1 = widest.1.max(at.abs());
            let Slope {
                gx,
                spread,
                curvature,
            } = slope(c, r);
            if curvature > 0.0 {
                let flatness = flatness(curvature + spread);
                let free = at - (gx - b[r].to_f64() + (terms.ridge[r] + spread) * at) * flatness;
                let shrink = terms.linear[r] * flatness;
                let to = ((free - shrink).max(0.0) + (free + shrink).min(0.0))
                    .max(*lower)
                    .min(*upper);
                widest.0 = widest.0.max((to - at).abs());
            }
        }
    }
    widest
}

/// Σ_j x_rj²·D_rj for each row r of some columns, D being k numbers for each.
fn listed_squares<T: Real>(k: usize, stride: usize, x: &[T], diagonal: &[f64]) -> Vec<f64> {
    let mut sums = vec![0.0; k];
    for (x, diagonal) in x.chunks_exact(stride).zip(diagonal.chunks_exact(k)) {
        for ((sum, x), d) in sums.iter_mut().zip(x).zip(diagonal) {
            *sum += d * x.to_f64() * x.to_f64();
        }
    }
    sums
}

/// Gram matrices of each column's own, in 64 bits, by what they do.
struct Own<'a> {
    listed: Listed<'a>,
    factor: Panel<f64>,
    partner: Panel<f64>,
    /// −G as a panel.
    less: Aligned<f64>,
    diagonal: Vec<f64>,
    /// What a dead curvature is at most.
    dead: f64,
}

impl<'a> Own<'a> {
    fn new<T: Real>(listed: Listed<'a>, factor: &Panel<T>, partner: &Panel<T>) -> Result<Self> {
        let partner = partner.widened()?;
        let gram = gram(&partner)?;
        let diagonal: Vec<f64> = gram.iter().step_by(partner.k + 1).copied().collect();
        Ok(Self {
            listed,
            factor: factor.widened()?,
            less: gram_panel(partner.k, &gram, -1.0)?,
            dead: dead_below::<T>() * diagonal.iter().fold(0.0, |most: f64, x| most.max(*x)),
            diagonal,
            partner,
        })
    }

    /// G_j·x_j for some columns j, and over their listed entries the diagonals of the partner's, k numbers each.
    fn look(&self, range: &Range<usize>) -> Result<(Aligned<f64>, Vec<f64>)> {
        let (k, stride) = (self.factor.k, self.factor.stride);
        let Listed { lists, seen } = self.listed;
        let x = &self.factor.data()[range.start * stride..range.end * stride];
        let mut out = Aligned::zeros(x.len())?;
        if !seen {
            times_gram(&self.less, stride, x, &mut out);
        }
        correct(lists, &self.partner, range, x, &mut out, None);
        if !seen {
            out.iter_mut().for_each(|x| *x = -*x);
        }
        let partner = self.partner.data();
        let mut diagonal = vec![0.0; range.len() * k];
        for window in 0..lists.windows {
            let bounds = lists.bounds(window, range);
            let from = lists.first(window);
            for (sums, ends) in diagonal.chunks_exact_mut(k).zip(bounds.windows(2)) {
                for p in ends[0]..ends[1] {
                    let column = from + usize::from(lists.indices[p]);
                    let column = &partner[column * stride..(column + 1) * stride];
                    let weight = lists.weights.as_ref().map_or(1.0, |weights| weights[p]);
                    sums.iter_mut()
                        .zip(column)
                        .for_each(|(sum, x)| *sum += weight * x * x);
                }
            }
        }
        Ok((out, diagonal))
    }

    fn curvature<T: Real>(&self, quadratic: &Quadratic<'_>, r: usize, listed: &[f64]) -> f64 {
        let own = if self.listed.seen {
            listed[r]
        } else {
            self.diagonal[r] - listed[r]
        };
        let dead = match self.listed.lists.weights {
            None => self.dead,
            // All of a column may count little.
            Some(_) => dead_below::<T>() * listed.iter().fold(0.0, |most: f64, x| most.max(*x)),
        };
        let curvature = own + quadratic.terms.ridge[r];
        if own > dead && curvature.is_finite() {
            curvature
        } else {
            0.0
        }
    }
}
