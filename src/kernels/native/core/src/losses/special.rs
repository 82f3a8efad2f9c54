//! Logarithms, exponentials and what belongs to Γ, from published expansions.

/// ln 2 in two parts, the first with zeros at its end.
const LN2: [f64; 2] = [
    f64::from_bits(0x3FE6_2E42_FEE0_0000),
    f64::from_bits(0x3DEA_39EF_3579_3C76),
];
/// The bits of √½.
const ROOT_HALF: u64 = 0x3FE6_A09E_667F_3BCD;
/// Beyond this the expansions at infinity are exact to rounding.
const FAR: f64 = 10.0;
/// Counts up to this are met term by term.
const FEW: f64 = 24.0;

/// ln x of a normal number above zero: 2·artanh((m − 1) / (m + 1)) of its mantissa m, in √½ to √2, as a series
/// (Abramowitz & Stegun 4.1.27). Without branches, so that loops over it take several at once.
#[inline(always)]
pub fn log(x: f64) -> f64 {
    let bits = x.to_bits();
    let power = (bits.wrapping_sub(ROOT_HALF) as i64) >> 52;
    let m = f64::from_bits(bits.wrapping_sub((power << 52) as u64));
    let power = f64::from(power as i32);
    let f = m - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let mut sum: f64 = 1.0 / 23.0;
    for n in [21.0, 19.0, 17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0] {
        sum = sum.mul_add(z, 1.0 / n);
    }
    let twice = s + s;
    power.mul_add(
        LN2[0],
        (twice * z).mul_add(sum, power.mul_add(LN2[1], twice)),
    )
}

/// eˣ for x ≤ 0, by the series of what is left beside a power of two; 0 below −700.
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    let x = x.max(-745.0);
    let power = (x * std::f64::consts::LOG2_E).round_ties_even();
    let r = power.mul_add(-LN2[1], power.mul_add(-LN2[0], x));
    let mut sum = 1.0 / 6_227_020_800.0;
    for n in [
        479_001_600.0,
        39_916_800.0,
        3_628_800.0,
        362_880.0,
        40320.0,
        5040.0,
        720.0,
        120.0,
        24.0,
        6.0,
        2.0,
        1.0,
        1.0,
    ] {
        sum = r.mul_add(sum, 1.0 / n);
    }
    let scale = f64::from_bits(((power.max(-1010.0) as i32 + 1023) as u64) << 52);
    if x < -700.0 { 0.0 } else { sum * scale }
}

/// ln Γ(z) − [(z − ½)·ln z − z + ½·ln 2π], z > 0 (Abramowitz & Stegun 6.1.40).
pub fn stirling(z: f64) -> f64 {
    let (mut z, mut near) = (z, 0.0);
    while z < FAR {
        near += (z + 0.5) * (1.0 / z).ln_1p() - 1.0;
        z += 1.0;
    }
    let inverse = 1.0 / z;
    let square = inverse * inverse;
    let terms = [
        1.0 / 156.0,
        -691.0 / 360_360.0,
        1.0 / 1188.0,
        -1.0 / 1680.0,
        1.0 / 1260.0,
        -1.0 / 360.0,
        1.0 / 12.0,
    ];
    near + inverse
        * terms
            .iter()
            .fold(0.0, |sum: f64, x| sum.mul_add(square, *x))
}

/// ln Γ(z), z > 0.
pub fn ln_gamma(z: f64) -> f64 {
    let half_of_tau = 0.5 * std::f64::consts::TAU.ln();
    (z - 0.5) * z.ln() - z + half_of_tau + stirling(z)
}

/// ψ(z), the derivative of ln Γ, z > 0 (Abramowitz & Stegun 6.3.18).
pub fn digamma(z: f64) -> f64 {
    let (mut z, mut near) = (z, 0.0);
    while z < FAR {
        near -= 1.0 / z;
        z += 1.0;
    }
    let square = 1.0 / (z * z);
    let terms = [
        -1.0 / 12.0,
        691.0 / 32760.0,
        -1.0 / 132.0,
        1.0 / 240.0,
        -1.0 / 252.0,
        1.0 / 120.0,
        -1.0 / 12.0,
    ];
    let far = terms
        .iter()
        .fold(0.0, |sum: f64, x| sum.mul_add(square, *x));
    near + z.ln() - 0.5 / z + square * far
}

/// ψ′(z), z > 0 (Abramowitz & Stegun 6.4.12).
pub fn trigamma(z: f64) -> f64 {
    let (mut z, mut near) = (z, 0.0);
    while z < FAR {
        near += 1.0 / (z * z);
        z += 1.0;
    }
    let inverse = 1.0 / z;
    let square = inverse * inverse;
    let terms = [
        7.0 / 6.0,
        -691.0 / 2730.0,
        5.0 / 66.0,
        -1.0 / 30.0,
        1.0 / 42.0,
        -1.0 / 30.0,
        1.0 / 6.0,
    ];
    let far = terms
        .iter()
        .fold(0.0, |sum: f64, x| sum.mul_add(square, *x));
    near + inverse + 0.5 * square + inverse * square * far
}

/// ψ(r + x) − ψ(r) and ψ′(r + x) − ψ′(r): of whole numbers x that are not large a sum of fractions.
pub fn rise(x: f64, r: f64) -> (f64, f64) {
    if x <= FEW && x.fract() == 0.0 {
        let terms = (0..x as usize).map(|t| 1.0 / (r + t as f64));
        return terms.fold((0.0, 0.0), |(first, second), term| {
            (first + term, second - term * term)
        });
    }
    (digamma(x + r) - digamma(r), trigamma(x + r) - trigamma(r))
}
