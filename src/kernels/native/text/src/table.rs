//! Rows of a table, one a line, with something between their fields.

use std::str::from_utf8;

use memchr::{memchr, memchr_iter, memchr2};
use rayon::prelude::*;

use crate::number::{number, number_at};
use crate::text::Took;
use crate::{Declined, Result, Text, is_blank};

/// What becomes of the fields of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Nothing.
    Skipped,
    /// A number, at this place of a row.
    Number(usize),
    /// The name of the row.
    Name,
}

/// How a table is written.
pub struct Dialect<'a> {
    /// What stands between fields; blanks may come in runs.
    pub delimiter: u8,
    /// What becomes of each field of a line.
    pub fields: &'a [Field],
    /// Fields of numbers that are missing.
    pub missing: &'a [Vec<u8>],
}

/// Where rows go.
pub struct Rows<'a> {
    /// Row after row; there is room for as many as fit.
    pub data: &'a mut [f64],
    /// Numbers of a row.
    pub cols: usize,
    /// Rows that are there.
    pub filled: usize,
    /// Names of those that were read.
    pub names: Vec<String>,
}

/// A field that is longer is left to whoever reads it piece by piece.
const LONGEST: usize = 1 << 15;
/// Bytes that are worth a thread.
const PIECE: usize = 1 << 16;

/// Reads rows until there is no more room or no more line; whether the text is over.
///
/// # Errors
/// Where a line holds anything else.
pub fn read_rows(
    text: &mut Text,
    dialect: &Dialect<'_>,
    rows: &mut Rows<'_>,
    closing: impl Fn() -> bool,
) -> Result<bool> {
    let mut over = true;
    text.read(closing, |lines| {
        let bytes = if rows.take_together(lines, dialect)? {
            lines.len()
        } else {
            rows.take(lines, dialect)?
        };
        over = bytes == lines.len();
        Ok(Took {
            bytes,
            enough: !over,
        })
    })?;
    Ok(over)
}

impl Rows<'_> {
    /// All rows of lines that are whole, by many threads; false where there is no room for them, or where a line holds none.
    fn take_together(&mut self, lines: &[u8], dialect: &Dialect<'_>) -> Result<bool> {
        let pieces = pieces(lines);
        if pieces.len() < 2 {
            return Ok(false);
        }
        let ends = |piece: &&[u8]| memchr_iter(b'\n', piece).count();
        let counts: Vec<_> = pieces.par_iter().map(ends).collect();
        let total: usize = counts.iter().sum();
        let free = self.data[self.filled * self.cols..].get_mut(..total * self.cols);
        let Some(mut free) = free else {
            return Ok(false);
        };
        let mut parts = Vec::new();
        for &count in &counts {
            let (data, behind) = free.split_at_mut(count * self.cols);
            free = behind;
            parts.push(Rows {
                data,
                cols: self.cols,
                filled: 0,
                names: Vec::new(),
            });
        }
        parts
            .par_iter_mut()
            .zip(&pieces)
            .try_for_each(|(rows, piece)| rows.take(piece, dialect).map(|_| ()))?;
        if parts
            .iter()
            .zip(&counts)
            .any(|(rows, &count)| rows.filled < count)
        {
            return Ok(false);
        }
        self.filled += total;
        for rows in parts {
            self.names.extend(rows.names);
        }
        Ok(true)
    }

    /// Rows of lines that are whole; how many bytes were read.
    fn take(&mut self, lines: &[u8], dialect: &Dialect<'_>) -> Result<usize> {
        let mut p = 0;
        while p < lines.len() {
            let begin = p;
            while dialect.is_blank(lines[p]) {
                p += 1;
            }
            if lines[p] == b'\n' {
                p += 1;
                continue;
            }
            let from = self.filled * self.cols;
            let Some(row) = self.data.get_mut(from..from + self.cols) else {
                return Ok(begin);
            };
            p = dialect.row(lines, begin, row, &mut self.names)?;
            self.filled += 1;
        }
        Ok(p)
    }
}

