import type { FactorOptions, GivenStart, GraphConfig, NmfSpec, SvdSpec } from '../dsl/config.js';
import type { FactorTerms, Side, SvdTerms } from '../objective.js';
import type { Acceleration, MaskedSolver, Precision, Rng, Solver, StartMethod } from '../solver.js';
import type {
  JointArgs,
  NmfStart,
  NmfStepArgs,
  PlannedTerms,
  RandomStart,
  Slot,
  StartArgs,
  SvdStepArgs,
} from './plan.js';
import { fits32, plannedLoss } from './planned-loss.js';
import { affordableSweeps } from './sweeps.js';

/** Defaults, in one place. */
const NMF = {
  solver: 'hals',
  precision: 'auto',
  restarts: 1,
  rng: 'counter',
  maxIter: 100,
  tol: 1e-4,
  norm: 'L1',
} as const;
const JOINT = { coupling: 1, rounds: 200 } as const;
const SVD = {
  krylov: { maxIter: 100, tol: 1e-10 },
  lanczos: { maxIter: 1000, tol: 1e-10 },
  randomized: { maxIter: 1000, tol: 1e-10 },
} as const;
/** Of an SVD of what is known, and of one whose factors have terms. */
const SVD_ROUNDS = { maxIter: 500, tol: 1e-5 } as const;
const SVD_STEPS = { maxIter: 500, tol: 1e-10 } as const;
/** Where each column is solved with a Gram matrix of its own: up to this rank, and where more than this share is missing. */
const OWN_GRAM = { rank: 6, share: 0.4 } as const;
/** Sweeps of coordinate Newton steps in a half-step: a second one saves more half-steps than it costs. */
export const CCD_SWEEPS = 2;
/** Directions the subspace search carries beyond the k asked for. */
const OVERSAMPLING = 8;

/** How an NMF layer is to be fitted, before it is known what it reads. */
export interface Method {
  readonly solver: Solver;
  readonly accelerate: Acceleration;
  readonly sweeps: number | 'auto';
  readonly precision: Precision | 'auto';
  readonly start: StartMethod | GivenStart;
  readonly restarts: number;
  readonly rng: Rng;
}

/** The layer's options over the graph's over the defaults; where missing entries are filled in nothing is extrapolated. */
export function methodOf(spec: NmfSpec, config: GraphConfig, missing: MaskedSolver | null): Method {
  const squares = plannedLoss(spec.loss) === null;
  const solver = spec.solver ?? config.solver ?? (squares ? NMF.solver : 'ccd');
  return {
    solver,
    accelerate:
      spec.accelerate ?? config.accelerate ?? (squares && solver === 'hals' && missing !== 'em' ? 'her' : 'none'),
    sweeps: spec.sweeps ?? config.sweeps ?? 'auto',
    precision: spec.precision ?? config.precision ?? NMF.precision,
    start: spec.start ?? config.start ?? 'random',
    restarts: spec.restarts ?? config.restarts ?? NMF.restarts,
    rng: spec.rng ?? config.rng ?? NMF.rng,
  };
}

/** Where a layer begins that draws its start. */
export function randomStart(spec: NmfSpec, config: GraphConfig, start: StartArgs): RandomStart {
  return { from: 'random', ...(methodOf(spec, config, null).rng === 'R' ? { rng: 'R' as const } : {}), ...start };
}

/** How all layers are trained at once, if they are. */
export function resolveJoint({ training, coupling, rounds, tol }: GraphConfig): JointArgs | null {
  if (training !== 'joint') return null;
  return { coupling: coupling ?? JOINT.coupling, rounds: rounds ?? JOINT.rounds, tol: tol ?? NMF.tol };
}

/** What `resolveNmf` must know of the data. */
interface Holds {
  /** All of it lies in Float32Arrays. */
  readonly held32: boolean;
  /** Entries that are missing. */
  readonly missing: number;
  /** Entries of one row count differently. */
  readonly byEntry?: boolean;
}

