use std::ops::{ControlFlow, Range};

use crate::data::{Data, Element};
use crate::error::{KernelError, Result};
use crate::half_step::{Beside, Done, HalfStep, Product};
use crate::panel::Panel;
use crate::parallel::{each_task, even_ranges, tasks_of};
use crate::products::add_rows;
use crate::reduce::{Squares, sum, sum_of_squares};
use crate::residual::{Gaps, add_by_row, residual};
use crate::stream::{Listed, Streamed, Together};
use crate::view::{Side, View, dense_ranges, listed_ranges};

/// X as a fit reads it. Where it is streamed each of these is one walk through it, and has the bits that it has where X is in
/// memory: chains and sums go on from panel to panel.
pub struct Walked<'a, T: Element> {
    x: X<'a, T>,
    /// How work and sums over the features are cut.
    pub by_row: Vec<Range<usize>>,
    /// The same over the samples.
    pub by_column: Vec<Range<usize>>,
}

enum X<'a, T: Element> {
    Whole(&'a Data<'a, T>),
    Streamed(Streamed<'a>, Vec<Together>),
}

/// What a half-step for H leaves behind.
pub struct Improved<T: Element> {
    pub done: Done,
    /// H·Xᵀ, where X would have to be read again for it.
    pub crossed: Option<Panel<T>>,
}

impl<'a, T: Element> Walked<'a, T> {
    pub fn whole(x: &'a Data<'a, T>, k: usize) -> Result<Self> {
        Ok(Self {
            by_row: View::new(x, Side::W, k)?.ranges,
            by_column: View::new(x, Side::H, k)?.ranges,
            x: X::Whole(x),
        })
    }

    pub fn streamed(x: Streamed<'a>, k: usize) -> Result<Self> {
        let (by_row, by_column) = match x.listed {
            None => (
                dense_ranges::<T>(k, x.rows, x.cols)?,
                dense_ranges::<T>(k, x.cols, x.rows)?,
            ),
            Some(Listed { by_row, by_column }) => (
                listed_ranges::<T>(k, by_row, x.cols)?,
                listed_ranges::<T>(k, by_column, x.rows)?,
            ),
        };
        let panels = x.panels(&by_column);
        Ok(Self {
            by_row,
            by_column,
            x: X::Streamed(x, panels),
        })
    }

    pub fn rows(&self) -> usize {
        match &self.x {
            X::Whole(x) => x.rows,
            X::Streamed(x, _) => x.rows,
        }
    }

    pub fn cols(&self) -> usize {
        match &self.x {
            X::Whole(x) => x.cols,
            X::Streamed(x, _) => x.cols,
        }
    }

    /// Listed entries.
    pub fn stored(&self) -> usize {
        match &self.x {
            X::Whole(x) => x.stored,
            X::Streamed(x, _) => x.entries(),
        }
    }

    /// Number of entries, zeros included.
    pub fn entries(&self) -> f64 {
        self.rows() as f64 * self.cols() as f64
    }

