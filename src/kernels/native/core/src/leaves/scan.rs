use crate::simd::{Leaf, Real, Vector};

/// Vectors between two times that zeros are taken from their lanes; a lane counts them exactly for longer.
const STRETCH: usize = 1 << 10;

/// A look at every number.
pub struct Scan<'a, T> {
    /// The numbers.
    pub values: &'a [T],
}

/// What a look tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seen {
    /// The largest magnitude of what is a number.
    pub largest: f64,
    /// How many are zero or not a number.
    pub zeros: usize,
    /// Whether any is below zero.
    pub negative: bool,
    /// Whether all are finite.
    pub finite: bool,
}

impl<T: Real> Leaf<T> for Scan<'_, T> {
    type Output = Seen;

    #[inline(always)]
    fn run<V: Vector<T>>(self) -> Seen {
        let mut seen = Lanes {
            highest: V::zero(),
            deepest: V::zero(),
            odd: V::zero(),
        };
        let mut zeros = 0;
        for stretch in self.values.chunks(STRETCH * T::LANES) {
            let mut none = V::zero();
            let whole = stretch.chunks_exact(T::LANES);
            let rest = whole.remainder();
            for line in whole {
                // SAFETY: chunks_exact gives LANES numbers.
                none = none.add(seen.look(unsafe { V::load(line.as_ptr()) }));
            }
            zeros += total(none);
            if !rest.is_empty() {
                let mut line = [T::default(); 16];
                line[..rest.len()].copy_from_slice(rest);
                // SAFETY: LANES is 8 or 16.
                let last = unsafe { V::load(line.as_ptr()) };
                zeros += total(seen.look(last)) - (T::LANES - rest.len());
            }
        }
        let (highest, deepest) = (most(seen.highest), most(seen.deepest));
        Seen {
            largest: highest.max(deepest),
            zeros,
            negative: deepest > 0.0,
            finite: lanes(seen.odd).iter().all(|x| *x == T::default()),
        }
    }
}

struct Lanes<V> {
    /// The largest x.
    highest: V,
    /// The largest −x.
    deepest: V,
    /// Zero until an x is infinite or not a number, then not a number.
    odd: V,
}

impl<V: Copy> Lanes<V> {
    /// 1 in the lanes that hold a zero, else 0.
    #[inline(always)]
    fn look<T: Real>(&mut self, x: V) -> V
    where
        V: Vector<T>,
    {
        let below = V::zero().sub(x);
        // Where x is not a number the second is kept.
        self.highest = x.max(self.highest);
        self.deepest = below.max(self.deepest);
        self.odd = self.odd.add(x.sub(x));
        V::choose(
            x.max(below).over(V::zero()),
            V::zero(),
            V::splat(T::STEPS[1]),
        )
    }
}

#[inline(always)]
fn lanes<T: Real, V: Vector<T>>(v: V) -> [T; 16] {
    let mut out = [T::default(); 16];
    // SAFETY: LANES is 8 or 16.
    unsafe { v.store(out.as_mut_ptr()) };
    out
}

#[inline(always)]
fn most<T: Real, V: Vector<T>>(v: V) -> f64 {
    lanes(v).iter().fold(0.0, |most, x| x.to_f64().max(most))
}

#[inline(always)]
fn total<T: Real, V: Vector<T>>(v: V) -> usize {
    lanes(v).iter().map(|x| x.to_f64()).sum::<f64>() as usize
}
