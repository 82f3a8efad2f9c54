use crate::simd::{Leaf, Real, Vector};

/// Numbers in a line.
const LINE: usize = <f64 as Real>::LANES;

/// out_p = f_p·x for the listed columns f_p of a panel: a chain of fused multiply-adds in each lane, and these by halves.
pub struct Estimate<'a> {
    /// Columns of a panel, as long as `x`.
    pub factor: &'a [f64],
    /// Which of them.
    pub indices: &'a [u32],
    /// A column of another panel, of whole lines.
    pub x: &'a [f64],
    /// One for each index.
    pub out: &'a mut [f64],
}

impl Leaf<f64> for Estimate<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<f64>>(self) {
        let (x, rest) = self.x.as_chunks::<LINE>();
        assert!(rest.is_empty() && self.out.len() == self.indices.len());
        for (out, &i) in self.out.iter_mut().zip(self.indices) {
            let column = &self.factor[i as usize * self.x.len()..][..self.x.len()];
            let mut lanes = [0.0; LINE];
            for (f, x) in column.as_chunks::<LINE>().0.iter().zip(x) {
                for l in 0..LINE {
                    lanes[l] = f[l].fused(x[l], lanes[l]);
                }
            }
            let mut half = LINE;
            while half > 1 {
                half /= 2;
                for l in 0..half {
                    lanes[l] += lanes[l + half];
                }
            }
            *out = lanes[0];
        }
    }
}
