use std::path::Path;

use memchr::memrchr;

use crate::blocks::Blocks;
use crate::{Declined, Result};

/// Bytes of text that are made at once.
const BLOCK: usize = 1 << 18;
/// A longer line is left to whoever reads it field by field.
const LONGEST_LINE: usize = 1 << 24;

/// A text cut into stretches of whole lines.
pub struct Stretches {
    blocks: Blocks,
    /// What stands behind the last line that was whole.
    rest: Vec<u8>,
}

/// Lines of a text, each with its end; the room they lie in is used again.
#[derive(Default)]
pub struct Stretch {
    room: Vec<u8>,
    length: usize,
}

impl Stretch {
    pub fn lines(&self) -> &[u8] {
        &self.room[..self.length]
    }
}

impl Stretches {
    /// Those of a file from a byte on, counted as it is unpacked.
    pub fn open(path: &Path, gzip: bool, from: u64) -> Result<Self> {
        Ok(Self {
            blocks: Blocks::open(path, gzip, from)?,
            rest: Vec::new(),
        })
    }

    /// The next one, in the room of another; none at the end of the text. Its last line is given an end.
    pub fn next(&mut self, stretch: Stretch) -> Result<Option<Stretch>> {
        let Stretch { mut room, .. } = stretch;
        let mut filled = self.rest.len();
        loop {
            if filled > LONGEST_LINE {
                return Err(Declined);
            }
            if room.len() < filled + BLOCK {
                room.resize(filled + BLOCK, 0);
            }
            if filled == self.rest.len() {
                room[..filled].copy_from_slice(&self.rest);
            }
            let got = self.blocks.fill(&mut room[filled..filled + BLOCK])?;
            if got == 0 {
                self.rest.clear();
                if filled == 0 {
                    return Ok(None);
                }
                room[filled] = b'\n';
                let length = filled + 1;
                return Ok(Some(Stretch { room, length }));
            }
            let end = filled + got;
            if let Some(last) = memrchr(b'\n', &room[filled..end]) {
                let length = filled + last + 1;
                self.rest.clear();
                self.rest.extend_from_slice(&room[length..end]);
                return Ok(Some(Stretch { room, length }));
            }
            filled = end;
        }
    }
}
