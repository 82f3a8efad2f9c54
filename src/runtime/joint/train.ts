import type { Plan, SlotId } from '../../compiler/plan.js';
import { KernelError } from '../../errors.js';
import type { ImproveTerm, Kernels, MultiplyArgs } from '../../kernels/kernels.js';
import type { Bounds } from '../../kernels/reference/quadratic.js';
import { addScaled, type DenseMatrix, dense, firstColumns, rowRange, scaleColumns, scaleRows } from '../../matrix.js';
import type { Round } from '../fit.js';
import type { RunOptions, RunState } from '../state.js';
import { weighRows } from '../weights.js';
import { type Curvature, improveColumns, improveRows, inner, outer, withRows } from './blocks.js';
import { type Datum, dataOf, inUnitsOf } from './data.js';
import {
  type Descent,
  descend,
  loadingsOf,
  type Model,
  modelOf,
  productOf,
  type Reader,
  reachOf,
  shareOf,
} from './model.js';
import { staysPositive, trainedSteps } from './steps.js';

/** Rounds over which convergence is judged. */
const WINDOW = 5;

/** No step raises the objective by more than this part, unless factors that cancel one another have lost all digits: that is the end. */
const ROUNDING = 1e-12;

/** What an estimate of the data begins from, and how much its loss weighs. */
export interface Origin {
  readonly tops: readonly string[];
  readonly weight: number;
}

/** The output, and each layer that is not part of it. */
export function originsOf(plan: Plan): readonly Origin[] {
  const coupling = plan.joint?.coupling ?? 1;
  const others = plan.layers.filter(({ layer }) => !plan.output.includes(layer));
  const own = others.map(({ layer }) => ({ tops: [layer], weight: (1 - coupling) / others.length }));
  const composed = { tops: plan.output, weight: others.length === 0 ? 1 : coupling };
  return [composed, ...own].filter(({ weight }) => weight > 0);
}

/** A row of which nothing counts stays as it is. */
const divided = (x: number, root: number): number => (root > 0 ? x / root : x);

/** What training works on. */
interface Work {
  readonly plan: Plan;
  readonly data: ReadonlyMap<SlotId, Datum>;
  readonly origins: readonly Origin[];
  readonly bounds: ReadonlyMap<string, { readonly W: Bounds; readonly H: Bounds }>;
  readonly kernels: Kernels;
  readonly options: RunOptions;
}

/** A model that was trained, and how. */
export interface Trained {
  readonly model: Model;
  readonly rounds: readonly Round[];
  readonly converged: boolean;
  readonly aborted: boolean;
}

/**
 * Training of all layers at once, from a layerwise fit: rounds over the factors of all layers, upstream first, then the
 * embeddings at the top, each lowered by coordinate steps on the loss of the data reconstructed through the graph while all
 * others stand still. So no round raises the objective (deep block coordinate descent: De Handschutter & Gillis 2021).
 */
export async function train(plan: Plan, state: RunState, options: RunOptions): Promise<Trained> {
  const joint = plan.joint;
  if (joint === null) throw new TypeError('a plan that is not trained jointly has no rounds');
  const work = await workOf(plan, state, options);
  const { keeper } = options;
  const from = keeper?.reached.joint ?? null;
  const start = inUnitsOf(work.data, modelOf(plan, state), (x, root) => x * root);
  let model: Model = from === null ? start : { ...start, A: from.A, E: from.E };
  const rounds: Round[] = from === null ? [await measure(work, model, 0)] : [...from.rounds];
  let saved = rounds.length;
  /** The factors after the last round. */
  let whole = model;
  const save = () => {
    const { A, E } = whole;
    if (rounds.length > saved)
      keeper?.save({ results: state.results, inWork: null, joint: { A, E, rounds: [...rounds] } });
    saved = rounds.length;
  };
  const done = (converged: boolean, aborted: boolean): Trained => {
    save();
    return { model: inUnitsOf(work.data, model, divided), rounds, converged, aborted };
  };
  for (let round = rounds.length; round <= joint.rounds && !settled(rounds, joint.tol); round++) {
    if (keeper !== undefined && rounds.length >= saved + keeper.every) save();
    for (const reader of model.readers) {
      for (const [at] of reader.parts.entries()) {
        if (options.signal?.aborted) return done(false, true);
        model = await improvePart(work, model, reader, at);
      }
    }
    for (const { tops } of work.origins) {
      for (const layer of tops) {
        if (options.signal?.aborted) return done(false, true);
        model = await improveTop(work, model, tops, layer);
      }
    }
    const reached = await further(work, whole, model, round);
    if (reached.measured.objective > (1 + ROUNDING) * rounds[round - 1].objective) {
      model = whole;
      break;
    }
    model = reached.model;
    rounds.push(reached.measured);
    whole = model;
    options.onProgress?.(progress(work, rounds[round], joint.rounds));
  }
  return done(settled(rounds, joint.tol), false);
}

