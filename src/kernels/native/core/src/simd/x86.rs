//! 64 bytes in one AVX-512 register, or in two of AVX2. `max` and `min` are those of the hardware: the second operand
//! where a number is missing, which is what [`Vector`] promises.

// SAFETY of every block below: the arithmetic needs only its instructions, which are there in any leaf that `run` has
// called; loads and stores ask for no alignment, and their callers vouch for the memory.

use core::arch::x86_64::*;

use super::{Real, Vector, sums};

macro_rules! avx512 {
    ($name:ident, $type:ident, $register:ident, $load:ident, $store:ident, $set:ident, $fma:ident, $add:ident, $sub:ident,
     $mul:ident, $div:ident, $max:ident, $min:ident, $compare:ident, $blend:ident, $negated:ident, $mask:ident,
     $transpose:ident, $sums:ident, $integer:ident, $pick:ident, $widen:ident, $quarter:ident,
     $insert_quarter:ident, $half:ident, $insert_half:ident, $widen_half:ident) => {
        #[derive(Clone, Copy)]
        pub struct $name($register);

        impl Vector<$type> for $name {
            const REGISTERS: usize = 32;
            type Mask = $mask;
            type Places = __m512i;

            #[inline(always)]
            unsafe fn load(from: *const $type) -> Self {
                Self(unsafe { $load(from) })
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut $type) {
                unsafe { $store(to, self.0) }
            }
            #[inline(always)]
            fn splat(x: $type) -> Self {
                Self(unsafe { $set(x) })
            }
            #[inline(always)]
            fn fma(self, a: Self, b: Self) -> Self {
                Self(unsafe { $fma(a.0, b.0, self.0) })
            }
            #[inline(always)]
            fn add(self, other: Self) -> Self {
                Self(unsafe { $add(self.0, other.0) })
            }
            #[inline(always)]
            fn sub(self, other: Self) -> Self {
                Self(unsafe { $sub(self.0, other.0) })
            }
            #[inline(always)]
            fn mul(self, other: Self) -> Self {
                Self(unsafe { $mul(self.0, other.0) })
            }
            #[inline(always)]
            fn div(self, other: Self) -> Self {
                Self(unsafe { $div(self.0, other.0) })
            }
            #[inline(always)]
            fn max(self, other: Self) -> Self {
                Self(unsafe { $max(self.0, other.0) })
            }
            #[inline(always)]
            fn min(self, other: Self) -> Self {
                Self(unsafe { $min(self.0, other.0) })
            }
            #[inline(always)]
            fn over(self, other: Self) -> Self::Mask {
                unsafe { $compare::<_CMP_GT_OQ>(self.0, other.0) }
            }
            #[inline(always)]
            fn choose(mask: Self::Mask, yes: Self, no: Self) -> Self {
                unsafe { Self($blend(mask, no.0, yes.0)) }
            }
            #[inline(always)]
            fn both(a: Self::Mask, b: Self::Mask) -> Self::Mask {
                a & b
            }
            #[inline(always)]
            fn any(mask: Self::Mask) -> bool {
                mask != 0
            }
            #[inline(always)]
            fn less(self, a: Self, b: Self) -> Self {
                Self(unsafe { $negated(a.0, b.0, self.0) })
            }
            #[inline(always)]
            fn sums(mut row: impl FnMut(usize) -> Self) -> Self {
                Self(unsafe { sums::$sums(|p| row(p).0) })
            }
            #[inline(always)]
            fn places(of: impl Fn(usize) -> usize) -> Self::Places {
                let places: [$integer; <$type as Real>::LANES] =
                    std::array::from_fn(|l| of(l) as $integer);
                unsafe { _mm512_loadu_si512(places.as_ptr().cast()) }
            }
            #[inline(always)]
            fn pick(self, places: Self::Places) -> Self {
                Self(unsafe { $pick(places, self.0) })
            }
            #[inline(always)]
            unsafe fn parts(parts: usize, from: impl Fn(usize) -> *const $type) -> Self {
                unsafe {
                    if parts == 2 {
                        let all = $widen_half($half(from(0)));
                        return Self($insert_half::<1>(all, $half(from(1))));
                    }
                    let all = $widen($quarter(from(0)));
                    let all = $insert_quarter::<1>(all, $quarter(from(1)));
                    let all = $insert_quarter::<2>(all, $quarter(from(2)));
                    Self($insert_quarter::<3>(all, $quarter(from(3))))
                }
            }
            #[inline(always)]
            unsafe fn transpose(from: *const $type, down: usize, to: *mut $type, out: usize) {
                unsafe { $transpose(from, down, to, out) }
            }
        }
    };
}

