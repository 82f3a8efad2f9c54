//! Entries of a sparse matrix, one a line: a row, a column, and a value (Matrix Market).

use crate::number::number_at;
use crate::text::Took;
use crate::{Declined, Result, Text, is_blank};

/// What is listed.
#[derive(Clone, Copy, Debug)]
pub struct Listed {
    /// Rows of the matrix.
    pub rows: u32,
    /// Columns of the matrix.
    pub cols: u32,
    /// Whether a value stands behind the indices; else all are 1.
    pub valued: bool,
    /// What an entry beside the diagonal is times that across it, where those are left out.
    pub mirror: Option<f64>,
}

/// Where entries go: arrays with more room than is filled.
pub struct Room<'a> {
    /// The row of each entry.
    pub indices: &'a mut [u32],
    /// The value of each.
    pub values: &'a mut [f64],
    /// The column of each, where they came in no order.
    pub columns: Option<&'a mut [u32]>,
    /// Entries of each column, the first at place 1.
    pub counts: &'a mut [u32],
    /// Entries that are there.
    pub filled: usize,
    /// The row and the column of the last one, from 0.
    pub last: (u32, u32),
    /// Whether each entry so far came behind all others, column after column.
    pub ascending: bool,
    /// Lines that are still to be read.
    pub left: u64,
}

/// Why reading stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// All is read, and nothing but blanks is behind it.
    Done,
    /// There is no room for another.
    Full,
    /// A column comes before that of the last entry, and the columns are not kept.
    Unordered,
}

/// A line that is longer is none of entries.
const LONGEST_LINE: usize = 1 << 15;
/// Digits of an index.
const MOST_DIGITS: usize = 10;
/// Digits of a whole number that 32 bits hold.
const FEW: usize = 9;

/// Reads entries until there is no more room or no more line.
///
/// # Errors
/// Where the text holds anything else, or another number of lines.
pub fn read_entries(
    text: &mut Text,
    listed: Listed,
    room: &mut Room<'_>,
    closing: impl Fn() -> bool,
) -> Result<Stopped> {
    let mut stopped = Stopped::Done;
    text.read(closing, |lines| {
        let (bytes, why) = room.take(lines, listed)?;
        stopped = why;
        Ok(Took {
            bytes,
            enough: why != Stopped::Done,
        })
    })?;
    if stopped == Stopped::Done && room.left > 0 {
        return Err(Declined);
    }
    Ok(stopped)
}

impl Room<'_> {
    /// Entries of lines that are whole; how many bytes were read, and why no more.
    fn take(&mut self, lines: &[u8], listed: Listed) -> Result<(usize, Stopped)> {
        let places = self.indices.len().min(self.values.len());
        let each = if listed.mirror.is_some() { 2 } else { 1 };
        let mut p = 0;
        while p < lines.len() {
            let begin = p;
            p = behind_blanks(lines, p);
            if lines[p] == b'\n' || lines[p] == b'%' {
                // Behind the last entry a comment begins a line.
                if lines[p] == b'%' && self.left == 0 && p > begin {
                    return Err(Declined);
                }
                p += memchr::memchr(b'\n', &lines[p..]).ok_or(Declined)? + 1;
            } else {
                if self.left == 0 {
                    return Err(Declined);
                }
                if self.filled + each > places {
                    return Ok((begin, Stopped::Full));
                }
                let (i, j, value);
                ((i, j, value), p) = match plain(lines, p, listed) {
                    Some(found) => found,
                    None => entry(lines, p, listed)?,
                };
                let across = listed.mirror.filter(|_| i != j);
                let falls = j < self.last.1 || (across.is_some() && i < j);
                if falls && self.columns.is_none() {
                    return Ok((begin, Stopped::Unordered));
                }
                self.add(i, j, value);
                if let Some(times) = across {
                    // A zero across the diagonal has no sign.
                    self.add(j, i, if times < 0.0 { 0.0 - value } else { value });
                }
                self.left -= 1;
            }
            if p - begin > LONGEST_LINE {
                return Err(Declined);
            }
        }
        Ok((p, Stopped::Done))
    }

    #[inline(always)]
    fn add(&mut self, i: u32, j: u32, value: f64) {
        let place = self.filled;
        let (last_i, last_j) = self.last;
        self.ascending &= place == 0 || j > last_j || (j == last_j && i > last_i);
        if let Some(columns) = &mut self.columns {
            columns[place] = j;
        }
        self.indices[place] = i;
        self.values[place] = value;
        self.counts[j as usize + 1] += 1;
        self.last = (i, j);
        self.filled = place + 1;
    }
}

/// An entry, its indices from 0, and where the next line begins.
type Entry = ((u32, u32, f64), usize);

/// Bytes that are looked at together, and as many before them as a number is read from.
const WINDOW: usize = 24;
const BEFORE: usize = 8;

