use crate::simd::{Leaf, Real, Vector, prefetch};

/// Most numbers in a line.
const WIDEST: usize = 16;
/// Columns between one that is taken and one that is brought near.
const AHEAD: usize = 32;

/// Rows of a panel: number p of row r is number r of its column `indices[p]`, or of its column p, and zero from the last
/// on to the end of the line.
pub struct Turn<'a, T> {
    /// Columns of a panel.
    pub panel: &'a [T],
    /// Numbers from one column to the next.
    pub stride: usize,
    /// Rows that are wanted, the first of them all.
    pub k: usize,
    /// Which columns; none: all.
    pub indices: Option<&'a [u32]>,
    /// Numbers from one row of `out` to the next: a whole number of lines, no fewer than columns.
    pub line: usize,
    /// k rows.
    pub out: &'a mut [T],
}

impl<T: Real> Leaf<T> for Turn<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<T>>(self) {
        let columns = self.panel.len() / self.stride;
        let count = self.indices.map_or(columns, <[u32]>::len);
        assert!(self.stride.is_multiple_of(T::LANES) && self.k <= self.stride);
        assert!(self.line.is_multiple_of(T::LANES) && count <= self.line);
        assert!(self.out.len() >= self.k * self.line);
        let mut tile = [[T::default(); WIDEST]; WIDEST];
        let mut turned = [[T::default(); WIDEST]; WIDEST];
        let tile: *mut T = tile.as_mut_ptr().cast();
        let turned: *mut T = turned.as_mut_ptr().cast();
        for first in (0..self.line).step_by(T::LANES) {
            let own = T::LANES.min(count.saturating_sub(first));
            for top in (0..self.k).step_by(T::LANES) {
                // SAFETY: both tiles hold LANES lines; a column lies within the panel, `top` is a line of it; the rows of `out` are
                // fewer than k and `first` is a line of each.
                unsafe {
                    for l in 0..own {
                        let column = match self.indices {
                            Some(indices) => *indices.get_unchecked(first + l) as usize,
                            None => first + l,
                        };
                        assert!(column < columns);
                        if let Some(indices) = self.indices
                            && let Some(&soon) = indices.get(first + l + AHEAD)
                        {
                            let soon = soon as usize * self.stride + top;
                            prefetch(self.panel.as_ptr().wrapping_add(soon));
                        }
                        let from = self.panel.as_ptr().add(column * self.stride + top);
                        V::load(from).store(tile.add(l * T::LANES));
                    }
                    for l in own..T::LANES {
                        V::zero().store(tile.add(l * T::LANES));
                    }
                    V::transpose(tile, T::LANES, turned, T::LANES);
                    for r in 0..T::LANES.min(self.k - top) {
                        let to = self.out.as_mut_ptr().add((top + r) * self.line + first);
                        V::load(turned.add(r * T::LANES)).store(to);
                    }
                }
            }
        }
    }
}
