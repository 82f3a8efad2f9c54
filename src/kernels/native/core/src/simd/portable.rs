use super::{Real, Vector};

/// Numbers side by side, left to the compiler.
#[derive(Clone, Copy)]
pub struct Lanes<T, const N: usize>([T; N]);

macro_rules! lanes {
    ($type:ident, $n:literal) => {
        impl Lanes<$type, $n> {
            #[inline(always)]
            fn zip(self, other: Self, with: impl Fn($type, $type) -> $type) -> Self {
                let mut out = self.0;
                for (x, y) in out.iter_mut().zip(other.0) {
                    *x = with(*x, y);
                }
                Self(out)
            }
        }

        impl Vector<$type> for Lanes<$type, $n> {
            const REGISTERS: usize = 8;
            type Mask = [bool; $n];
            type Places = [usize; $n];

            #[inline(always)]
            unsafe fn load(from: *const $type) -> Self {
                // SAFETY: the caller vouches for so many numbers; the read asks for no alignment beyond theirs.
                Self(unsafe { from.cast::<[$type; $n]>().read() })
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut $type) {
                // SAFETY: as for `load`.
                unsafe { to.cast::<[$type; $n]>().write(self.0) }
            }
            #[inline(always)]
            fn splat(x: $type) -> Self {
                Self([x; $n])
            }
            #[inline(always)]
            fn fma(self, a: Self, b: Self) -> Self {
                let mut out = self.0;
                for l in 0..$n {
                    out[l] = a.0[l].fused(b.0[l], out[l]);
                }
                Self(out)
            }
            #[inline(always)]
            fn add(self, other: Self) -> Self {
                self.zip(other, |x, y| x + y)
            }
            #[inline(always)]
            fn sub(self, other: Self) -> Self {
                self.zip(other, |x, y| x - y)
            }
            #[inline(always)]
            fn mul(self, other: Self) -> Self {
                self.zip(other, |x, y| x * y)
            }
            #[inline(always)]
            fn div(self, other: Self) -> Self {
                self.zip(other, |x, y| x / y)
            }
            #[inline(always)]
            fn max(self, other: Self) -> Self {
                self.zip(other, |x, y| if x > y { x } else { y })
            }
            #[inline(always)]
            fn min(self, other: Self) -> Self {
                self.zip(other, |x, y| if x < y { x } else { y })
            }
            #[inline(always)]
            fn over(self, other: Self) -> Self::Mask {
                let mut mask = [false; $n];
                for l in 0..$n {
                    mask[l] = self.0[l] > other.0[l];
                }
                mask
            }
            #[inline(always)]
            fn choose(mask: Self::Mask, yes: Self, no: Self) -> Self {
                let mut out = no.0;
                for l in 0..$n {
                    if mask[l] {
                        out[l] = yes.0[l];
                    }
                }
                Self(out)
            }
            #[inline(always)]
            fn both(a: Self::Mask, b: Self::Mask) -> Self::Mask {
                let mut mask = a;
                for (x, y) in mask.iter_mut().zip(b) {
                    *x &= y;
                }
                mask
            }
            #[inline(always)]
            fn any(mask: Self::Mask) -> bool {
                mask.iter().any(|x| *x)
            }
            #[inline(always)]
            fn less(self, a: Self, b: Self) -> Self {
                self.fma(Self::zero().sub(a), b)
            }
            #[inline(always)]
            fn places(of: impl Fn(usize) -> usize) -> Self::Places {
                std::array::from_fn(of)
            }
            #[inline(always)]
            fn pick(self, places: Self::Places) -> Self {
                Self(places.map(|place| self.0[place]))
            }
            #[inline(always)]
            fn sums(mut row: impl FnMut(usize) -> Self) -> Self {
                let mut out = [0.0; $n];
                for (p, out) in out.iter_mut().enumerate() {
                    let mut lanes = row(p).0;
                    let mut half = $n / 2;
                    while half > 0 {
                        for l in 0..half {
                            lanes[l] += lanes[l + half];
                        }
                        half /= 2;
                    }
                    *out = lanes[0];
                }
                Self(out)
            }
        }
    };
}

lanes!(f64, 8);
lanes!(f32, 16);
