use super::super::column::Column;
use super::super::half_step::{COST, way_of, widest};
use super::super::improve::{Improver, Terms};
use super::super::loss::Loss;
use super::super::parameters::Pair;
use super::super::sight::Sight;
use crate::error::Result;
use crate::panel::Panel;
use crate::parallel::each_task;
use crate::reduce::sums_of_magnitudes;
use crate::tied::Form;
use crate::view::{Side, View};

/// Damping counts entries of W below this part of the mean of their factor as if they were that, else zeros would stay.
const SMALL: f64 = 1e-3;

/// The columns of a factor while its partner stands still.
pub struct Rows<'a> {
    sight: Sight<'a, f64>,
    view: &'a View<'a, f64>,
    beside: Option<Beside>,
}

/// What they have beside the data: slopes, and ridges.
struct Beside {
    added: Panel<f64>,
    ridge: Option<Panel<f64>>,
}

/// Slopes and curvatures of the data in every coordinate of a factor.
struct Bends {
    slope: Panel<f64>,
    curvature: Panel<f64>,
}

impl<'a> Rows<'a> {
    /// Those of a factor, with nothing beside the data.
    fn plain(pair: &Pair<'a, f64>, loss: &'a Loss, side: Side) -> Result<Self> {
        let (partner, view) = match side {
            Side::W => (pair.h, pair.by_row),
            Side::H => (pair.w, pair.by_column),
        };
        Ok(Self {
            sight: Sight::new(pair.lines, side, partner, loss, pair.plan)?,
            view,
            beside: None,
        })
    }

    /// Those of W while H stands still. For `Form::Symmetric` their slope is half of what J has in truth, as W comes in twice;
    /// Xᵀ is X. For `Form::Projective` that is U + X·V for the slopes U and V by W and by H: half of what it has beyond U is
    /// taken away.
    pub fn new(pair: &Pair<'a, f64>, loss: &'a Loss, form: Form, damping: f64) -> Result<Self> {
        let columns = Self::plain(pair, loss, Side::H)?;
        if form == Form::Symmetric {
            return Ok(columns);
        }
        let mut rows = Self::plain(pair, loss, Side::W)?;
        let (u, v) = (rows.bends(pair.w)?, columns.bends(pair.h)?);
        let mut added = pair.by_row.product(&v.slope)?;
        let ridge = loss
            .is_positive()
            .then(|| damped(pair, &v.curvature, damping))
            .transpose()?;
        let slopes = u.slope.data().iter().zip(added.data_mut());
        slopes.for_each(|(u, xv)| *xv = (*xv - u) / 2.0);
        if let Some(ridge) = &ridge {
            let held = ridge.data().iter().zip(pair.w.data());
            (held.zip(added.data_mut())).for_each(|((ridge, w), added)| *added -= ridge * w);
        }
        rows.beside = Some(Beside { added, ridge });
        Ok(rows)
    }

    /// Improves all of them.
    pub fn improve(&self, factor: &mut Panel<f64>, sweeps: usize) -> Result<()> {
        let way = way_of(self.sight.loss, false);
        self.each(factor, |column, improver, x, terms| {
            improver.improve(column, x, terms, way, sweeps)
        })?;
        Ok(())
    }

    /// The largest step that a coordinate can still take, as a fraction of the largest of its row.
    pub fn open(&self, factor: &Panel<f64>) -> Result<f64> {
        let way = way_of(self.sight.loss, false);
        let steps = self.each(&mut factor.copied()?, |column, improver, x, terms| {
            let steps = improver.open(column, x, terms, way)?;
            Ok(steps.into_iter().zip(x.iter().copied()).collect())
        })?;
        Ok(widest(factor.k, steps))
    }

    fn bends(&self, factor: &Panel<f64>) -> Result<Bends> {
        let way = way_of(self.sight.loss, false);
        let found = self.each(&mut factor.copied()?, |column, improver, x, _| {
            improver.bends(column, x, way)
        })?;
        let (k, cols) = (factor.k, factor.cols);
        let mut out = Bends {
            slope: Panel::zeros(k, cols)?,
            curvature: Panel::zeros(k, cols)?,
        };
        for (c, own) in found.iter().enumerate() {
            out.slope.column_mut(c)[..k].copy_from_slice(&own.slopes);
            out.curvature.column_mut(c)[..k].copy_from_slice(&own.curvatures);
        }
        Ok(out)
    }

    /// What `call` returns for each column, in their order.
    fn each<R: Send>(
        &self,
        factor: &mut Panel<f64>,
        call: impl Fn(&mut Column<'_, f64>, &mut Improver<f64>, &mut [f64], &Terms<'_>) -> Result<R>
        + Sync,
    ) -> Result<Vec<R>> {
        let (k, stride) = (factor.k, factor.stride);
        let none = vec![0.0; k];
        let ranges = &self.view.ranges;
        let work = COST * self.view.x.stored * k;
        let tasks = factor.split(ranges).into_iter().zip(ranges).collect();
        let done = each_task(tasks, work, |_, (out, range)| {
            let mut column = Column::new(&self.sight, range)?;
            let mut improver = Improver::new(k);
            let mut found = Vec::with_capacity(range.len());
            for (own, x) in range.clone().zip(out.chunks_exact_mut(stride)) {
                let beside = self.beside.as_ref();
                let ridge = beside.and_then(|beside| beside.ridge.as_ref());
                let terms = Terms {
                    added: beside.map_or(&none, |beside| &beside.added.column(own)[..k]),
                    ridge: ridge.map_or(&none, |ridge| &ridge.column(own)[..k]),
                    shrink: &none,
                    coupling: None,
                    lower: 0.0,
                    upper: f64::INFINITY,
                };
                column.load(own)?;
                found.push(call(&mut column, &mut improver, &mut x[..k], &terms)?);
            }
            Ok(found)
        });
        let done: Result<Vec<Vec<R>>> = done.into_iter().collect();
        Ok(done?.into_iter().flatten().collect())
    }
}

/// ρ of ½ρ·(w − w̃)², which is to hold what H bends as W moves: of a row r of H = WᵀX with curvatures c
/// Σ_j c_j·(Σ_i x_ij·d_i)² ≤ Σ_i d_i²·(Σ_j x_ij·h_j·c_j) / w_i, as no entry is negative. Where estimates are what curvatures
/// hang on, a row would go too far without it.
fn damped(pair: &Pair<'_, f64>, curvature: &Panel<f64>, damping: f64) -> Result<Panel<f64>> {
    let w = pair.w;
    let mut bent = pair.h.copied()?;
    let curved = bent.data_mut().iter_mut().zip(curvature.data());
    curved.for_each(|(h, c)| *h *= c);
    let mut out = pair.by_row.product(&bent)?;
    let mut least = sums_of_magnitudes(w);
    least.iter_mut().for_each(|x| *x *= SMALL / w.cols as f64);
    for i in 0..w.cols {
        let entries = out.column_mut(i)[..w.k].iter_mut().zip(w.column(i));
        for ((x, w), least) in entries.zip(&least) {
            *x = if *x > 0.0 {
                damping * *x / w.max(*least)
            } else {
                0.0
            };
        }
    }
    Ok(out)
}
