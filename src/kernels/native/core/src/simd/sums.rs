//! As many registers as one has lanes, each summed across by halves, into one register in their order.

// SAFETY of every function: the caller runs on a machine that has its instructions; nothing here touches memory. The
// loops have one call each, so that what they call is inlined and compiled with those instructions too.

use core::arch::x86_64::*;

/// Rows 0..16, lanes of 32 bits.
#[inline(always)]
pub unsafe fn of_16_f32(mut row: impl FnMut(usize) -> __m512) -> __m512 {
    unsafe {
        let mut quarters = [_mm512_setzero_ps(); 4];
        for (v, quarter) in quarters.iter_mut().enumerate() {
            let mut rows = [_mm512_setzero_ps(); 4];
            for (u, out) in rows.iter_mut().enumerate() {
                *out = row(4 * u + v);
            }
            let (a, b) = (halves_f32(rows[0], rows[1]), halves_f32(rows[2], rows[3]));
            let low = _mm512_shuffle_f32x4::<0b10_00_10_00>(a, b);
            let high = _mm512_shuffle_f32x4::<0b11_01_11_01>(a, b);
            *quarter = _mm512_add_ps(low, high);
        }
        let (a, b) = (
            pairs_f32(quarters[0], quarters[1]),
            pairs_f32(quarters[2], quarters[3]),
        );
        let low = _mm512_shuffle_ps::<0b10_00_10_00>(a, b);
        let high = _mm512_shuffle_ps::<0b11_01_11_01>(a, b);
        _mm512_add_ps(low, high)
    }
}

#[inline(always)]
unsafe fn halves_f32(a: __m512, b: __m512) -> __m512 {
    unsafe {
        let low = _mm512_shuffle_f32x4::<0b01_00_01_00>(a, b);
        let high = _mm512_shuffle_f32x4::<0b11_10_11_10>(a, b);
        _mm512_add_ps(low, high)
    }
}

#[inline(always)]
unsafe fn pairs_f32(a: __m512, b: __m512) -> __m512 {
    unsafe {
        let (a, b) = (_mm512_castps_pd(a), _mm512_castps_pd(b));
        let low = _mm512_castpd_ps(_mm512_unpacklo_pd(a, b));
        let high = _mm512_castpd_ps(_mm512_unpackhi_pd(a, b));
        _mm512_add_ps(low, high)
    }
}

/// Rows 0..8, lanes of 64 bits.
#[inline(always)]
pub unsafe fn of_8_f64(mut row: impl FnMut(usize) -> __m512d) -> __m512d {
    unsafe {
        let mut halves = [_mm512_setzero_pd(); 2];
        for (v, half) in halves.iter_mut().enumerate() {
            let mut rows = [_mm512_setzero_pd(); 4];
            for (u, out) in rows.iter_mut().enumerate() {
                *out = row(2 * u + v);
            }
            let (a, b) = (halves_f64(rows[0], rows[1]), halves_f64(rows[2], rows[3]));
            let low = _mm512_shuffle_f64x2::<0b10_00_10_00>(a, b);
            let high = _mm512_shuffle_f64x2::<0b11_01_11_01>(a, b);
            *half = _mm512_add_pd(low, high);
        }
        let [a, b] = halves;
        _mm512_add_pd(_mm512_unpacklo_pd(a, b), _mm512_unpackhi_pd(a, b))
    }
}

#[inline(always)]
unsafe fn halves_f64(a: __m512d, b: __m512d) -> __m512d {
    unsafe {
        let low = _mm512_shuffle_f64x2::<0b01_00_01_00>(a, b);
        let high = _mm512_shuffle_f64x2::<0b11_10_11_10>(a, b);
        _mm512_add_pd(low, high)
    }
}

/// Rows 0..8, lanes of 32 bits.
#[inline(always)]
pub unsafe fn of_8_f32(mut row: impl FnMut(usize) -> __m256) -> __m256 {
    unsafe {
        let mut quarters = [_mm256_setzero_ps(); 4];
        for (v, quarter) in quarters.iter_mut().enumerate() {
            let mut rows = [_mm256_setzero_ps(); 2];
            for (u, out) in rows.iter_mut().enumerate() {
                *out = row(4 * u + v);
            }
            let low = _mm256_permute2f128_ps::<0x20>(rows[0], rows[1]);
            let high = _mm256_permute2f128_ps::<0x31>(rows[0], rows[1]);
            *quarter = _mm256_add_ps(low, high);
        }
        let (a, b) = (
            pairs_narrow(quarters[0], quarters[1]),
            pairs_narrow(quarters[2], quarters[3]),
        );
        let low = _mm256_shuffle_ps::<0b10_00_10_00>(a, b);
        let high = _mm256_shuffle_ps::<0b11_01_11_01>(a, b);
        _mm256_add_ps(low, high)
    }
}

#[inline(always)]
unsafe fn pairs_narrow(a: __m256, b: __m256) -> __m256 {
    unsafe {
        let (a, b) = (_mm256_castps_pd(a), _mm256_castps_pd(b));
        let low = _mm256_castpd_ps(_mm256_unpacklo_pd(a, b));
        let high = _mm256_castpd_ps(_mm256_unpackhi_pd(a, b));
        _mm256_add_ps(low, high)
    }
}

/// Rows 0..4, lanes of 64 bits.
#[inline(always)]
pub unsafe fn of_4_f64(mut row: impl FnMut(usize) -> __m256d) -> __m256d {
    unsafe {
        let mut halves = [_mm256_setzero_pd(); 2];
        for (v, half) in halves.iter_mut().enumerate() {
            let mut rows = [_mm256_setzero_pd(); 2];
            for (u, out) in rows.iter_mut().enumerate() {
                *out = row(2 * u + v);
            }
            let low = _mm256_permute2f128_pd::<0x20>(rows[0], rows[1]);
            let high = _mm256_permute2f128_pd::<0x31>(rows[0], rows[1]);
            *half = _mm256_add_pd(low, high);
        }
        let [a, b] = halves;
        _mm256_add_pd(_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b))
    }
}
