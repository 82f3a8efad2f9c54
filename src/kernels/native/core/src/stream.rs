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

/// How many entries sparse data list: known before they are walked through, since work and sums are cut by them.
#[derive(Clone, Copy)]
pub struct Listed<'a> {
    /// Of each feature.
    pub by_row: &'a [u32],
    /// Of each sample.
    pub by_column: &'a [u32],
}

/// X (features × samples) by its source.
#[derive(Clone, Copy)]
pub struct Streamed<'a> {
    /// Number of features.
    pub rows: usize,
    /// Number of samples.
    pub cols: usize,
    /// Most samples in a panel; a panel has a stretch of them all the same.
    pub together: usize,
    /// Of sparse data; nothing: data are dense.
    pub listed: Option<Listed<'a>>,
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
    /// Fails where there is nothing, or other counts than rows and columns.
    pub fn check(&self) -> Result<()> {
        if self.rows == 0 || self.cols == 0 {
            return Err(KernelError::invalid(
                "the data must have at least one feature and one sample",
            ));
        }
        let fits = self.listed.is_none_or(|Listed { by_row, by_column }| {
            by_row.len() == self.rows && by_column.len() == self.cols
        });
        if fits {
            return Ok(());
        }
        Err(KernelError::invalid(
            "what sparse data list must be counted for each feature and each sample",
        ))
    }

    /// Number of entries that are listed.
    pub fn entries(&self) -> usize {
        match self.listed {
            None => self.rows.saturating_mul(self.cols),
            Some(listed) => total(listed.by_column),
        }
    }

    /// Fails for a panel that is none of these columns.
    fn check_panel(&self, block: &Block<'_>, columns: &Range<usize>) -> Result<()> {
        if block.rows() != self.rows || block.cols() != columns.len() {
            return Err(KernelError::invalid(format!(
                "a source must supply {} × {} entries, not {} × {}",
                self.rows,
                columns.len(),
                block.rows(),
                block.cols()
            )));
        }
        let fits = match (block, self.listed) {
            (Block::Dense { .. }, None) => true,
            (
                Block::Csc {
                    unlisted_missing, ..
                },
                Some(listed),
            ) => {
                !unlisted_missing
                    && block.stored().len() == total(&listed.by_column[columns.clone()])
            }
            _ => false,
        };
        if fits {
            return Ok(());
        }
        Err(KernelError::invalid(
            "a source must supply the entries that it says",
        ))
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
                self.check_panel(&block, &panel.columns)?;
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

fn total(counts: &[u32]) -> usize {
    counts.iter().map(|&count| count as usize).sum()
}