/**
 * Where a round has led, or as far again and again in that direction, as long as the objective falls. Only where entries are
 * missing or have weights: there the steps within a round are short.
 */
async function further(work: Work, from: Model, to: Model, round: number) {
  let best = { model: to, measured: await measure(work, to, round) };
  if ([...work.data.values()].every(({ whole }) => whole)) return best;
  for (let times = 2; ; times *= 2) {
    const model = beyond(work, from, to, times);
    const measured = await measure(work, model, round).catch((error: unknown) => {
      if (error instanceof KernelError && error.code === 'non-finite') return null;
      throw error;
    });
    if (measured === null || measured.objective >= best.measured.objective) return best;
    best = { model, measured };
  }
}

/** from + times·(to − from), within bounds. */
function beyond({ bounds }: Work, from: Model, to: Model, times: number): Model {
  const along = (side: 'A' | 'E', of: 'W' | 'H') =>
    new Map(
      [...to[side]].map(([layer, end]) => {
        const start = from[side].get(layer) ?? end;
        const least = bounds.get(layer)?.[of].nonneg ? 0 : Number.NEGATIVE_INFINITY;
        const data = end.data.map((x, p) => Math.max(least, start.data[p] + times * (x - start.data[p])));
        return [layer, dense(end.rows, end.cols, data)] as const;
      }),
    );
  return { ...to, A: along('A', 'W'), E: along('E', 'H') };
}

function settled(rounds: readonly Round[], tol: number): boolean {
  const before = rounds[rounds.length - 1 - WINDOW];
  const last = rounds[rounds.length - 1];
  return before !== undefined && before.objective - last.objective <= tol * last.objective;
}

function progress({ plan, data }: Work, { round, inputs, objective }: Round, most: number) {
  const layer = plan.output[0];
  const index = plan.layers.findIndex((output) => output.layer === layer) + 1;
  const all = [...data.values()].filter(({ input }) => input);
  const entries = all.reduce((sum, { entries }) => sum + entries, 0);
  const loss = all.reduce((sum, { name, entries }) => sum + inputs[name] * entries, 0) / entries;
  return {
    layer,
    index,
    layers: plan.layers.length,
    iteration: round,
    maxIter: most,
    loss,
    objective,
    done: false,
    round,
  };
}

async function workOf(plan: Plan, state: RunState, options: RunOptions): Promise<Work> {
  const upper = Number.POSITIVE_INFINITY;
  const bounds = new Map(
    trainedSteps(plan).map((step) => {
      const [W, H] = [staysPositive(step, 'W'), staysPositive(step, 'H')];
      return [step.layer, { W: { nonneg: W, upper }, H: { nonneg: H, upper } }] as const;
    }),
  );
  const data = await dataOf(plan, state);
  return { plan, data, origins: originsOf(plan), bounds, kernels: options.kernels, options };
}

/** ω ∘ (X − X̂) times a factor, of one matrix of the data. */
async function restTimes(
  { data, kernels, options }: Work,
  model: Model,
  descent: Descent,
  slot: SlotId,
  factor: Factor,
): Promise<Rest | undefined> {
  const datum = data.get(slot);
  const estimate = productOf(model, descent, slot);
  if (datum === undefined || estimate === undefined) return undefined;
  const { X, weights } = datum;
  return { datum, product: await kernels.multiply({ X, ...factor, estimate: { ...estimate, weights } }, options) };
}

type Factor = Pick<MultiplyArgs, 'factor' | 'side'>;

interface Rest {
  readonly datum: Datum;
  readonly product: DenseMatrix;
}

