use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use factorloom_core as core;
use factorloom_core::control::{Control, Iterate};
use factorloom_core::error::KernelError;
use factorloom_core::hold_out::Missing;
use napi::bindgen_prelude::{Either, Float32Array, Float64Array, FnArgs, PromiseRaw};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Result, Status};
use napi_derive::napi;

use crate::args::{
    Acceleration, Checkpoint, DevianceArgs, EncodeArgs, Estimate, FactorLossesArgs, HoldOut,
    ImproveArgs, Loss, MaskedSolver, Memory, MseArgs, MultiplyArgs, NmfArgs, NmfState, TiedArgs,
};
use crate::cancel::Cancel;
use crate::feed::Feed;
use crate::jobs::{Outcome, spawn};
use crate::matrices::{floats, views, weights};
use crate::results::{Deviance, FactorLosses, Facts, NmfResult, SvdResult, TiedResult};
use crate::running::Ticket;
use crate::svd_args::SvdArgs;

type Progress = (f64, f64, f64);

/// Weak: it does not keep the process alive.
type OnIteration =
    ThreadsafeFunction<FnArgs<Progress>, (), FnArgs<Progress>, Status, false, true, 0>;

type OnState = ThreadsafeFunction<NmfState, (), NmfState, Status, false, true, 0>;

/// The version of the crate, which is that of the package it was built for.
#[napi]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// Resolves with a model, or with an error as data.
#[napi(ts_return_type = "Promise<NmfResult | Failure>")]
pub fn nmf<'env>(
    env: &'env Env,
    args: NmfArgs,
    cancel: &Cancel,
    threads: u32,
    #[napi(ts_arg_type = "(iteration: number, loss: number, objective: number) => void")]
    on_iteration: Option<OnIteration>,
    checkpoint: Option<Checkpoint>,
    #[napi(ts_arg_type = "(state: NmfState) => void")] on_state: Option<OnState>,
) -> Result<PromiseRaw<'env, Outcome<NmfResult>>> {
    let flag = cancel.flag();
    spawn(env, threads, move |ticket| {
        let kept = Kept {
            checkpoint,
            on_state,
        };
        fitted(args, &kept, |args| {
            controlled(ticket, &flag, on_iteration.as_ref(), |control| {
                core::nmf::nmf(args, control)
            })
        })
    })
}

/// The same of data that a feed is given panel by panel, as they are asked for; the blocks of `args` are not looked at.
#[napi(ts_return_type = "Promise<NmfResult | Failure>")]
#[allow(clippy::too_many_arguments)] // those of `nmf`, and the feed
pub fn nmf_streamed<'env>(
    env: &'env Env,
    args: NmfArgs,
    feed: &Feed,
    cancel: &Cancel,
    threads: u32,
    #[napi(ts_arg_type = "(iteration: number, loss: number, objective: number) => void")]
    on_iteration: Option<OnIteration>,
    checkpoint: Option<Checkpoint>,
    #[napi(ts_arg_type = "(state: NmfState) => void")] on_state: Option<OnState>,
) -> Result<PromiseRaw<'env, Outcome<NmfResult>>> {
    let flag = cancel.flag();
    let given = feed.given();
    spawn(env, threads, move |ticket| {
        let kept = Kept {
            checkpoint,
            on_state,
        };
        let given = given.ok_or_else(|| KernelError::invalid("a feed serves one call"))?;
        given.read(ticket, |x| {
            fitted(args, &kept, |args| {
                controlled(ticket, &flag, on_iteration.as_ref(), |control| {
                    core::nmf::nmf_streamed(args, x, control)
                })
            })
        })
    })
}

/// Where a fit goes on from, and what is told of where it is.
struct Kept {
    checkpoint: Option<Checkpoint>,
    on_state: Option<OnState>,
}

/// Calls with the arguments of a fit as the core reads them.
fn fitted(
    args: NmfArgs,
    kept: &Kept,
    fit: impl FnOnce(&core::nmf::NmfArgs<'_>) -> core::error::Result<core::nmf::NmfResult>,
) -> core::error::Result<NmfResult> {
    let from = match &kept.checkpoint {
        Some(checkpoint) => checkpoint.state()?,
        None => None,
    };
    // One state at a time is on its way, however long JavaScript is busy with something else.
    let on_its_way = Arc::new(AtomicBool::new(false));
    let ready = || !on_its_way.load(Ordering::Relaxed);
    let save = |state: core::nmf::State<'static>| {
        let Some(callback) = &kept.on_state else {
            return;
        };
        on_its_way.store(true, Ordering::Relaxed);
        let arrived = Arc::clone(&on_its_way);
        callback.call_with_return_value(
            state.into(),
            ThreadsafeFunctionCallMode::NonBlocking,
            move |_, _| {
                arrived.store(false, Ordering::Relaxed);
                Ok(())
            },
        );
    };
    let weights = args.weights.as_deref().map(weights);
    let args = core::nmf::NmfArgs {
        x: &views(&args.x),
        start_w: args.start.w.view(),
        start_h: args.start.h.view(),
        w: (&args.w).into(),
        h: (&args.h).into(),
        w_column_terms: args.w.column_terms(),
        h_column_terms: args.h.column_terms(),
        solver: args.solver.into(),
        accelerate: args.accelerate == Acceleration::Her,
        sweeps: whole(args.sweeps, "sweeps")?,
        precision: args.precision.into(),
        low_memory: args.memory == Memory::Low,
        max_iter: whole(args.max_iter, "maxIter")?,
        tol: args.tol,
        norm: args.norm.into(),
        hold_out: args.hold_out.as_ref().map(HoldOut::view),
        missing: args.missing.map(|solver| Missing {
            exact: solver == MaskedSolver::Exact,
        }),
        checkpoint: match &kept.checkpoint {
            Some(checkpoint) => Some(core::nmf::Checkpoint {
                from: from.as_ref(),
                every: whole(checkpoint.every, "every")?,
                ready: &ready,
                save: &save,
            }),
            None => None,
        },
        weights: weights.as_deref(),
        loss: args.loss.as_ref().map(Loss::view),
    };
    fit(&args).map(Into::into)
}

