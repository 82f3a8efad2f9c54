//! Vectors of 64 bytes, and the one place where their instructions are chosen.
//!
//! Every loop over vectors is written once, as a [`Leaf`], and compiled for AVX-512, for AVX2 with FMA, and for plain
//! numbers. Lanes run along results, never along a sum, and every multiply-add is fused, so the three give the same
//! bits; only the leaves and the vectors in this folder hold `unsafe`.

mod level;
mod portable;
#[cfg(target_arch = "x86_64")]
mod sums;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use level::{Level, available, force, level};

/// A number that panels and products are held in.
pub trait Real:
    bytemuck::Pod + Send + Sync + Default + PartialOrd + std::fmt::Debug + private::Sealed
{
    /// Its name: f32 or f64.
    const NAME: &'static str;
    /// How many fill 64 bytes.
    const LANES: usize;
    /// 0, 1, 2 …
    const STEPS: [Self; 16];
    /// 64 bytes in one register.
    #[cfg(target_arch = "x86_64")]
    type Avx512: Vector<Self>;
    /// 64 bytes in two registers.
    #[cfg(target_arch = "x86_64")]
    type Avx2: Vector<Self>;
    /// 64 bytes as an array.
    type Portable: Vector<Self>;

    /// The nearest number of this kind.
    fn from_f64(x: f64) -> Self;
    /// The same number in 64 bits.
    fn to_f64(self) -> f64;
    /// self · a + b, rounded once.
    fn fused(self, a: Self, b: Self) -> Self;
    /// self · other.
    fn times(self, other: Self) -> Self;
    /// self + other.
    fn plus(self, other: Self) -> Self;
}

mod private {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// `T::LANES` numbers that are worked on side by side.
///
/// The methods may use instructions of their level, so a vector must not be touched but in a [`Leaf`] that [`run`] has
/// called: it checks the level first.
pub trait Vector<T: Real>: Copy {
    /// Registers of this size that a loop may fill: 32, or 8 where each takes two of 16.
    const REGISTERS: usize;
    /// Some of the lanes.
    type Mask: Copy;
    /// A lane for each lane.
    type Places: Copy;

    /// # Safety
    /// `from` is valid for reads of `T::LANES` numbers.
    unsafe fn load(from: *const T) -> Self;
    /// # Safety
    /// `to` is valid for writes of `T::LANES` numbers.
    unsafe fn store(self, to: *mut T);
    /// The same number in every lane.
    fn splat(x: T) -> Self;
    /// a · b + self, rounded once.
    fn fma(self, a: Self, b: Self) -> Self;
    /// self + other.
    fn add(self, other: Self) -> Self;
    /// self − other.
    fn sub(self, other: Self) -> Self;
    /// self · other.
    fn mul(self, other: Self) -> Self;
    /// self / other.
    fn div(self, other: Self) -> Self;
    /// The larger of both; `other` where either is not a number.
    fn max(self, other: Self) -> Self;
    /// The smaller of both; `other` where either is not a number.
    fn min(self, other: Self) -> Self;
    /// The lanes where self > other.
    fn over(self, other: Self) -> Self::Mask;
    /// `yes` in the lanes of the mask, else `no`.
    fn choose(mask: Self::Mask, yes: Self, no: Self) -> Self;
    /// The lanes of both masks.
    fn both(a: Self::Mask, b: Self::Mask) -> Self::Mask;
    /// Whether the mask holds any lane.
    fn any(mask: Self::Mask) -> bool;
    /// −(a · b) + self, rounded once.
    fn less(self, a: Self, b: Self) -> Self;
    /// Lane p is the sum of the lanes of `row(p)`, taken by halves: lane l and lane l + half, until one is left.
    fn sums(row: impl FnMut(usize) -> Self) -> Self;

    /// Place `of(l)` for each lane l.
    fn places(of: impl Fn(usize) -> usize) -> Self::Places;
    /// Each lane is the one at its place.
    fn pick(self, places: Self::Places) -> Self;

