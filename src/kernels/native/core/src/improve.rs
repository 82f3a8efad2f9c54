use crate::data::{Block, Data, Dense, Layout};
use crate::error::{KernelError, Result};
use crate::hold_out::{Lists, Mask, Weights};
use crate::matrix::Matrix;
use crate::objective::StepTerms;
use crate::panel::Panel;
use crate::parallel::{each_task, even_ranges, tasks_of};
use crate::quadratic::{Bounds, Quadratic};
use crate::reduce::gram;
use crate::solver::own::ListedGram;
use crate::solver::{Prepared, Solver};
use crate::view::Side;

/// Most sweeps over a column.
const SWEEPS: usize = 50;

/// A factor of a model, and how the squares that it is to lower go down from where it is.
pub struct ImproveArgs<'a> {
    /// features × k or k × samples.
    pub factor: Dense<'a>,
    /// Which of the two.
    pub side: Side,
    /// Less the derivative, of its shape.
    pub slope: Dense<'a>,
    /// No entry below zero.
    pub nonneg: bool,
    /// The squares.
    pub terms: &'a [Term<'a>],
}

/// ½·by·Σ ω_ij·(x_ij − w_i·h_j)² over what is known: of X only that is looked at.
#[derive(Clone, Copy)]
pub struct Term<'a> {
    /// Row blocks of X.
    pub x: &'a [Block<'a>],
    /// As those of an estimate.
    pub weights: Option<&'a [Option<Block<'a>>]>,
    /// The other factor: k × samples, or features × k.
    pub partner: Dense<'a>,
    /// Above zero.
    pub by: f64,
}

/// A term as the columns of the factor see it.
struct Curved {
    partner: Panel<f64>,
    /// What is known in each column, or one Gram matrix for all.
    known: Known,
    by: f64,
}

enum Known {
    All(Vec<f64>),
    Listed(Lists),
}

/// The factor after coordinate sweeps over each of its columns (rows, of features), which never raise the sum of the terms:
/// each has the curvature of what is known of it.
pub fn improve(args: &ImproveArgs<'_>) -> Result<Matrix> {
    let ImproveArgs {
        factor,
        side,
        slope,
        nonneg,
        terms,
    } = *args;
    factor.check()?;
    slope.check()?;
    let (k, count) = match side {
        Side::W => (factor.cols, factor.rows),
        Side::H => (factor.rows, factor.cols),
    };
    let same = slope.rows == factor.rows && slope.cols == factor.cols;
    if !same || k == 0 || count == 0 || terms.is_empty() {
        return Err(KernelError::invalid(
            "a factor must have a slope of its shape, and terms that it is to lower",
        ));
    }
    let curved = terms.iter().map(|term| Curved::new(term, side, k, count));
    let curved: Vec<Curved> = curved.collect::<Result<_>>()?;
    let panel = |matrix: &Dense<'_>| match side {
        Side::W => Panel::<f64>::from_rows(matrix),
        Side::H => Panel::from_columns(matrix),
    };
    let (mut out, slope) = (panel(&factor)?, panel(&slope)?);
    let stride = out.stride;
    let listed = |term: &Curved| match &term.known {
        Known::All(_) => 0,
        Known::Listed(lists) => lists.len(),
    };
    let work = (count + curved.iter().map(listed).sum::<usize>()) * k * k;
    let ranges = even_ranges(count, tasks_of(work), |c| c);
    let tasks = out.split(&ranges).into_iter().zip(&ranges);
    let done = each_task(tasks.collect(), work, |_, (out, range)| {
        let mut own = ListedGram::new(k)?;
        for (c, x) in range.clone().zip(out.chunks_exact_mut(stride)) {
            let mut gram = vec![0.0; k * k];
            for Curved { partner, known, by } in &curved {
                let add = |out: &mut [f64], gram: &[f64]| {
                    out.iter_mut().zip(gram).for_each(|(out, x)| *out += by * x);
                };
                match known {
                    Known::All(all) => add(&mut gram, all),
                    Known::Listed(lists) => add(&mut gram, &own.of(lists, partner, c)),
                }
            }
            let mut b = slope.column(c).to_vec();
            for (b, row) in b.iter_mut().zip(gram.chunks_exact(k)) {
                *b += row.iter().zip(&*x).map(|(g, x)| g * x).sum::<f64>();
            }
            let terms = StepTerms {
                ridge: vec![0.0; k],
                linear: vec![0.0; k],
                coupling: None,
            };
            let bounds = Bounds {
                nonneg,
                upper: f64::INFINITY,
            };
            let quadratic = Quadratic::new::<f64>((&gram).into(), terms, bounds);
            Prepared::new(Solver::Hals, &quadratic, SWEEPS, None)?.solve(c, stride, x, &b)?;
        }
        Ok(())
    });
    done.into_iter().collect::<Result<Vec<()>>>()?;
    if side == Side::W {
        return out.to_rows();
    }
    out.to_columns()
}

impl Curved {
    fn new(term: &Term<'_>, side: Side, k: usize, count: usize) -> Result<Self> {
        let Term {
            x,
            weights,
            partner,
            by,
        } = *term;
        let layout = Layout {
            k,
            low_memory: true,
        };
        let x = Data::<f64>::new(x, layout)?;
        partner.check()?;
        let (own, other, partner_k) = match side {
            Side::W => (x.rows == count, partner.cols == x.cols, partner.rows),
            Side::H => (x.cols == count, partner.rows == x.rows, partner.cols),
        };
        if !(own && other && partner_k == k && by > 0.0 && by.is_finite()) {
            return Err(KernelError::invalid(
                "a term must have data and a partner that fit the factor, and count more than nothing",
            ));
        }
        let partner = match side {
            Side::W => Panel::from_columns(&partner)?,
            Side::H => Panel::from_rows(&partner)?,
        };
        let weights = weights.map(|blocks| Weights::new(blocks, &x)).transpose()?;
        if weights.is_none() && !x.has_gaps() {
            let known = Known::All(gram(&partner)?);
            return Ok(Self { partner, known, by });
        }
        let mut missing = Mask::unknown(&x)?;
        if let Some(weights) = &weights {
            weights.hide(&mut missing)?;
        }
        let share = 1.0 - missing.count() as f64 / x.entries();
        let known = missing.complement()?;
        let mut lists = match side {
            Side::W => Lists::new::<f64>(&known, share, k)?,
            Side::H => Lists::new::<f64>(&known.transposed()?, share, k)?,
        };
        if let Some(weights) = &weights {
            match side {
                Side::W => lists.weigh(|i, j| weights.at(i, j))?,
                Side::H => lists.weigh(|j, i| weights.at(i, j))?,
            }
        }
        let known = Known::Listed(lists);
        Ok(Self { partner, known, by })
    }
}