avx512!(
    F64x8,
    f64,
    __m512d,
    _mm512_loadu_pd,
    _mm512_storeu_pd,
    _mm512_set1_pd,
    _mm512_fmadd_pd,
    _mm512_add_pd,
    _mm512_sub_pd,
    _mm512_mul_pd,
    _mm512_div_pd,
    _mm512_max_pd,
    _mm512_min_pd,
    _mm512_cmp_pd_mask,
    _mm512_mask_blend_pd,
    _mm512_fnmadd_pd,
    __mmask8,
    transpose_f64,
    of_8_f64,
    i64,
    _mm512_permutexvar_pd,
    _mm512_castpd128_pd512,
    _mm_loadu_pd,
    _mm512_insertf64x2,
    _mm256_loadu_pd,
    _mm512_insertf64x4,
    _mm512_castpd256_pd512
);
avx512!(
    F32x16,
    f32,
    __m512,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    _mm512_set1_ps,
    _mm512_fmadd_ps,
    _mm512_add_ps,
    _mm512_sub_ps,
    _mm512_mul_ps,
    _mm512_div_ps,
    _mm512_max_ps,
    _mm512_min_ps,
    _mm512_cmp_ps_mask,
    _mm512_mask_blend_ps,
    _mm512_fnmadd_ps,
    __mmask16,
    transpose_f32,
    of_16_f32,
    i32,
    _mm512_permutexvar_ps,
    _mm512_castps128_ps512,
    _mm_loadu_ps,
    _mm512_insertf32x4,
    _mm256_loadu_ps,
    _mm512_insertf32x8,
    _mm512_castps256_ps512
);

