use crate::simd::{Leaf, Real, Vector};

/// Lines that are added in the numbers of the rows before their sum is taken on in 64 bits.
pub(super) const STRETCH: usize = 128;
/// Running sums of a row.
const CHAINS: usize = 4;

/// sums_r += Σ_i rows_ri·q_i, or rows_ri²·q_i: in each lane four running sums over a stretch, these together, and the lanes by halves in 64
/// bits.
pub struct Along<'a, T> {
    /// As many rows as there are sums.
    pub rows: &'a [T],
    /// Numbers from one row to the next.
    pub line: usize,
    /// A whole number of lines, no longer than a row.
    pub q: &'a [T],
    /// One for each row.
    pub sums: &'a mut [f64],
    /// The squares of the rows are added instead.
    pub squared: bool,
}

impl<T: Real> Leaf<T> for Along<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<T>>(self) {
        if self.squared {
            self.add::<V, true>();
        } else {
            self.add::<V, false>();
        }
    }
}

impl<T: Real> Along<'_, T> {
    #[inline(always)]
    fn add<V: Vector<T>, const SQUARED: bool>(self) {
        let term = |row: V, q: V| if SQUARED { q.mul(row) } else { q };
        let length = self.q.len();
        assert!(length.is_multiple_of(T::LANES) && length <= self.line);
        assert!(self.rows.len() >= self.sums.len() * self.line);
        let lines = length / T::LANES;
        for from in (0..lines).step_by(STRETCH) {
            let to = lines.min(from + STRETCH);
            for (r, sum) in self.sums.iter_mut().enumerate() {
                let mut chains = [V::zero(); CHAINS];
                // SAFETY: lines from..to lie within `q` and so within each row.
                unsafe {
                    let row = self.rows.as_ptr().add(r * self.line);
                    let q = self.q.as_ptr();
                    let mut at = from;
                    while at + CHAINS <= to {
                        for (c, chain) in chains.iter_mut().enumerate() {
                            let at = (at + c) * T::LANES;
                            let row = V::load(row.add(at));
                            *chain = chain.fma(row, term(row, V::load(q.add(at))));
                        }
                        at += CHAINS;
                    }
                    for at in at..to {
                        let at = at * T::LANES;
                        let row = V::load(row.add(at));
                        chains[0] = chains[0].fma(row, term(row, V::load(q.add(at))));
                    }
                }
                *sum += across(chains[0].add(chains[1]).add(chains[2].add(chains[3])));
            }
        }
    }
}

/// The sum of the lanes, by halves, in 64 bits.
#[inline(always)]
pub(super) fn across<T: Real, V: Vector<T>>(v: V) -> f64 {
    let mut lanes = [T::default(); 16];
    // SAFETY: LANES is 8 or 16.
    unsafe { v.store(lanes.as_mut_ptr()) };
    let mut wide = [0.0; 16];
    for l in 0..T::LANES {
        wide[l] = lanes[l].to_f64();
    }
    let mut half = T::LANES / 2;
    while half > 0 {
        for l in 0..half {
            wide[l] += wide[l + half];
        }
        half /= 2;
    }
    wide[0]
}