/// An entry that is written in whole numbers of up to 8 digits with one blank between: found without a branch for each digit.
#[inline]
fn plain(lines: &[u8], from: usize, listed: Listed) -> Option<Entry> {
    let before = from.checked_sub(BEFORE)?;
    let seen: &[u8; BEFORE + WINDOW] = lines.get(before..from + WINDOW)?.try_into().ok()?;
    let mut ends = ends_in(seen);
    let mut begin = 0;
    let mut next = |wanted: u8| {
        let end = ends.trailing_zeros() as usize;
        let length = end - begin;
        if end >= WINDOW || length.wrapping_sub(1) >= 8 || seen[BEFORE + end] != wanted {
            return None;
        }
        ends &= ends - 1;
        begin = end + 1;
        Some(few_digits(seen, end, length))
    };
    let i = next(b' ')?;
    let (j, value) = if listed.valued {
        (next(b' ')?, next(b'\n')?)
    } else {
        (next(b'\n')?, 1)
    };
    let within = i.wrapping_sub(1) < listed.rows && j.wrapping_sub(1) < listed.cols;
    within.then(|| ((i - 1, j - 1, f64::from(value)), from + begin))
}

/// Which bytes of the window are no digits, a bit each.
#[inline]
fn ends_in(seen: &[u8; BEFORE + WINDOW]) -> u32 {
    let (words, _) = seen.as_chunks::<8>();
    words[1..].iter().rev().fold(0, |ends, word| {
        let off = u64::from_le_bytes(*word) ^ ZEROS;
        let high = (((off & !HIGHS) + (HIGHS - 10 * ONES)) | off) & HIGHS;
        (ends << 8) | ((high >> 7).wrapping_mul(GATHER) >> 56) as u32
    })
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x80 * ONES;
const ZEROS: u64 = 0x30 * ONES;
/// Brings the lowest bits of 8 bytes together in the highest byte.
const GATHER: u64 = 0x0102_0408_1020_4080;

/// The number that 1 to 8 digits before a byte of the window are.
#[inline]
fn few_digits(seen: &[u8; BEFORE + WINDOW], end: usize, length: usize) -> u32 {
    let mut bytes = [0; BEFORE];
    bytes.copy_from_slice(&seen[end..end + BEFORE]);
    // The last digit is in the highest byte; what is before the first goes.
    let off = 64 - 8 * length;
    let word = (u64::from_le_bytes(bytes) ^ ZEROS) >> off << off;
    let pairs = (word.wrapping_mul(10) + (word >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(100) + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    (fours.wrapping_mul(10_000) + (fours >> 32)) as u32
}

/// The same of any entry.
fn entry(lines: &[u8], from: usize, listed: Listed) -> Result<Entry> {
    let (i, p) = index(lines, from, listed.rows)?;
    let (j, p) = index(lines, behind_blanks(lines, p), listed.cols)?;
    let p = behind_blanks(lines, p);
    let (value, p) = if listed.valued {
        value_at(lines, p)?
    } else {
        (1.0, p)
    };
    let p = behind_blanks(lines, p);
    if lines[p] != b'\n' {
        return Err(Declined);
    }
    Ok(((i, j, value), p + 1))
}

fn behind_blanks(lines: &[u8], from: usize) -> usize {
    let mut p = from;
    while is_blank(lines[p]) {
        p += 1;
    }
    p
}

/// An index from 1 to `most`, as one from 0, and where it ends.
#[inline]
fn index(lines: &[u8], from: usize, most: u32) -> Result<(u32, usize)> {
    let (whole, p) = digits(lines, from);
    if p - from > MOST_DIGITS || !is_end(lines[p]) || whole < 1 || whole > u64::from(most) {
        return Err(Declined);
    }
    Ok(((whole - 1) as u32, p))
}

/// A number, and where it ends; most are whole numbers of few digits.
#[inline]
fn value_at(lines: &[u8], from: usize) -> Result<(f64, usize)> {
    let (whole, p) = digits(lines, from);
    if p > from && p - from <= FEW && is_end(lines[p]) {
        return Ok((f64::from(whole as u32), p));
    }
    let (value, length) = number_at(&lines[from..]).ok_or(Declined)?;
    if !is_end(lines[from + length]) {
        return Err(Declined);
    }
    Ok((value, from + length))
}

#[inline]
fn digits(lines: &[u8], from: usize) -> (u64, usize) {
    let (mut whole, mut p) = (0_u64, from);
    loop {
        let digit = lines[p].wrapping_sub(b'0');
        if digit > 9 {
            return (whole, p);
        }
        whole = whole.wrapping_mul(10).wrapping_add(u64::from(digit));
        p += 1;
    }
}

const fn is_end(byte: u8) -> bool {
    is_blank(byte) || byte == b'\n'
}