    /// Part p of the lanes, of 2 or 4 equal ones, is read from `from(p)`.
    ///
    /// # Safety
    /// Each `from(p)` is valid for reads of `T::LANES / parts` numbers.
    #[inline(always)]
    unsafe fn parts(parts: usize, from: impl Fn(usize) -> *const T) -> Self {
        let mut lanes = [T::default(); 16];
        let size = T::LANES / parts;
        for l in 0..T::LANES {
            // SAFETY: the caller vouches for every part.
            lanes[l] = unsafe { *from(l / size).add(l % size) };
        }
        // SAFETY: sixteen numbers hold any vector.
        unsafe { Self::load(lanes.as_ptr()) }
    }

    /// Writes the transpose of a tile: number c of line r from `from` becomes number r of line c from `to`; lines are
    /// `down` and `out` numbers apart.
    ///
    /// # Safety
    /// `T::LANES` lines can be read from `from`, and as many written from `to`.
    #[inline(always)]
    unsafe fn transpose(from: *const T, down: usize, to: *mut T, out: usize) {
        for r in 0..T::LANES {
            for c in 0..T::LANES {
                // SAFETY: the caller vouches for all lines.
                unsafe { *to.add(c * out + r) = *from.add(r * down + c) };
            }
        }
    }

    /// All zeros.
    fn zero() -> Self {
        Self::splat(T::default())
    }
}

/// A loop over vectors, compiled once for each level. `run` must be `#[inline(always)]`, so that the instructions of
/// the level reach it.
pub trait Leaf<T: Real> {
    /// What it returns.
    type Output;
    /// Does the work with vectors of one level.
    fn run<V: Vector<T>>(self) -> Self::Output;
}

/// Brings the line at an address near, which need not be one that may be read.
#[inline(always)]
pub fn prefetch<T>(at: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: SSE is part of the platform, and a prefetch never faults.
    unsafe {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(at.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

/// Runs a leaf with the best instructions this machine has.
pub fn run<T: Real, L: Leaf<T>>(leaf: L) -> L::Output {
    match level() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `level` gives Avx512 only where all features named at `avx512` were detected.
        Level::Avx512 => unsafe { avx512(leaf) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `level` gives Avx2 only where all features named at `avx2` were detected.
        Level::Avx2 => unsafe { avx2(leaf) },
        _ => leaf.run::<T::Portable>(),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma,bmi1,bmi2")]
fn avx512<T: Real, L: Leaf<T>>(leaf: L) -> L::Output {
    leaf.run::<T::Avx512>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,bmi1,bmi2")]
fn avx2<T: Real, L: Leaf<T>>(leaf: L) -> L::Output {
    leaf.run::<T::Avx2>()
}

macro_rules! real {
    ($type:ident, $lanes:literal, $avx512:ident, $avx2:ident) => {
        impl Real for $type {
            const NAME: &'static str = stringify!($type);
            const LANES: usize = $lanes;
            const STEPS: [Self; 16] = [
                0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0,
                15.0,
            ];
            #[cfg(target_arch = "x86_64")]
            type Avx512 = x86::$avx512;
            #[cfg(target_arch = "x86_64")]
            type Avx2 = x86::$avx2;
            type Portable = portable::Lanes<$type, $lanes>;

            #[inline(always)]
            fn from_f64(x: f64) -> Self {
                x as $type
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            #[inline(always)]
            fn fused(self, a: Self, b: Self) -> Self {
                self.mul_add(a, b)
            }
            #[inline(always)]
            fn times(self, other: Self) -> Self {
                self * other
            }
            #[inline(always)]
            fn plus(self, other: Self) -> Self {
                self + other
            }
        }
    };
}

real!(f64, 8, F64x8, F64x4x2);
real!(f32, 16, F32x16, F32x8x2);