macro_rules! avx2 {
    ($name:ident, $type:ident, $half:literal, $register:ident, $load:ident, $store:ident, $set:ident, $fma:ident, $add:ident,
     $sub:ident, $mul:ident, $div:ident, $max:ident, $min:ident, $compare:ident, $blend:ident, $mask:ident, $and:ident,
     $negated:ident, $sums:ident) => {
        #[derive(Clone, Copy)]
        pub struct $name($register, $register);

        impl Vector<$type> for $name {
            const REGISTERS: usize = 8;
            type Mask = Self;
            type Places = [usize; 2 * $half];

            #[inline(always)]
            unsafe fn load(from: *const $type) -> Self {
                unsafe { Self($load(from), $load(from.add($half))) }
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut $type) {
                unsafe {
                    $store(to, self.0);
                    $store(to.add($half), self.1);
                }
            }
            #[inline(always)]
            fn splat(x: $type) -> Self {
                let x = unsafe { $set(x) };
                Self(x, x)
            }
            #[inline(always)]
            fn fma(self, a: Self, b: Self) -> Self {
                unsafe { Self($fma(a.0, b.0, self.0), $fma(a.1, b.1, self.1)) }
            }
            #[inline(always)]
            fn add(self, other: Self) -> Self {
                unsafe { Self($add(self.0, other.0), $add(self.1, other.1)) }
            }
            #[inline(always)]
            fn sub(self, other: Self) -> Self {
                unsafe { Self($sub(self.0, other.0), $sub(self.1, other.1)) }
            }
            #[inline(always)]
            fn mul(self, other: Self) -> Self {
                unsafe { Self($mul(self.0, other.0), $mul(self.1, other.1)) }
            }
            #[inline(always)]
            fn div(self, other: Self) -> Self {
                unsafe { Self($div(self.0, other.0), $div(self.1, other.1)) }
            }
            #[inline(always)]
            fn max(self, other: Self) -> Self {
                unsafe { Self($max(self.0, other.0), $max(self.1, other.1)) }
            }
            #[inline(always)]
            fn min(self, other: Self) -> Self {
                unsafe { Self($min(self.0, other.0), $min(self.1, other.1)) }
            }
            #[inline(always)]
            fn over(self, other: Self) -> Self::Mask {
                unsafe {
                    let first = $compare::<_CMP_GT_OQ>(self.0, other.0);
                    Self(first, $compare::<_CMP_GT_OQ>(self.1, other.1))
                }
            }
            #[inline(always)]
            fn choose(mask: Self::Mask, yes: Self, no: Self) -> Self {
                unsafe { Self($blend(no.0, yes.0, mask.0), $blend(no.1, yes.1, mask.1)) }
            }
            #[inline(always)]
            fn both(a: Self::Mask, b: Self::Mask) -> Self::Mask {
                unsafe { Self($and(a.0, b.0), $and(a.1, b.1)) }
            }
            #[inline(always)]
            fn any(mask: Self::Mask) -> bool {
                unsafe { ($mask(mask.0) | $mask(mask.1)) != 0 }
            }
            #[inline(always)]
            fn less(self, a: Self, b: Self) -> Self {
                unsafe { Self($negated(a.0, b.0, self.0), $negated(a.1, b.1, self.1)) }
            }
            #[inline(always)]
            fn places(of: impl Fn(usize) -> usize) -> Self::Places {
                std::array::from_fn(of)
            }
            #[inline(always)]
            fn pick(self, places: Self::Places) -> Self {
                let mut lanes = [0.0; 2 * $half];
                unsafe { self.store(lanes.as_mut_ptr()) };
                let picked = places.map(|place| lanes[place]);
                unsafe { Self::load(picked.as_ptr()) }
            }
            #[inline(always)]
            fn sums(mut row: impl FnMut(usize) -> Self) -> Self {
                let mut parts = [unsafe { $set(0.0) }; 2];
                for (h, part) in parts.iter_mut().enumerate() {
                    *part = unsafe {
                        sums::$sums(|p| {
                            let Self(low, high) = row($half * h + p);
                            $add(low, high)
                        })
                    };
                }
                Self(parts[0], parts[1])
            }
        }
    };
}

avx2!(
    F64x4x2,
    f64,
    4,
    __m256d,
    _mm256_loadu_pd,
    _mm256_storeu_pd,
    _mm256_set1_pd,
    _mm256_fmadd_pd,
    _mm256_add_pd,
    _mm256_sub_pd,
    _mm256_mul_pd,
    _mm256_div_pd,
    _mm256_max_pd,
    _mm256_min_pd,
    _mm256_cmp_pd,
    _mm256_blendv_pd,
    _mm256_movemask_pd,
    _mm256_and_pd,
    _mm256_fnmadd_pd,
    of_4_f64
);
avx2!(
    F32x8x2,
    f32,
    8,
    __m256,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    _mm256_set1_ps,
    _mm256_fmadd_ps,
    _mm256_add_ps,
    _mm256_sub_ps,
    _mm256_mul_ps,
    _mm256_div_ps,
    _mm256_max_ps,
    _mm256_min_ps,
    _mm256_cmp_ps,
    _mm256_blendv_ps,
    _mm256_movemask_ps,
    _mm256_and_ps,
    _mm256_fnmadd_ps,
    of_8_f32
);