/** Every argument of an NMF kernel call on the matrix in slot X; how its blocks are weighed is for the run. */
export function resolveNmf(
  spec: NmfSpec,
  config: GraphConfig,
  X: Slot,
  holds: Holds,
  { start, terms }: { readonly start: NmfStart; readonly terms: Readonly<Record<Side, PlannedTerms>> },
): Omit<NmfStepArgs, 'weights'> {
  const { held32, missing, byEntry = false } = holds;
  const share = missing / (X.shape[0] * X.shape[1]);
  const cheaper = byEntry ? 'exact' : missing === 0 ? null : maskedSolver(spec.k, share);
  const { solver, accelerate, sweeps, precision, restarts } = methodOf(spec, config, cheaper);
  const loss = plannedLoss(spec.loss);
  const auto = solver === 'hals' ? affordableSweeps(X, spec.k) : solver === 'ccd' ? CCD_SWEEPS : 1;
  const in32 = held32 && (loss === null || fits32(loss));
  return {
    k: spec.k,
    solver,
    accelerate,
    sweeps: sweeps === 'auto' ? auto : sweeps,
    precision: precision === 'auto' ? (in32 ? 'f32' : 'f64') : precision,
    ...limitsOf(spec, config),
    ...terms,
    missing: cheaper === 'em' && (accelerate === 'her' || loss !== null) ? 'exact' : cheaper,
    start,
    restarts,
    ...(loss === null ? {} : { loss }),
  };
}

/** When an NMF ends, and how its factors are scaled then. */
export function limitsOf(spec: NmfSpec, config: GraphConfig): Pick<NmfStepArgs, 'maxIter' | 'tol' | 'norm'> {
  return {
    maxIter: spec.maxIter ?? config.maxIter ?? NMF.maxIter,
    tol: spec.tol ?? config.tol ?? NMF.tol,
    norm: spec.norm ?? config.norm ?? NMF.norm,
  };
}

/** Gram matrices of each column's own cost k² for an entry, a correction of one for all cost k and converge slowly where much is missing. */
function maskedSolver(k: number, share: number): MaskedSolver {
  return k <= OWN_GRAM.rank || share > OWN_GRAM.share ? 'exact' : 'em';
}

/** Every argument of an SVD kernel call on an m × n matrix. */
export function resolveSvd(spec: SvdSpec, m: number, n: number, missing: boolean, start: StartArgs): SvdStepArgs {
  const solver = spec.solver ?? 'krylov';
  const terms = svdTerms(spec);
  const ends = terms !== null ? SVD_STEPS : missing ? SVD_ROUNDS : SVD[solver];
  return {
    k: spec.k,
    center: spec.center ?? false,
    scale: spec.scale ?? false,
    solver,
    L2: spec.L2 ?? 0,
    terms,
    missing,
    maxIter: spec.maxIter ?? ends.maxIter,
    tol: spec.tol ?? ends.tol,
    block: Math.min(spec.k + OVERSAMPLING, m, n),
    start,
  };
}

/** What the factors of an SVD layer are held to; null where that is nothing. */
export function svdTerms(spec: SvdSpec): Readonly<Record<Side, SvdTerms>> | null {
  const of = (side: Side): SvdTerms => {
    const own: Pick<FactorOptions, keyof SvdTerms> = spec[side] ?? {};
    const nonneg = typeof spec.nonneg === 'object' ? spec.nonneg[side] : spec.nonneg;
    return { L1: own.L1 ?? spec.L1 ?? 0, nonneg: own.nonneg ?? nonneg ?? false };
  };
  const terms = { W: of('W'), H: of('H') };
  return [terms.W, terms.H].some(({ L1, nonneg }) => L1 > 0 || nonneg) ? terms : null;
}

/** The terms of one factor: `W()` or `H()` over the layer's own options over the defaults. */
export function factorTerms(spec: NmfSpec, side: Side): FactorTerms {
  const own: FactorOptions = spec[side] ?? {};
  const nonneg = typeof spec.nonneg === 'object' ? spec.nonneg[side] : spec.nonneg;
  const { graph, graphLambda = 0, target, targetLambda = 0, targetScale = 'factor' } = own;
  return {
    L1: own.L1 ?? spec.L1 ?? 0,
    L2: own.L2 ?? spec.L2 ?? 0,
    L21: own.L21 ?? spec.L21 ?? 0,
    angular: own.angular ?? spec.angular ?? 0,
    nonneg: own.nonneg ?? nonneg ?? true,
    upperBound: own.upperBound ?? spec.upperBound ?? null,
    graph: graph !== undefined && graphLambda > 0 ? { adjacency: graph, lambda: graphLambda } : null,
    target:
      target !== undefined && targetLambda !== 0 ? { matrix: target, lambda: targetLambda, scale: targetScale } : null,
  };
}
