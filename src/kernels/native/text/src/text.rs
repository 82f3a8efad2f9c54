use std::mem::swap;
use std::path::{Path, PathBuf};

use memchr::memrchr;

use crate::blocks::Blocks;
use crate::{Declined, Result};

/// Bytes of text that are made while others are read.
const BLOCK: usize = 1 << 20;
/// A longer line is left to whoever reads it field by field.
const LONGEST_LINE: usize = 1 << 24;

/// A text whose lines are read in stretches, the next being unpacked meanwhile.
pub struct Text {
    path: PathBuf,
    gzip: bool,
    from: u64,
    open: Option<Open>,
}

struct Open {
    blocks: Blocks,
    /// Lines that are whole are from `at` to `whole`; behind them one begins.
    now: Vec<u8>,
    at: usize,
    whole: usize,
    /// What begins with the line that `now` ends within, where it is there already.
    next: Vec<u8>,
    ready: bool,
    /// Bytes of the text before `at`.
    consumed: u64,
}

/// How a stretch of lines was read.
pub struct Took {
    /// Bytes of the lines that were read.
    pub bytes: usize,
    /// Whether the rest is to be kept for later.
    pub enough: bool,
}

impl Text {
    /// The text of a file from a byte on, counted as it is unpacked; nothing is opened yet.
    #[must_use]
    pub fn new(path: &Path, gzip: bool, from: u64) -> Self {
        Self {
            path: path.to_owned(),
            gzip,
            from,
            open: None,
        }
    }

    /// Bytes of the text that were read, or left out before.
    #[must_use]
    pub fn consumed(&self) -> u64 {
        self.open
            .as_ref()
            .map_or(self.from, |open| self.from + open.consumed)
    }

    /// Hands out stretches of whole lines, each ending with the end of a line, until `take` has enough or the text is over.
    ///
    /// # Errors
    /// Where the file can't be read or isn't whole, where `take` declines, and once `closing`.
    pub fn read(
        &mut self,
        closing: impl Fn() -> bool,
        mut take: impl FnMut(&[u8]) -> Result<Took> + Send,
    ) -> Result<()> {
        let open = match &mut self.open {
            Some(open) => open,
            None => self
                .open
                .insert(Open::new(Blocks::open(&self.path, self.gzip, self.from)?)?),
        };
        loop {
            if closing() {
                return Err(Declined);
            }
            let lines = &open.now[open.at..open.whole];
            let took = if open.ready {
                take(lines)?
            } else {
                open.next.clear();
                open.next.extend_from_slice(&open.now[open.whole..]);
                let (blocks, next) = (&mut open.blocks, &mut open.next);
                let (loaded, took) = rayon::join(|| load(blocks, next), || take(lines));
                loaded?;
                open.ready = true;
                took?
            };
            open.at += took.bytes;
            open.consumed += took.bytes as u64;
            if took.enough || open.at < open.whole {
                return Ok(());
            }
            if open.next.is_empty() {
                return Ok(());
            }
            swap(&mut open.now, &mut open.next);
            open.ready = false;
            open.at = 0;
            open.whole = whole(&open.now);
        }
    }
}

impl Open {
    fn new(mut blocks: Blocks) -> Result<Self> {
        let mut now = Vec::new();
        load(&mut blocks, &mut now)?;
        Ok(Self {
            blocks,
            at: 0,
            whole: whole(&now),
            now,
            next: Vec::new(),
            ready: false,
            consumed: 0,
        })
    }
}

/// Where the last line that is whole ends.
fn whole(text: &[u8]) -> usize {
    memrchr(b'\n', text).map_or(0, |p| p + 1)
}

/// Adds to the beginning of a line until there is the end of one; the last line of a text is given one.
fn load(blocks: &mut Blocks, to: &mut Vec<u8>) -> Result<()> {
    loop {
        let before = to.len();
        if before > LONGEST_LINE {
            return Err(Declined);
        }
        if blocks.append(to, BLOCK)? == 0 {
            if before > 0 {
                to.push(b'\n');
            }
            return Ok(());
        }
        if to[before..].contains(&b'\n') {
            return Ok(());
        }
    }
}
