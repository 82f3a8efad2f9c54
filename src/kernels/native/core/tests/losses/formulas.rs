//! Losses of one entry, and the functions that they are made of.

use super::*;

#[test]
fn logarithm_and_exponential_are_those_of_the_library() {
    let mut random = Random(1);
    for _ in 0..20_000 {
        let x = (40.0 * random.next() - 20.0).exp();
        near(log(x), x.ln(), 4e-16);
        let y = -700.0 * random.next().powi(4);
        assert!((exp(y) / y.exp() - 1.0).abs() < 4e-16, "e^{y}");
    }
    for x in [
        1.0,
        1.0 + 1e-15,
        1.0 - 1e-12,
        0.5,
        2.0,
        f64::MIN_POSITIVE,
        f64::MAX,
    ] {
        assert!(
            (log(x) - x.ln()).abs() <= 4e-16 * x.ln().abs().max(1e-16),
            "ln {x}"
        );
    }
    assert_eq!(log(1.0), 0.0);
    assert_eq!(
        (exp(0.0), exp(-800.0), exp(f64::NEG_INFINITY)),
        (1.0, 0.0, 0.0)
    );
}

/// Abramowitz & Stegun, tables 6.1 to 6.4, and identities.
#[test]
fn gamma_and_its_derivatives_have_the_known_values() {
    let half = std::f64::consts::PI.sqrt().ln();
    near(ln_gamma(0.5), half, 2e-15);
    near(ln_gamma(1.0), 0.0, 2e-15);
    near(ln_gamma(10.0), 362_880.0_f64.ln(), 1e-15);
    near(ln_gamma(1e-3), 6.907_178_885_383_853, 1e-14);
    near(ln_gamma(1e6), 12_815_504.569_147_611, 1e-15);
    let euler = 0.577_215_664_901_532_9;
    near(digamma(1.0), -euler, 1e-15);
    near(digamma(0.5), -euler - 2.0 * std::f64::consts::LN_2, 1e-15);
    near(digamma(0.01), -100.560_885_457_868_67, 1e-15);
    let square = std::f64::consts::PI.powi(2);
    near(trigamma(1.0), square / 6.0, 1e-15);
    near(trigamma(0.5), square / 2.0, 1e-15);
    near(trigamma(100.0), 0.010_050_166_663_333_57, 1e-15);
    for (x, r) in [(3.0, 0.7), (24.0, 5.0), (40.0, 5.0), (2.5, 1.5)] {
        let (first, second) = rise(x, r);
        near(first, digamma(x + r) - digamma(r), 1e-13);
        near(second, trigamma(x + r) - trigamma(r), 1e-13);
    }
}

fn formula<F: Formula>(formula: F, xs: &[f64], p: f64, curvature: bool) {
    for &x in xs {
        // What fits an entry best is the entry, but of the generalized Poisson.
        let own = (1.0 - p) * x;
        let gp = 0.5 * (own + (own * own + 4.0 * p * x).sqrt()) / (1.0 - p);
        let best = if F::LOGARITHMIC { gp } else { x };
        for mu in [0.05, 0.4, 1.3, 7.0] {
            let h = 1e-5 * mu;
            let slope = (formula.value(x, mu + h, p) - formula.value(x, mu - h, p)) / (2.0 * h);
            near(formula.slope(x, mu, p), slope, 1e-6);
            near(
                formula.change(x, mu, 1.7, p),
                formula.value(x, 1.7, p) - formula.value(x, mu, p),
                1e-12,
            );
            assert!(formula.value(x, mu, p) >= -1e-15 && formula.curvature(x, mu, p) > 0.0);
            if curvature {
                let bend = (formula.slope(x, mu + h, p) - formula.slope(x, mu - h, p)) / (2.0 * h);
                near(formula.curvature(x, mu, p), bend, 1e-5);
            }
            if F::ZEROS {
                let at = |mu: f64| formula.zero(mu, p);
                near(
                    formula.zero_slope(mu, p),
                    (at(mu + h) - at(mu - h)) / (2.0 * h),
                    1e-6,
                );
            }
        }
        near(formula.value(x, best, p), 0.0, 1e-14);
    }
}

#[test]
fn slopes_are_those_of_values() {
    let some = [0.3, 1.0, 2.0, 11.0];
    formula(Kl, &some, 0.0, true);
    formula(Gamma, &some, 0.0, false);
    formula(InverseGaussian, &some, 0.0, false);
    formula(Tweedie(1.5), &some, 0.0, false);
    formula(Tweedie(2.7), &some, 0.0, false);
    formula(Nb, &some, 1.7, false);
    formula(Gp, &[1.0, 2.0, 11.0], 0.4, true);
    formula(Huber(0.9), &[0.31, 2.23], 0.0, false);
    formula(Mae(1e-6), &[0.31, 2.23], 0.0, false);
}

/// Constants of the likelihood: the masses of all counts have the sum 1.
#[test]
fn masses_have_the_sum_one() {
    let (mu, r, theta) = (2.3, 0.8, 0.4);
    let of = |zero: f64, mass: &dyn Fn(f64) -> f64| {
        (1..2000).fold((-zero).exp(), |sum, x| sum + (-mass(f64::from(x))).exp())
    };
    near(
        of(Nb.zero(mu, r), &|x| Nb.value(x, mu, r) + Nb.saturated(x, r)),
        1.0,
        1e-12,
    );
    near(
        of(Gp.zero(mu, theta), &|x| {
            Gp.value(x, mu, theta) + Gp.saturated(x, theta)
        }),
        1.0,
        1e-12,
    );
}