/// Eight lines of eight: pairs, then quarters, then halves change places.
#[inline(always)]
unsafe fn transpose_f64(from: *const f64, down: usize, to: *mut f64, out: usize) {
    unsafe {
        let mut r = [_mm512_setzero_pd(); 8];
        for (i, r) in r.iter_mut().enumerate() {
            *r = _mm512_loadu_pd(from.add(i * down));
        }
        let mut t = r;
        for i in (0..8).step_by(2) {
            t[i] = _mm512_unpacklo_pd(r[i], r[i + 1]);
            t[i + 1] = _mm512_unpackhi_pd(r[i], r[i + 1]);
        }
        // Line i of t holds columns of parity i mod 2, pairs of rows 2·(i / 2) and the next.
        let mut u = t;
        for half in [0, 4] {
            for odd in 0..2 {
                let (a, b) = (t[half + odd], t[half + 2 + odd]);
                u[half + odd] = _mm512_shuffle_f64x2::<0b10_00_10_00>(a, b);
                u[half + 2 + odd] = _mm512_shuffle_f64x2::<0b11_01_11_01>(a, b);
            }
        }
        // Line `odd` of a half holds columns odd and odd + 4, line 2 + odd those of odd + 2 and odd + 6.
        for odd in 0..2 {
            let (a, b) = (u[odd], u[4 + odd]);
            _mm512_storeu_pd(
                to.add(odd * out),
                _mm512_shuffle_f64x2::<0b10_00_10_00>(a, b),
            );
            _mm512_storeu_pd(
                to.add((odd + 4) * out),
                _mm512_shuffle_f64x2::<0b11_01_11_01>(a, b),
            );
            let (a, b) = (u[2 + odd], u[6 + odd]);
            _mm512_storeu_pd(
                to.add((odd + 2) * out),
                _mm512_shuffle_f64x2::<0b10_00_10_00>(a, b),
            );
            _mm512_storeu_pd(
                to.add((odd + 6) * out),
                _mm512_shuffle_f64x2::<0b11_01_11_01>(a, b),
            );
        }
    }
}

/// Sixteen lines of sixteen: in quarters of four lines pairs and then pairs of pairs, then the quarters change places.
#[inline(always)]
unsafe fn transpose_f32(from: *const f32, down: usize, to: *mut f32, out: usize) {
    unsafe {
        let mut r = [_mm512_setzero_ps(); 16];
        for (i, r) in r.iter_mut().enumerate() {
            *r = _mm512_loadu_ps(from.add(i * down));
        }
        // Line 4·q + c of s holds columns c, c + 4, c + 8, c + 12 of rows 4·q to 4·q + 3.
        let mut s = r;
        for q in (0..16).step_by(4) {
            let (a, b) = (
                _mm512_unpacklo_ps(r[q], r[q + 1]),
                _mm512_unpackhi_ps(r[q], r[q + 1]),
            );
            let (c, d) = (
                _mm512_unpacklo_ps(r[q + 2], r[q + 3]),
                _mm512_unpackhi_ps(r[q + 2], r[q + 3]),
            );
            let (a, c) = (_mm512_castps_pd(a), _mm512_castps_pd(c));
            let (b, d) = (_mm512_castps_pd(b), _mm512_castps_pd(d));
            s[q] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, c));
            s[q + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, c));
            s[q + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(b, d));
            s[q + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(b, d));
        }
        for c in 0..4 {
            let (a, b) = (
                _mm512_shuffle_f32x4::<0b10_00_10_00>(s[c], s[4 + c]),
                _mm512_shuffle_f32x4::<0b11_01_11_01>(s[c], s[4 + c]),
            );
            let (d, e) = (
                _mm512_shuffle_f32x4::<0b10_00_10_00>(s[8 + c], s[12 + c]),
                _mm512_shuffle_f32x4::<0b11_01_11_01>(s[8 + c], s[12 + c]),
            );
            _mm512_storeu_ps(to.add(c * out), _mm512_shuffle_f32x4::<0b10_00_10_00>(a, d));
            _mm512_storeu_ps(
                to.add((c + 8) * out),
                _mm512_shuffle_f32x4::<0b11_01_11_01>(a, d),
            );
            _mm512_storeu_ps(
                to.add((c + 4) * out),
                _mm512_shuffle_f32x4::<0b10_00_10_00>(b, e),
            );
            _mm512_storeu_ps(
                to.add((c + 12) * out),
                _mm512_shuffle_f32x4::<0b11_01_11_01>(b, e),
            );
        }
    }
}
