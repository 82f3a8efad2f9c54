use crate::simd::{Leaf, Real, Vector};

/// Running sums of a dot product: a whole number of lines of either width.
pub const SUMS: usize = 16;

/// Σ a_i·b_i with products and sums of 64 bits, in sixteen running sums whatever the level.
pub struct Dot<'a, T> {
    /// The one.
    pub a: &'a [T],
    /// The other, as long.
    pub b: &'a [T],
}

impl<T: Real> Leaf<T> for Dot<'_, T> {
    type Output = f64;

    #[inline(always)]
    fn run<V: Vector<T>>(self) -> f64 {
        let mut sums = [0.0; SUMS];
        let (a, a_rest) = self.a.as_chunks::<SUMS>();
        let (b, b_rest) = self.b.as_chunks::<SUMS>();
        for (a, b) in a.iter().zip(b) {
            for l in 0..SUMS {
                sums[l] += a[l].to_f64() * b[l].to_f64();
            }
        }
        for (l, (a, b)) in a_rest.iter().zip(b_rest).enumerate() {
            sums[l] += a.to_f64() * b.to_f64();
        }
        // Else the compiler pairs the sums as the tree below does, and the loop above loses its lanes.
        let mut sums = std::hint::black_box(sums);
        let mut width = SUMS;
        while width > 1 {
            width /= 2;
            for l in 0..width {
                sums[l] += sums[l + width];
            }
        }
        sums[0]
    }
}
