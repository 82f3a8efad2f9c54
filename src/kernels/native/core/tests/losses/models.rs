//! Coefficients of given factors, losses that are one, and what is refused.

use super::*;

#[test]
fn encode_finds_the_coefficients_of_a_fit() {
    for case in cases(ROWS, COLS) {
        if case.kind == Kind::Mae {
            continue;
        }
        let x = [dense(&case.x)];
        let way = Fitted {
            max_iter: 60,
            ..PLAIN
        };
        let fit = case.plain(&x, way);
        let mut loss = case.loss();
        for (own, found) in [
            (&mut loss.dispersion, &fit.dispersion),
            (&mut loss.zero_inflation, &fit.zero_inflation),
        ] {
            if let (Some(own), Some(found)) = (own, found) {
                own.values = found;
                own.estimate = false;
            }
        }
        let none = [0.0; K];
        let found = encode(&EncodeArgs {
            x: &x,
            w: view(&fit.w),
            ridge: &none,
            linear: &none,
            coupling: None,
            nonneg: true,
            upper: f64::INFINITY,
            loss: Some(loss),
            weights: None,
        })
        .unwrap();
        let mut scaled = Matrix::copied(K, COLS, &fit.h.data).unwrap();
        for (p, x) in scaled.data.iter_mut().enumerate() {
            *x *= fit.d[p % K];
        }
        let of = |h: &Matrix| {
            let estimate = Estimate {
                w: view(&fit.w),
                h: view(h),
                weights: None,
            };
            deviance(&x, &estimate, &loss).unwrap()
        };
        near(of(&scaled).loss, fit.loss, 1e-9);
        near(of(&scaled).null_loss, fit.null_loss, 1e-9);
        assert!(of(&found).loss <= fit.loss * (1.0 + 1e-9), "{}", case.name);
    }
}

#[test]
fn losses_that_are_one_have_one_fit() {
    let all = cases(ROWS, COLS);
    let of = |name: &str| all.iter().find(|case| case.name == name).unwrap();
    let same = |case: &Case, other: Case| {
        let x = [dense(&case.x)];
        let (one, two) = (case.plain(&x, PLAIN), other.plain(&x, PLAIN));
        near(one.loss, two.loss, 1e-4);
        assert_near(&one.h.data, &two.h.data, 1e-3);
    };
    let gamma = of("gamma");
    let kind = Kind::Tweedie(2.0);
    same(
        gamma,
        Case {
            kind,
            ..gamma.clone()
        },
    );
    let kind = Kind::Tweedie(3.0);
    let inverse = of("inverse-gaussian");
    same(
        inverse,
        Case {
            kind,
            ..inverse.clone()
        },
    );
    let kl = of("kl");
    let gp = Case {
        kind: Kind::Gp,
        dispersion: Some((Shared::Global, vec![0.0], false)),
        ..kl.clone()
    };
    same(kl, gp);
}

#[test]
fn what_a_loss_does_not_allow_is_refused() {
    for case in cases(ROWS, COLS) {
        let mut x = Matrix::copied(ROWS, COLS, &case.x.data).unwrap();
        x.data[5] = -1.0;
        let found = case.fit(&[dense(&x)], None, PLAIN, None, Control::IDLE);
        let allowed = matches!(case.kind, Kind::Huber(_) | Kind::Mae);
        assert_eq!(found.is_ok(), allowed, "{}", case.name);
        let refused = |way: Fitted| {
            let found = case.fit(&[dense(&case.x)], None, way, None, Control::IDLE);
            found.err().map(|error| error.code) == Some(ErrorCode::InvalidArgument)
        };
        let solver = Solver::Hals;
        assert!(refused(Fitted { solver, ..PLAIN }), "{}", case.name);
        let poisson = case.kind == Kind::Kl;
        let (solver, precision) = (Solver::Mu, Precision::F32);
        assert!(
            refused(Fitted { solver, ..PLAIN }) != poisson,
            "{}: mu",
            case.name
        );
        assert!(
            refused(Fitted { precision, ..PLAIN }) != poisson,
            "{}: 32 bits",
            case.name
        );
    }
}