/// Resolves with a model in which W gives H, or with an error as data.
#[napi(ts_return_type = "Promise<TiedResult | Failure>")]
pub fn tied<'env>(
    env: &'env Env,
    args: TiedArgs,
    cancel: &Cancel,
    threads: u32,
    #[napi(ts_arg_type = "(iteration: number, loss: number, objective: number) => void")]
    on_iteration: Option<OnIteration>,
) -> Result<PromiseRaw<'env, Outcome<TiedResult>>> {
    let flag = cancel.flag();
    spawn(env, threads, move |ticket| {
        let args = core::tied::TiedArgs {
            x: &views(&args.x),
            form: args.form.into(),
            start: args.start.view(),
            sweeps: whole(args.sweeps, "sweeps")?,
            low_memory: args.memory == Memory::Low,
            max_iter: whole(args.max_iter, "maxIter")?,
            tol: args.tol,
            norm: args.norm.into(),
            loss: args.loss.as_ref().map(Loss::view),
        };
        controlled(ticket, &flag, on_iteration.as_ref(), |control| {
            core::tied::tied(&args, control).map(Into::into)
        })
    })
}

/// Resolves with a truncated SVD, or with an error as data.
#[napi(ts_return_type = "Promise<SvdResult | Failure>")]
pub fn svd<'env>(
    env: &'env Env,
    args: SvdArgs,
    cancel: &Cancel,
    threads: u32,
    #[napi(ts_arg_type = "(iteration: number, loss: number, objective: number) => void")]
    on_iteration: Option<OnIteration>,
) -> Result<PromiseRaw<'env, Outcome<SvdResult>>> {
    let flag = cancel.flag();
    spawn(env, threads, move |ticket| {
        let args = core::svd::SvdArgs {
            x: &views(&args.x),
            k: args.k as usize,
            center: args.center,
            scale: args.scale,
            solver: args.solver.into(),
            l2: args.l2,
            terms: args
                .terms
                .as_ref()
                .map(|terms| [(&terms.w).into(), (&terms.h).into()]),
            missing: args.missing,
            start: args.start.view(),
            max_iter: whole(args.max_iter, "maxIter")?,
            tol: args.tol,
        };
        controlled(ticket, &flag, on_iteration.as_ref(), |control| {
            core::svd::svd(&args, control).map(Into::into)
        })
    })
}

/// Resolves with the mean squared difference of X and W·H, or with an error as data.
#[napi(ts_return_type = "Promise<number | Failure>")]
pub fn mse<'env>(
    env: &'env Env,
    args: MseArgs,
    threads: u32,
) -> Result<PromiseRaw<'env, Outcome<f64>>> {
    spawn(env, threads, move |_| {
        let weights = args.estimate.weights();
        core::mse::mse(&views(&args.x), &args.estimate.view(weights.as_deref()))
    })
}

/// Resolves with the mean deviance of X and W·H, or with an error as data.
#[napi(ts_return_type = "Promise<Deviance | Failure>")]
pub fn deviance<'env>(
    env: &'env Env,
    args: DevianceArgs,
    threads: u32,
) -> Result<PromiseRaw<'env, Outcome<Deviance>>> {
    spawn(env, threads, move |_| {
        let weights = args.estimate.weights();
        let estimate = args.estimate.view(weights.as_deref());
        core::losses::deviance(&views(&args.x), &estimate, &args.loss.view()).map(Into::into)
    })
}

/// Resolves with how far X is from each factor by itself, or with an error as data.
#[napi(ts_return_type = "Promise<FactorLosses | Failure>")]
pub fn factor_losses<'env>(
    env: &'env Env,
    args: FactorLossesArgs,
    threads: u32,
) -> Result<PromiseRaw<'env, Outcome<FactorLosses>>> {
    spawn(env, threads, move |_| {
        core::factor_losses::factor_losses(&views(&args.x), &args.w.view(), &args.h.view())
            .map(Into::into)
    })
}