/** One layer's rows of one part: of data each row by itself, with the curvature of what is known of it. */
async function improvePart(work: Work, model: Model, { layer, parts }: Reader, at: number): Promise<Model> {
  const part = parts[at];
  const { from, to, source } = part;
  const W = model.A.get(layer);
  const bounds = work.bounds.get(layer);
  if (W === undefined || bounds === undefined) return model;
  const factor = rowRange(W, from, to);
  let slope = dense(to - from, W.cols);
  const terms: Curvature[] = [];
  const known: ImproveTerm[] = [];
  for (const { tops, weight } of work.origins) {
    const descent = await descend(model, tops);
    const R = descent.embeddings.get(layer);
    if (R === undefined) continue;
    const right = outer(R, R);
    const restOf = (slot: SlotId) => restTimes(work, model, descent, slot, { factor: R, side: 'H' });
    if (source.kind === 'data') {
      const rest = await restOf(source.slot);
      if (rest === undefined) continue;
      const { X, weights, whole, weight: omega } = rest.datum;
      const share = shareOf(descent, layer, source.slot, part);
      const by = weight * omega * share ** 2;
      // What counts next to nothing may come to nothing.
      if (by === 0) continue;
      slope = addScaled(slope, rest.product, weight * omega * share);
      if (whole) terms.push({ left: null, right, by });
      else known.push({ X, weights, partner: R, by });
      continue;
    }
    for (const [slot, P] of reachOf(model, descent, await loadingsOf(model, descent), { layer, part })) {
      const rest = await restOf(slot);
      if (rest === undefined) continue;
      const { most, weight: omega } = rest.datum;
      slope = addScaled(slope, inner(P, rest.product), weight * omega);
      // No weights of samples and entries are above the products of these.
      const [left, across] = most === null ? [P, right] : [most.rows ? scaleRows(P, most.rows) : P, outer(scaleColumns(R, most.cols), R)]; // biome-ignore format: one thought
      terms.push({ left: inner(P, left), right: across, by: weight * omega });
    }
  }
  if (terms.length + known.length === 0) return model;
  const rows =
    known.length > 0
      ? await work.kernels.improve({ factor, side: 'W', slope, nonneg: bounds.W.nonneg, terms: known }, work.options)
      : await improveRows(factor, slope, terms, bounds.W);
  return { ...model, A: new Map(model.A).set(layer, withRows(W, from, rows)) };
}

async function improveTop(work: Work, model: Model, tops: readonly string[], layer: string): Promise<Model> {
  const E = model.E.get(layer);
  const bounds = work.bounds.get(layer);
  if (E === undefined || bounds === undefined) return model;
  const descent = await descend(model, tops);
  const loadings = (await loadingsOf(model, descent)).get(layer) ?? new Map<SlotId, DenseMatrix>();
  // Its estimate is the mean of itself and of what layers above make of it.
  const share = descent.own.get(layer) ?? 0;
  let slope = dense(E.rows, E.cols);
  let G = dense(E.rows, E.rows);
  let whole = true;
  const terms: ImproveTerm[] = [];
  for (const [slot, all] of loadings) {
    // Means stand still: they belong to W.
    const P = firstColumns(all, E.rows);
    const rest = await restTimes(work, model, descent, slot, { factor: P, side: 'W' });
    if (rest === undefined) continue;
    const { X, weights, weight } = rest.datum;
    const by = weight * share ** 2;
    if (by === 0) continue;
    slope = addScaled(slope, rest.product, weight * share);
    G = addScaled(G, inner(P, P), by);
    terms.push({ X, weights, partner: P, by });
    whole = whole && rest.datum.whole;
  }
  if (terms.length === 0) return model;
  const { nonneg } = bounds.H;
  const improved = whole
    ? await improveColumns(E, slope, G, bounds.H)
    : await work.kernels.improve({ factor: E, side: 'H', slope, nonneg, terms }, work.options);
  return { ...model, E: new Map(model.E).set(layer, improved) };
}

async function measure(work: Work, model: Model, round: number): Promise<Round> {
  const squares = new Map<string, { sum: number; entries: number }>();
  let objective = 0;
  for (const [at, { tops, weight }] of work.origins.entries()) {
    const descent = await descend(model, tops);
    for (const [slot, { X, given, name, input, entries, weight: omega, rows, weights }] of work.data) {
      const factors = productOf(model, descent, slot);
      if (factors === undefined) continue;
      const weighed = await work.kernels.mse({ X, ...factors, weights }, work.options);
      objective += (weight * omega * weighed * entries) / 2;
      if (!input || at > 0) continue;
      // Each known entry counts 1 in what is told.
      const { W, H } = factors;
      const plain = { W: weighRows(W, [W.rows], rows && [rows], divided), H };
      const loss = rows || weights ? await work.kernels.mse({ X: given, ...plain }, work.options) : weighed;
      const before = squares.get(name) ?? { sum: 0, entries: 0 };
      squares.set(name, { sum: before.sum + loss * entries, entries: before.entries + entries });
    }
  }
  if (!Number.isFinite(objective))
    throw new KernelError('non-finite', 'the loss through the whole graph left the range of numbers');
  const inputs = Object.fromEntries([...squares].map(([name, { sum, entries }]) => [name, sum / entries]));
  return Object.freeze({ round, inputs: Object.freeze(inputs), objective });
}