    fn view(x: &'a Data<'a, T>, side: Side, ranges: &[Range<usize>]) -> View<'a, T> {
        let ranges = ranges.to_vec();
        View { x, side, ranges }
    }

    /// ‖X‖², and W·X where that takes no walk more and is wanted.
    pub fn squares(&self, w: Option<&Panel<T>>) -> Result<(f64, Option<Panel<T>>)> {
        let (x, panels) = match &self.x {
            X::Whole(x) => return Ok((sum_of_squares(x), None)),
            X::Streamed(x, panels) => (x, panels),
        };
        let mut squares = Squares::default();
        let mut product = w.map(|w| Panel::zeros(w.k, self.cols())).transpose()?;
        let k = w.map_or(1, |w| w.k);
        let flow = x.walk::<T>(k, panels, |panel, x| {
            squares.add(x);
            if let (Some(w), Some(product)) = (w, &mut product) {
                put(product, &panel.columns, &part_of(w, x)?);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        debug_assert!(flow.is_continue());
        Ok((squares.total(), product))
    }

    /// W·X.
    pub fn with_w(&self, w: &Panel<T>) -> Result<Panel<T>> {
        match &self.x {
            X::Whole(x) => Self::view(x, Side::H, &self.by_column).product(w),
            X::Streamed(..) => Ok(self.both(w, None)?.0),
        }
    }

    /// W·X and H·Xᵀ, in one walk; nothing where X is in memory and each can be had by itself.
    pub fn walked(&self, w: &Panel<T>, h: &Panel<T>) -> Result<Option<(Panel<T>, Panel<T>)>> {
        match &self.x {
            X::Whole(_) => Ok(None),
            X::Streamed(..) => self.both(w, Some(h)).map(Some),
        }
    }

    fn both(&self, w: &Panel<T>, h: Option<&Panel<T>>) -> Result<(Panel<T>, Panel<T>)> {
        let X::Streamed(x, panels) = &self.x else {
            return Err(KernelError::invalid(
                "data in memory are not walked through",
            ));
        };
        let mut product = Panel::zeros(w.k, self.cols())?;
        let mut crossed = Panel::zeros(w.k, if h.is_some() { self.rows() } else { 0 })?;
        let flow = x.walk::<T>(w.k, panels, |panel, x| {
            put(&mut product, &panel.columns, &part_of(w, x)?);
            if let Some(h) = h {
                self.add(h, &panel.columns, x, &mut crossed);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        debug_assert!(flow.is_continue());
        Ok((product, crossed))
    }

    /// Goes on with H·Xᵀ by some columns.
    fn add(&self, h: &Panel<T>, columns: &Range<usize>, x: &Data<'_, T>, crossed: &mut Panel<T>) {
        let k = h.k;
        let h = &h.data()[columns.start * h.stride..columns.end * h.stride];
        let tasks = crossed.split(&self.by_row).into_iter().zip(&self.by_row);
        each_task(tasks.collect(), x.stored * k, |_, (out, rows)| {
            add_rows(h, k, x, rows.clone(), out);
        });
    }

    /// Calls with the product that a half-step reads; where X is streamed it must be known.
    pub fn with_product<R>(
        &self,
        side: Side,
        known: Option<&Panel<T>>,
        call: impl FnOnce(Product<'_, T>, &[Range<usize>]) -> Result<R>,
    ) -> Result<R> {
        let ranges = match side {
            Side::W => &self.by_row,
            Side::H => &self.by_column,
        };
        match (known, &self.x) {
            (Some(known), _) => call(Product::Known(known, 0), ranges),
            (None, X::Whole(x)) => call(Product::Of(&Self::view(x, side, ranges)), ranges),
            (None, X::Streamed(..)) => Err(KernelError::invalid(
                "a product with streamed data must be made in a walk",
            )),
        }
    }

    /// The half-step for H, its product with the data known or not; nothing once it is told to break off.
    pub fn improve_h(
        &self,
        step: &HalfStep<'_, T>,
        known: Option<&Panel<T>>,
        h: &mut Panel<T>,
        from: &Panel<T>,
        mut before: Option<&mut Panel<T>>,
        go_on: impl Fn() -> bool,
    ) -> Result<Option<Improved<T>>> {
        let X::Streamed(x, panels) = &self.x else {
            let beside = Beside {
                before,
                product: None,
            };
            let done = self.with_product(Side::H, known, |product, ranges| {
                step.run(product, ranges, h, Some(from), beside)
            })?;
            return Ok(Some(Improved {
                done,
                crossed: None,
            }));
        };
        let mut sums = Sums::default();
        let mut crossed = Panel::zeros(h.k, self.rows())?;
        let flow = x.walk::<T>(h.k, panels, |panel, x| {
            if !go_on() {
                return Ok(ControlFlow::Break(()));
            }
            let made;
            let product = match known {
                Some(known) => Product::Known(known, 0),
                None => {
                    made = part_of(step.partner, x)?;
                    Product::Known(&made, panel.columns.start)
                }
            };
            let beside = Beside {
                before: before.as_deref_mut(),
                product: None,
            };
            let parts = step.each(product, &panel.stretches, h, Some(from), beside)?;
            for (stretch, done) in panel.stretches.iter().zip(parts) {
                sums.add(
                    done,
                    self.by_column.iter().any(|range| range.end == stretch.end),
                );
            }
            self.add(h, &panel.columns, x, &mut crossed);
            Ok(ControlFlow::Continue(()))
        })?;
        let improved = |done| Improved {
            done,
            crossed: Some(crossed),
        };
        Ok(match flow {
            ControlFlow::Continue(()) => sums.total.map(improved),
            ControlFlow::Break(()) => None,
        })
    }

    /// ‖X − Wᵀ·H‖², entry by entry.
    pub fn residual(&self, w: &Panel<T>, h: &Panel<T>, gaps: Option<Gaps<'_>>) -> Result<f64> {
        let (x, panels) = match &self.x {
            X::Whole(x) => return residual(x, w, h, gaps),
            X::Streamed(x, panels) => (x, panels),
        };
        let mut sums = vec![0.0; self.rows()];
        let flow = x.walk::<T>(w.k, panels, |Together { columns, .. }, x| {
            let h = &h.data()[columns.start * h.stride..columns.end * h.stride];
            add_by_row(x, w, h, None, &mut sums)?;
            Ok(ControlFlow::Continue(()))
        })?;
        debug_assert!(flow.is_continue());
        Ok(sum(&sums))
    }
}

/// W·X of some columns, as a panel of its own.
fn part_of<T: Element>(w: &Panel<T>, x: &Data<'_, T>) -> Result<Panel<T>> {
    let tasks = tasks_of(x.stored * w.k);
    let view = View {
        x,
        side: Side::H,
        ranges: even_ranges(x.cols, tasks, |columns| columns),
    };
    view.product(w)
}

fn put<T: Element>(all: &mut Panel<T>, columns: &Range<usize>, part: &Panel<T>) {
    let own = columns.start * all.stride..columns.end * all.stride;
    all.data_mut()[own].copy_from_slice(part.data());
}

/// What stretches leave behind, added up as their ranges are.
#[derive(Default)]
struct Sums {
    total: Option<Done>,
    /// Of the range that has begun.
    range: Option<Done>,
}

impl Sums {
    fn add(&mut self, stretch: Done, last: bool) {
        let range = match self.range.take() {
            Some(range) => range.and(&stretch),
            None => stretch,
        };
        if !last {
            self.range = Some(range);
            return;
        }
        self.total = Some(match self.total.take() {
            Some(total) => total.and(&range),
            None => range,
        });
    }
}
