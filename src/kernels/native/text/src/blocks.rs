use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use zlib_rs::{Inflate, InflateFlush, Status};

use crate::{Declined, Result};

/// Compressed bytes that are read at once.
const PIECE: usize = 1 << 18;
/// A zlib header is expected to be that of gzip, and a window to have up to 2¹⁵ bytes.
const GZIP: u8 = 16 + 15;

/// The bytes of a text, stretch by stretch: those of a file, or what it unpacks to.
pub struct Blocks {
    file: File,
    gzip: Option<Gzip>,
}

struct Gzip {
    inflate: Inflate,
    piece: Vec<u8>,
    at: usize,
    /// Whether a member has begun and not ended.
    within: bool,
}

impl Blocks {
    /// The text of a file from a byte on, counted as it is unpacked.
    pub fn open(path: &Path, gzip: bool, from: u64) -> Result<Self> {
        let file = File::open(path).map_err(|_| Declined)?;
        let mut blocks = Self {
            file,
            gzip: gzip.then(|| Gzip {
                inflate: Inflate::new(true, GZIP),
                piece: Vec::new(),
                at: 0,
                within: true,
            }),
        };
        blocks.skip(from)?;
        Ok(blocks)
    }

    fn skip(&mut self, from: u64) -> Result<()> {
        if self.gzip.is_none() {
            self.file
                .seek(SeekFrom::Start(from))
                .map_err(|_| Declined)?;
            return Ok(());
        }
        let mut passed = vec![0; PIECE];
        let mut left = from;
        while left > 0 {
            let most = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
            let got = self.fill(&mut passed[..most])?;
            if got == 0 {
                return Err(Declined);
            }
            left -= got as u64;
        }
        Ok(())
    }

    /// Fills `into`, or as much of it as there is; how many bytes, 0 at the end of the text.
    pub fn fill(&mut self, into: &mut [u8]) -> Result<usize> {
        let mut filled = 0;
        while filled < into.len() {
            let got = match &mut self.gzip {
                Some(gzip) => gzip.unpack(&mut self.file, &mut into[filled..])?,
                None => read(&mut self.file, &mut into[filled..])?,
            };
            if got == 0 {
                break;
            }
            filled += got;
        }
        Ok(filled)
    }
}

impl Gzip {
    /// Some bytes more; 0 at the end of the last member, whose sums were right.
    fn unpack(&mut self, file: &mut File, into: &mut [u8]) -> Result<usize> {
        loop {
            if self.at == self.piece.len() {
                self.piece.resize(PIECE, 0);
                let got = read(file, &mut self.piece)?;
                self.piece.truncate(got);
                self.at = 0;
                if got == 0 {
                    return if self.within { Err(Declined) } else { Ok(0) };
                }
            }
            if !self.within {
                // What is behind a member is another one; zeros may be there to fill a tape.
                if self.piece[self.at] == 0 {
                    return Err(Declined);
                }
                self.inflate = Inflate::new(true, GZIP);
                self.within = true;
            }
            let (taken, made) = (self.inflate.total_in(), self.inflate.total_out());
            let status = self
                .inflate
                .decompress(&self.piece[self.at..], into, InflateFlush::NoFlush)
                .map_err(|_| Declined)?;
            self.at += usize::try_from(self.inflate.total_in() - taken).map_err(|_| Declined)?;
            let got = usize::try_from(self.inflate.total_out() - made).map_err(|_| Declined)?;
            self.within = status != Status::StreamEnd;
            if got > 0 {
                return Ok(got);
            }
            // Nothing was taken and nothing made of what is there: that never ends.
            if self.within && self.inflate.total_in() == taken {
                return Err(Declined);
            }
        }
    }
}

fn read(file: &mut File, into: &mut [u8]) -> Result<usize> {
    loop {
        match file.read(into) {
            Ok(got) => return Ok(got),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return Err(Declined),
        }
    }
}
