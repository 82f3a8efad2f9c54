//! X that is not in memory: columns that a source supplies, a panel at a time.

use std::ops::{ControlFlow, Range};

use crate::data::{Block, Data, Element, Layout};
use crate::error::{KernelError, Result};
use crate::reduce::STRETCH;

/// Where the columns of X come from. While one panel is worked on the next is fetched, so there are never more than two.
pub trait Source: Sync {
    /// Asks for columns. They may take the place of those before the ones that were taken last.
    fn ask(&self, columns: &Range<usize>);
    /// Waits for the columns that were asked for first and not taken yet, and calls with them: all rows, and these columns.
    fn take(
        &self,
        columns: &Range<usize>,
        call: &mut dyn FnMut(Block<'_>) -> Result<()>,
    ) -> Result<()>;
}

/// X (features × samples), dense, by its source.
#[derive(Clone, Copy)]
pub struct Streamed<'a> {
    /// Number of features.
    pub rows: usize,
    /// Number of samples.
    pub cols: usize,
    /// Most samples in a panel; a panel has a stretch of them all the same.
    pub together: usize,
    /// Where they come from.
    pub source: &'a dyn Source,
}

/// Columns that are in memory at the same time.
pub struct Together {
    /// All of them.
    pub columns: Range<usize>,
    /// The same, each stretch by itself; none reaches over the end of a range.
    pub stretches: Vec<Range<usize>>,
}

impl Streamed<'_> {
    /// Fails where there is nothing.
    pub fn check(&self) -> Result<()> {
        if self.rows > 0 && self.cols > 0 {
            return Ok(());
        }
        Err(KernelError::invalid(
            "the data must have at least one feature and one sample",
        ))
    }

    /// Number of entries.
    pub fn entries(&self) -> usize {
        self.rows.saturating_mul(self.cols)
    }

    /// The columns in panels, where sums over them are cut into these ranges.
    pub fn panels(&self, ranges: &[Range<usize>]) -> Vec<Together> {
        let mut panels: Vec<Together> = Vec::new();
        for range in ranges {
            for start in range.clone().step_by(STRETCH) {
                let stretch = start..(start + STRETCH).min(range.end);
                match panels.last_mut() {
                    Some(panel) if stretch.end - panel.columns.start <= self.together => {
                        panel.columns.end = stretch.end;
                        panel.stretches.push(stretch);
                    }
                    _ => panels.push(Together {
                        columns: stretch.clone(),
                        stretches: vec![stretch],
                    }),
                }
            }
        }
        panels
    }

    /// Calls with each panel, in order, while the next is fetched; nothing more once told to break off.
    pub fn walk<T: Element>(
        &self,
        k: usize,
        panels: &[Together],
        mut call: impl FnMut(&Together, &Data<'_, T>) -> Result<ControlFlow<()>>,
    ) -> Result<ControlFlow<()>> {
        let layout = Layout {
            k,
            low_memory: true,
        };
        let mut flow = ControlFlow::Continue(());
        if let Some(first) = panels.first() {
            self.source.ask(&first.columns);
        }
        for (at, panel) in panels.iter().enumerate() {
            let asked = flow.is_continue();
            self.source.take(&panel.columns, &mut |block| {
                if flow.is_break() {
                    return Ok(());
                }
                if block.rows() != self.rows || block.cols() != panel.columns.len() {
                    return Err(KernelError::invalid(format!(
                        "a source must supply {} × {} entries, not {} × {}",
                        self.rows,
                        panel.columns.len(),
                        block.rows(),
                        block.cols()
                    )));
                }
                if let Some(next) = panels.get(at + 1) {
                    self.source.ask(&next.columns);
                }
                flow = call(panel, &Data::new(&[block], layout)?)?;
                Ok(())
            })?;
            // What was asked for is taken, so that the next walk doesn't find it.
            if !asked {
                break;
            }
        }
        Ok(flow)
    }
}
