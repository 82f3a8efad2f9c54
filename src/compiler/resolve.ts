import type { GraphConfig, NmfSpec, SvdSpec } from '../dsl/config.js';
import type { FactorTerms, Side } from '../objective.js';
import type { NmfStepArgs, StartArgs, SvdStepArgs } from './plan.js';

/** Defaults, in one place. */
const NMF = { maxIter: 100, tol: 1e-4, norm: 'L1' } as const;
const SVD = { maxIter: 100, tol: 1e-10 } as const;
/** Coordinate sweeps over a factor for each product with the data: a sweep costs a few per cent of a product. */
const SWEEPS = 5;
/** Directions the subspace search carries beyond the k asked for. */
const OVERSAMPLING = 8;

/** Every argument of an NMF kernel call: the layer's options over the graph's over the defaults. */
export function resolveNmf(spec: NmfSpec, config: GraphConfig, start: StartArgs): NmfStepArgs {
  return {
    k: spec.k,
    maxIter: spec.maxIter ?? config.maxIter ?? NMF.maxIter,
    tol: spec.tol ?? config.tol ?? NMF.tol,
    norm: spec.norm ?? config.norm ?? NMF.norm,
    sweeps: SWEEPS,
    W: factorTerms(spec, 'W'),
    H: factorTerms(spec, 'H'),
    start,
  };
}

/** Every argument of an SVD kernel call on an m × n matrix. */
export function resolveSvd(spec: SvdSpec, m: number, n: number, start: StartArgs): SvdStepArgs {
  return {
    k: spec.k,
    center: spec.center ?? false,
    scale: spec.scale ?? false,
    maxIter: spec.maxIter ?? SVD.maxIter,
    tol: spec.tol ?? SVD.tol,
    block: Math.min(spec.k + OVERSAMPLING, m, n),
    start,
  };
}

/** The terms of one factor: `W()` or `H()` over the layer's own options over the defaults. */
export function factorTerms(spec: NmfSpec, side: Side): FactorTerms {
  const own = spec[side];
  const nonneg = typeof spec.nonneg === 'object' ? spec.nonneg[side] : spec.nonneg;
  return { L1: own?.L1 ?? spec.L1 ?? 0, L2: own?.L2 ?? spec.L2 ?? 0, nonneg: own?.nonneg ?? nonneg ?? true };
}