impl Dialect<'_> {
    fn spaced(&self) -> bool {
        self.delimiter == b' '
    }

    fn is_blank(&self, byte: u8) -> bool {
        is_blank(byte) && (byte != self.delimiter || self.spaced())
    }

    fn is_end(&self, byte: u8) -> bool {
        byte == self.delimiter || byte == b'\n'
    }

    /// One line; where the next begins.
    fn row(
        &self,
        lines: &[u8],
        from: usize,
        row: &mut [f64],
        names: &mut Vec<String>,
    ) -> Result<usize> {
        let mut p = from;
        let last = self.fields.len() - 1;
        for (c, field) in self.fields.iter().enumerate() {
            while self.is_blank(lines[p]) {
                p += 1;
            }
            let begin = p;
            if let Field::Number(place) = *field {
                (row[place], p) = self.number(lines, begin)?;
            } else {
                let text;
                (text, p) = self.text(lines, begin)?;
                if *field == Field::Name {
                    names.push(text.to_owned());
                }
            }
            if p - begin > LONGEST || (lines[p] == b'\n') != (c == last) {
                return Err(Declined);
            }
            p += usize::from(c == last || !self.spaced());
        }
        Ok(p)
    }

    /// A number, and where the delimiter or the end of the line behind it is.
    #[inline]
    fn number(&self, lines: &[u8], from: usize) -> Result<(f64, usize)> {
        if let Some((value, length)) = number_at(&lines[from..]) {
            let mut p = from + length;
            let blank = self.is_blank(lines[p]);
            while self.is_blank(lines[p]) {
                p += 1;
            }
            if self.is_end(lines[p]) || (blank && self.spaced()) {
                return Ok((value, p));
            }
        }
        let (bare, p) = self.text(lines, from)?;
        let missing = self.missing.iter().any(|own| own == bare.as_bytes());
        let value = if missing {
            Some(f64::NAN)
        } else {
            number(bare.as_bytes())
        };
        value.map(|value| (value, p)).ok_or(Declined)
    }

    /// The text of a field without quotes or blanks around it, and where the delimiter or the end of the line behind it is.
    fn text<'a>(&self, lines: &'a [u8], from: usize) -> Result<(&'a str, usize)> {
        let rest = &lines[from..];
        if rest[0] == b'"' {
            return self.quoted(lines, from);
        }
        let mut stop = from
            + if self.spaced() {
                rest.iter()
                    .position(|&byte| is_blank(byte) || byte == b'\n')
            } else {
                memchr2(self.delimiter, b'\n', rest)
            }
            .ok_or(Declined)?;
        let mut p = stop;
        while self.spaced() && self.is_blank(lines[p]) {
            p += 1;
        }
        while stop > from && self.is_blank(lines[stop - 1]) {
            stop -= 1;
        }
        let bare = from_utf8(&lines[from..stop]).map_err(|_| Declined)?;
        Ok((bare, p))
    }

    /// The same of a field in quotes that holds none, nor the end of a line.
    fn quoted<'a>(&self, lines: &'a [u8], from: usize) -> Result<(&'a str, usize)> {
        let begin = from + 1;
        let stop = begin + memchr(b'"', &lines[begin..]).ok_or(Declined)?;
        let own = &lines[begin..stop];
        let mut p = stop + 1;
        if own.contains(&b'\n') || lines[p] == b'"' {
            return Err(Declined);
        }
        let blank = self.is_blank(lines[p]);
        while self.is_blank(lines[p]) {
            p += 1;
        }
        if !(self.is_end(lines[p]) || (blank && self.spaced())) {
            return Err(Declined);
        }
        let bare = from_utf8(own).map_err(|_| Declined)?;
        Ok((bare, p))
    }
}

/// Lines that are whole, cut between them into about as many pieces as there are threads.
fn pieces(lines: &[u8]) -> Vec<&[u8]> {
    let length = PIECE.max(lines.len() / rayon::current_num_threads());
    let mut pieces = Vec::new();
    let mut rest = lines;
    while rest.len() > length {
        let Some(end) = memchr(b'\n', &rest[length..]) else {
            break;
        };
        let (piece, behind) = rest.split_at(length + end + 1);
        pieces.push(piece);
        rest = behind;
    }
    if !rest.is_empty() {
        pieces.push(rest);
    }
    pieces
}
