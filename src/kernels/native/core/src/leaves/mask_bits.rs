use crate::simd::{Leaf, Vector};

/// Rows, and columns, of a tile.
pub const TILE: usize = 64;
/// Words of 32 columns in a tile.
const WORDS: usize = 2 * TILE;
/// Bits of a draw.
const BITS: usize = 16;
/// Steps from one counter of a tile to the next.
const STEP: u32 = 0x9e37_79b1;

/// What each word of a tile is drawn from, for each bit of the draws.
static COUNTERS: [[u32; WORDS]; BITS] = counters();

const fn counters() -> [[u32; WORDS]; BITS] {
    let mut out = [[0; WORDS]; BITS];
    let mut count = 0;
    while count < WORDS * BITS {
        out[count / WORDS][count % WORDS] = (count as u32 + 1).wrapping_mul(STEP);
        count += 1;
    }
    out
}

/// Which entries of some tiles of a mask, one below the other, are held out: those whose draw is below a threshold.
///
/// Bit b of the 32 draws of a word's columns is a hash of the key, the tile, the word and b; so 32 comparisons are made at
/// once, from the lowest bit up.
pub struct MaskBits<'a> {
    /// The key of the block.
    pub key: [u32; 2],
    /// Entries whose draw, 0 to 65535, is below are held out; 1 to 65535.
    pub below: u32,
    /// Number of the first tile, counted down the block.
    pub first: usize,
    /// Number of the tiles, counted along the block.
    pub across: usize,
    /// A whole number of tiles: for each row its 64 columns, from the lowest bit up.
    pub out: &'a mut [u64],
}

impl Leaf<f64> for MaskBits<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<f64>>(self) {
        let Self {
            key,
            below,
            first,
            across,
            out,
        } = self;
        let lowest = below.trailing_zeros() as usize;
        for (t, out) in out.chunks_exact_mut(TILE).enumerate() {
            let tile = tile(key, first + t, across);
            let mut less = [0_u32; WORDS];
            for (b, counters) in COUNTERS.iter().enumerate().skip(lowest) {
                if below >> b & 1 == 1 {
                    for (less, counter) in less.iter_mut().zip(counters) {
                        *less |= !word(tile, *counter, key[1]);
                    }
                } else {
                    for (less, counter) in less.iter_mut().zip(counters) {
                        *less &= !word(tile, *counter, key[1]);
                    }
                }
            }
            for (out, halves) in out.iter_mut().zip(less.as_chunks::<2>().0) {
                *out = u64::from(halves[0]) | u64::from(halves[1]) << 32;
            }
        }
    }
}

/// The draw of entry (i, j) of a block: held out where it is below the threshold.
pub fn draw(key: [u32; 2], i: usize, j: usize) -> u32 {
    let tile = tile(key, i / TILE, j / TILE);
    let place = 2 * (i % TILE) + j % TILE / 32;
    let bit = |b: usize| word(tile, COUNTERS[b][place], key[1]) >> (j % 32) & 1;
    (0..BITS).fold(0, |drawn, b| drawn | bit(b) << b)
}

#[inline(always)]
fn tile(key: [u32; 2], down: usize, across: usize) -> u32 {
    let down = mix((down as u32).wrapping_add(0x9e37_79b9));
    let across = mix((across as u32).wrapping_add(0x85eb_ca6b));
    mix(mix(key[0] ^ down).wrapping_add(key[1]) ^ across)
}

#[inline(always)]
fn word(tile: u32, counter: u32, key: u32) -> u32 {
    mix(mix(tile ^ counter).wrapping_add(key))
}

/// The final mixer of MurmurHash3 (Appleby 2011).
#[inline(always)]
fn mix(x: u32) -> u32 {
    let x = (x ^ x >> 16).wrapping_mul(0x85eb_ca6b);
    let x = (x ^ x >> 13).wrapping_mul(0xc2b2_ae35);
    x ^ x >> 16
}
