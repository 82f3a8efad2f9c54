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
    /// Lines of entries.
    pub count: usize,
}

/// Where entries go, one behind the other.
pub trait Room {
    /// Makes sure that there is room for so many.
    ///
    /// # Errors
    /// Where there isn't.
    fn prepare(&mut self, most: usize) -> Result<()>;
    /// The row of the next one, from 0, and its value.
    fn put(&mut self, i: u32, value: f64);
}

/// Lists of rows and values that are made as they are needed.
#[derive(Debug, Default, PartialEq)]
pub struct Lists {
    /// The row of each.
    pub indices: Vec<u32>,
    /// The value of each.
    pub values: Vec<f64>,
}

impl Room for Lists {
    fn prepare(&mut self, most: usize) -> Result<()> {
        let indices = self.indices.try_reserve_exact(most);
        let values = self.values.try_reserve_exact(most);
        indices.and(values).map_err(|_| Declined)
    }

    #[inline(always)]
    fn put(&mut self, i: u32, value: f64) {
        self.indices.push(i);
        self.values.push(value);
    }
}

/// Arrays of somebody else.
pub struct Lent<'a> {
    indices: &'a mut [u32],
    values: &'a mut [f64],
    filled: usize,
}

impl<'a> Lent<'a> {
    /// For rows and values, from the first place on.
    pub const fn new(indices: &'a mut [u32], values: &'a mut [f64]) -> Self {
        Self {
            indices,
            values,
            filled: 0,
        }
    }
}

impl Room for Lent<'_> {
    fn prepare(&mut self, most: usize) -> Result<()> {
        let room = self.indices.len().min(self.values.len());
        if room < most { Err(Declined) } else { Ok(()) }
    }

    #[inline(always)]
    fn put(&mut self, i: u32, value: f64) {
        self.indices[self.filled] = i;
        self.values[self.filled] = value;
        self.filled += 1;
    }
}

/// What else is known of entries as they were listed.
#[derive(Debug, PartialEq, Eq)]
pub struct Order {
    /// The column of each, where they came in no order.
    pub columns: Option<Vec<u32>>,
    /// How many each column has, the first at place 1.
    pub counts: Vec<u32>,
    /// Whether each came behind all others, column after column.
    pub ascending: bool,
}

/// A line that is longer is none of entries.
const LONGEST_LINE: usize = 1 << 15;
/// Digits of an index.
const MOST_DIGITS: usize = 10;
/// Digits of a whole number that 32 bits hold.
const FEW: usize = 9;

/// Reads all entries of a text.
///
/// # Errors
/// Where the text holds anything else, or another number of lines, and where there is no room for them.
pub fn read_entries(
    text: &mut Text,
    listed: Listed,
    room: &mut impl Room,
    closing: impl Fn() -> bool,
) -> Result<Order> {
    let mut reader = Reader::new(listed, room)?;
    text.read(closing, |lines| {
        reader.take(lines)?;
        Ok(Took {
            bytes: lines.len(),
            enough: false,
        })
    })?;
    if reader.left > 0 {
        return Err(Declined);
    }
    Ok(reader.order)
}

struct Reader<'a, R> {
    listed: Listed,
    /// What they are at most, those across the diagonal too.
    most: usize,
    room: &'a mut R,
    order: Order,
    /// What comes behind the last one: its column in the upper half, and below one more than its row.
    next: u64,
    /// Lines that are still to be read.
    left: usize,
}

impl<'a, R: Room> Reader<'a, R> {
    fn new(listed: Listed, room: &'a mut R) -> Result<Self> {
        let each = if listed.mirror.is_some() { 2 } else { 1 };
        let most = listed.count.checked_mul(each).ok_or(Declined)?;
        room.prepare(most)?;
        let cols = listed.cols as usize;
        let mut counts = with_room(cols + 1)?;
        counts.resize(cols + 1, 0);
        let order = Order {
            columns: None,
            counts,
            ascending: true,
        };
        Ok(Self {
            listed,
            most,
            room,
            order,
            next: 0,
            left: listed.count,
        })
    }

    /// Entries of lines that are whole.
    fn take(&mut self, lines: &[u8]) -> Result<()> {
        let mut p = 0;
        while p < lines.len() {
            if let Some((entry, behind)) = plain(lines, p, self.listed) {
                self.add(entry)?;
                p = behind;
                continue;
            }
            let begin = p;
            p = behind_blanks(lines, p);
            if lines[p] == b'\n' || lines[p] == b'%' {
                // Behind the last entry a comment begins a line.
                if lines[p] == b'%' && self.left == 0 && p > begin {
                    return Err(Declined);
                }
                p += memchr::memchr(b'\n', &lines[p..]).ok_or(Declined)? + 1;
            } else {
                let (entry, behind) = entry(lines, p, self.listed)?;
                self.add(entry)?;
                p = behind;
            }
            if p - begin > LONGEST_LINE {
                return Err(Declined);
            }
        }
        Ok(())
    }

    /// What a line lists, and what is across the diagonal where that is left out.
    #[inline(always)]
    fn add(&mut self, (i, j, value): Entry) -> Result<()> {
        self.left = self.left.checked_sub(1).ok_or(Declined)?;
        self.put(i, j, value)?;
        match self.listed.mirror {
            // A zero across the diagonal has no sign.
            Some(times) if i != j => self.put(j, i, if times < 0.0 { 0.0 - value } else { value }),
            _ => Ok(()),
        }
    }

    #[inline(always)]
    fn put(&mut self, i: u32, j: u32, value: f64) -> Result<()> {
        let place = u64::from(j) << 32 | u64::from(i);
        if place < self.next {
            self.order.ascending = false;
            if self.order.columns.is_none() && u64::from(j) < self.next >> 32 {
                self.keep_columns()?;
            }
        }
        self.next = place + 1;
        if let Some(columns) = &mut self.order.columns {
            columns.push(j);
        }
        self.room.put(i, value);
        self.order.counts[j as usize + 1] += 1;
        Ok(())
    }

    /// So far they came in order: their number says which they are.
    #[cold]
    fn keep_columns(&mut self) -> Result<()> {
        let mut columns = with_room(self.most)?;
        for (j, &count) in (0..).zip(&self.order.counts[1..]) {
            columns.resize(columns.len() + count as usize, j);
        }
        self.order.columns = Some(columns);
        Ok(())
    }
}

fn with_room<T>(most: usize) -> Result<Vec<T>> {
    let mut list = Vec::new();
    list.try_reserve_exact(most).map_err(|_| Declined)?;
    Ok(list)
}

/// An entry, its indices from 0.
type Entry = (u32, u32, f64);

/// Bytes that are looked at together, and as many before them as a number is read from.
const WINDOW: usize = 24;
const BEFORE: usize = 8;

/// An entry that is written in whole numbers of up to 8 digits with one blank between: found without a branch for each digit.
#[inline]
fn plain(lines: &[u8], from: usize, listed: Listed) -> Option<(Entry, usize)> {
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

/// The entry that a line begins with, however it is written, and where the next line begins.
fn entry(lines: &[u8], from: usize, listed: Listed) -> Result<(Entry, usize)> {
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
