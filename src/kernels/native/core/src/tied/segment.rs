//! J on the way from one W to another.

use crate::error::{ErrorCode, KernelError, Result};
use crate::panel::Panel;
use crate::parallel::each_chunk;
use crate::reduce::{cross_gram, dot, gram};

/// Halvings of an interval: beyond these nothing moves.
const HALVINGS: usize = 64;
/// Numbers of a panel that a task takes.
const CHUNK: usize = 1 << 14;

/// W with what is linear in it: H, and its product P with the data, H = P or H = W; J = ½‖X‖² − ⟨P, H⟩ + ½⟨WWᵀ, HHᵀ⟩.
#[derive(Clone, Copy)]
pub struct Tied<'a> {
    /// k × features.
    pub w: &'a Panel<f64>,
    /// k × samples.
    pub h: &'a Panel<f64>,
    /// k × samples.
    pub p: &'a Panel<f64>,
}

/// The coefficients of J(t) − J(0) = c₁t + c₂t² + c₃t³ + c₄t⁴ on the way from `at` to `at` + `step`.
pub fn segment(at: Tied<'_>, step: Tied<'_>) -> Result<[f64; 4]> {
    let [g0, g1, g2] = grams_along(at.w, step.w)?;
    let [s0, s1, s2] = grams_along(at.h, step.h)?;
    let (h, p, eh, ep) = (at.h.data(), at.p.data(), step.h.data(), step.p.data());
    let c = [
        (dot(&g0, &s1) + dot(&g1, &s0)) / 2.0 - (dot(p, eh) + dot(ep, h)),
        (dot(&g0, &s2) + dot(&g1, &s1) + dot(&g2, &s0)) / 2.0 - dot(ep, eh),
        (dot(&g1, &s2) + dot(&g2, &s1)) / 2.0,
        dot(&g2, &s2) / 2.0,
    ];
    if c.iter().all(|x| x.is_finite()) {
        return Ok(c);
    }
    Err(KernelError::new(
        ErrorCode::NonFinite,
        "the objective left the range of numbers",
    ))
}

/// The Gram matrix of F + tD as a polynomial in t.
fn grams_along(f: &Panel<f64>, d: &Panel<f64>) -> Result<[Vec<f64>; 3]> {
    let k = f.k;
    let half = cross_gram(f, d)?;
    let both = (0..k * k).map(|p| half[p] + half[(p % k) * k + p / k]);
    Ok([gram(f)?, both.collect(), gram(d)?])
}

/// c₁t + c₂t² + c₃t³ + c₄t⁴.
pub fn value_at(c: &[f64; 4], t: f64) -> f64 {
    t * (c[0] + t * (c[1] + t * (c[2] + t * c[3])))
}

/// Where in [0, 1] a quartic of that kind is lowest. Between the turning points of its slope, a cubic, the slope has at
/// most one zero, which halving finds.
pub fn lowest(c: &[f64; 4]) -> f64 {
    let size = c.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
    if size == 0.0 {
        return 0.0;
    }
    let unit = c.map(|x| x / size);
    let [c1, c2, c3, c4] = unit;
    let slope = |t: f64| c1 + t * (2.0 * c2 + t * (3.0 * c3 + t * 4.0 * c4));
    let mut cuts = vec![0.0];
    cuts.extend(
        zeros_of_parabola(12.0 * c4, 6.0 * c3, 2.0 * c2)
            .into_iter()
            .filter(|t| *t > 0.0 && *t < 1.0),
    );
    cuts.push(1.0);
    let mut best = 0.0;
    for ends in cuts.windows(2) {
        for t in [valley(slope, ends[0], ends[1]), ends[1]] {
            if value_at(&unit, t) < value_at(&unit, best) {
                best = t;
            }
        }
    }
    best
}

/// Where a slope that rises or falls throughout turns from falling to rising; the end where it doesn't.
fn valley(slope: impl Fn(f64) -> f64, from: f64, to: f64) -> f64 {
    if !(slope(from) < 0.0 && slope(to) > 0.0) {
        return to;
    }
    let (mut low, mut high) = (from, to);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if slope(middle) < 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// The real zeros of at² + bt + c, rising; none where it is constant.
fn zeros_of_parabola(a: f64, b: f64, c: f64) -> Vec<f64> {
    let inside = b * b - 4.0 * a * c;
    if inside < 0.0 {
        return Vec::new();
    }
    let q = -(b + if b < 0.0 { -1.0 } else { 1.0 } * inside.sqrt()) / 2.0;
    let mut zeros: Vec<f64> = [q / a, c / q]
        .into_iter()
        .filter(|t| t.is_finite())
        .collect();
    zeros.sort_by(f64::total_cmp);
    zeros
}

/// A − B.
pub(crate) fn minus(a: &Panel<f64>, b: &Panel<f64>) -> Result<Panel<f64>> {
    let mut out = a.copied()?;
    combine(&mut out, b, |a, b| a - b);
    Ok(out)
}

/// B becomes A + t(B − A), and stays as it is where t is 1.
pub(crate) fn between(a: &Panel<f64>, b: &mut Panel<f64>, t: f64, least: f64) {
    combine(b, a, |b, a| (b + (t - 1.0) * (b - a)).max(least));
}

fn combine(a: &mut Panel<f64>, b: &Panel<f64>, of: impl Fn(f64, f64) -> f64 + Sync) {
    let work = a.data().len();
    let b = b.data();
    each_chunk(a.data_mut(), CHUNK, work, |c, a| {
        for (a, b) in a.iter_mut().zip(&b[c * CHUNK..]) {
            *a = of(*a, *b);
        }
    });
}