/// Resolves with Wᵀ·X or X·Hᵀ, or that of what an estimate leaves of X, as its data, or with an error as data.
#[napi(ts_return_type = "Promise<Float64Array | Failure>")]
pub fn multiply<'env>(
    env: &'env Env,
    args: MultiplyArgs,
    threads: u32,
) -> Result<PromiseRaw<'env, Outcome<Float64Array>>> {
    spawn(env, threads, move |_| {
        let weights = args.estimate.as_ref().and_then(Estimate::weights);
        let args = core::multiply::MultiplyArgs {
            x: &views(&args.x),
            factor: args.factor.view(),
            side: (&args.side).into(),
            estimate: args
                .estimate
                .as_ref()
                .map(|estimate| estimate.view(weights.as_deref())),
        };
        core::multiply::multiply(&args).map(|product| Float64Array::new(product.data))
    })
}

/// Resolves with a factor, as its data, or with an error as data.
#[napi(ts_return_type = "Promise<Float64Array | Failure>")]
pub fn improve<'env>(
    env: &'env Env,
    args: ImproveArgs,
    threads: u32,
) -> Result<PromiseRaw<'env, Outcome<Float64Array>>> {
    spawn(env, threads, move |_| {
        let each = args
            .terms
            .iter()
            .map(|term| (views(&term.x), term.weights.as_deref().map(weights)));
        let given: Vec<_> = each.collect();
        let terms = given.iter().zip(&args.terms);
        let terms: Vec<_> = terms
            .map(|((x, weights), term)| core::improve::Term {
                x,
                weights: weights.as_deref(),
                partner: term.partner.view(),
                by: term.by,
            })
            .collect();
        let args = core::improve::ImproveArgs {
            factor: args.factor.view(),
            side: (&args.side).into(),
            slope: args.slope.view(),
            nonneg: args.nonneg,
            terms: &terms,
        };
        core::improve::improve(&args).map(|factor| Float64Array::new(factor.data))
    })
}

/// Resolves with H, k × samples, as its data, or with an error as data.
#[napi(ts_return_type = "Promise<Float64Array | Failure>")]
pub fn encode<'env>(
    env: &'env Env,
    args: EncodeArgs,
    threads: u32,
) -> Result<PromiseRaw<'env, Outcome<Float64Array>>> {
    spawn(env, threads, move |_| {
        let weights = args.weights.as_deref().map(weights);
        let args = core::encode::EncodeArgs {
            x: &views(&args.x),
            w: args.w.view(),
            ridge: &args.ridge,
            linear: &args.linear,
            coupling: args.coupling.as_deref(),
            nonneg: args.nonneg,
            upper: args.upper_bound.unwrap_or(f64::INFINITY),
            loss: args.loss.as_ref().map(Loss::view),
            weights: weights.as_deref(),
        };
        core::encode::encode(&args).map(|h| Float64Array::new(h.data))
    })
}

/// A look at every number, at once.
#[napi(catch_unwind)]
pub fn examine(numbers: Either<Float64Array, Float32Array>) -> Facts {
    core::examine::examine(floats(&numbers)).into()
}

/// The instructions in use: avx512, avx2 or portable.
#[napi]
pub fn simd() -> &'static str {
    core::simd::level().name()
}

/// Uses these instructions from now on, or the best there are if this machine has no such; returns those in use.
#[napi]
pub fn force_simd(name: String) -> &'static str {
    let level = match name.as_str() {
        "portable" => core::simd::Level::Portable,
        "avx2" => core::simd::Level::Avx2,
        _ => core::simd::Level::Avx512,
    };
    core::simd::force(level).name()
}

/// Panics where a kernel would, to show that the process lives on.
#[napi(ts_return_type = "Promise<number | Failure>")]
pub fn provoke_panic(env: &Env) -> Result<PromiseRaw<'_, Outcome<f64>>> {
    spawn(env, 2, |_| panic!("provoked"))
}

pub(crate) fn whole(x: f64, what: &str) -> core::error::Result<usize> {
    if x >= 1.0 && x.fract() == 0.0 {
        return Ok(x as usize);
    }
    Err(KernelError::invalid(format!(
        "{what} must be a whole number from 1 on, not {x}"
    )))
}

fn controlled<T>(
    ticket: &Ticket,
    flag: &Arc<AtomicBool>,
    on_iteration: Option<&OnIteration>,
    fit: impl FnOnce(Control<'_>) -> T,
) -> T {
    fit(Control {
        cancelled: &|| flag.load(Ordering::Relaxed) || ticket.closing(),
        on_iteration: &|iterate: Iterate| {
            if let Some(callback) = on_iteration {
                let told = (iterate.iteration as f64, iterate.loss, iterate.objective);
                callback.call(told.into(), ThreadsafeFunctionCallMode::NonBlocking);
            }
        },
    })
}
