import type { Plan, SlotId } from '../../compiler/plan.js';
import { KernelError } from '../../errors.js';
import type { Kernels } from '../../kernels/kernels.js';
import type { Bounds } from '../../kernels/reference/quadratic.js';
import { addScaled, type DenseMatrix, dense, type RowBlocks, rowRange } from '../../matrix.js';
import type { Round } from '../fit.js';
import { multiply } from '../reconstruct.js';
import { blocksIn, type RunOptions, type RunState } from '../state.js';
import { type Curvature, improveColumns, improveRows, inner, outer, withRows } from './blocks.js';
import {
  type Descent,
  descend,
  loadingsOf,
  type Model,
  modelOf,
  type Reader,
  reachOf,
  shareOf,
  weighed,
  weightsOf,
} from './model.js';

/** Rounds over which convergence is judged. */
const WINDOW = 5;

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

/** What training works on. */
interface Work {
  readonly plan: Plan;
  readonly data: ReadonlyMap<SlotId, Datum>;
  readonly origins: readonly Origin[];
  readonly bounds: ReadonlyMap<string, { readonly W: Bounds; readonly H: Bounds }>;
  readonly kernels: Kernels;
  readonly options: RunOptions;
}

/** The input or condition that a slot holds, in some order of samples. */
function originOf(plan: Plan, slot: SlotId): { rows: number; cols: number; name: string; input: boolean } {
  const [rows, cols] = plan.slots[Number(slot.slice(1))].shape;
  const step = plan.prepare.find(({ write }) => write === slot);
  if (step?.op === 'align') return { ...originOf(plan, step.read), rows, cols };
  if (step?.op !== 'load') throw new TypeError(`no data are loaded into ${slot}`);
  return { rows, cols, name: step.name, input: step.source === 'input' };
}

interface Datum {
  readonly X: RowBlocks;
  readonly name: string;
  readonly input: boolean;
  readonly entries: number;
  /** ω of its part of the loss. */
  readonly weight: number;
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
  const work = workOf(plan, state, options);
  const { keeper } = options;
  const from = keeper?.reached.joint ?? null;
  let model: Model = { ...modelOf(plan, state), ...(from === null ? {} : { A: from.A, E: from.E }) };
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
    return { model, rounds, converged, aborted };
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
    rounds.push(await measure(work, model, round));
    whole = model;
    options.onProgress?.(progress(work, rounds[round], joint.rounds));
  }
  return done(settled(rounds, joint.tol), false);
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

function workOf(plan: Plan, state: RunState, options: RunOptions): Work {
  const data = new Map<SlotId, Datum>();
  for (const [slot, weight] of weightsOf(plan, state)) {
    const { rows, cols, name, input } = originOf(plan, slot);
    data.set(slot, { X: blocksIn(state, slot), name, input, entries: rows * cols, weight });
  }
  const upper = Number.POSITIVE_INFINITY;
  const bounds = new Map(
    plan.fit.flatMap((step) => {
      if (step.op !== 'nmf') return [];
      const { W, H } = step.args;
      return [[step.layer, { W: { nonneg: W.nonneg, upper }, H: { nonneg: H.nonneg, upper } }] as const];
    }),
  );
  return { plan, data, origins: originsOf(plan), bounds, kernels: options.kernels, options };
}

/** X̂·Rᵀ of a matrix of the data, features × k: R is as long as its samples. */
async function estimateTimes(model: Model, { embeddings, givers }: Descent, slot: SlotId, R: DenseMatrix) {
  const parts: (readonly [DenseMatrix, number])[] = [];
  for (const { layer, from, to, share } of givers.get(slot) ?? []) {
    const [W, estimate] = [model.A.get(layer), embeddings.get(layer)];
    if (W === undefined || estimate === undefined) continue;
    parts.push([await multiply({ left: rowRange(W, from, to), right: outer(estimate, R) }), share]);
  }
  return weighed(parts);
}

/** Pᵀ·X̂ of a matrix of the data, k × samples. */
async function timesEstimate(model: Model, { embeddings, givers }: Descent, slot: SlotId, P: DenseMatrix) {
  const parts: (readonly [DenseMatrix, number])[] = [];
  for (const { layer, from, to, share } of givers.get(slot) ?? []) {
    const [W, estimate] = [model.A.get(layer), embeddings.get(layer)];
    if (W === undefined || estimate === undefined) continue;
    parts.push([await multiply({ left: inner(P, rowRange(W, from, to)), right: estimate }), share]);
  }
  return weighed(parts);
}

async function improvePart(work: Work, model: Model, { layer, parts }: Reader, at: number): Promise<Model> {
  const part = parts[at];
  const { from, to, source } = part;
  const W = model.A.get(layer);
  const bounds = work.bounds.get(layer);
  if (W === undefined || bounds === undefined) return model;
  let slope = dense(to - from, W.cols);
  const terms: Curvature[] = [];
  for (const { tops, weight } of work.origins) {
    const descent = await descend(model, tops);
    const R = descent.embeddings.get(layer);
    if (R === undefined) continue;
    const right = outer(R, R);
    const residualTimes = async (slot: SlotId, { X }: Datum) => {
      const product = await work.kernels.multiply({ X, factor: R, side: 'H' }, work.options);
      return addScaled(product, await estimateTimes(model, descent, slot, R), -1);
    };
    if (source.kind === 'data') {
      const datum = work.data.get(source.slot);
      if (datum === undefined) continue;
      const omega = weight * datum.weight;
      const share = shareOf(descent, layer, source.slot, part);
      slope = addScaled(slope, await residualTimes(source.slot, datum), omega * share);
      terms.push({ left: null, right, by: omega * share ** 2 });
      continue;
    }
    let left = dense(to - from, to - from);
    for (const [slot, P] of reachOf(model, descent, await loadingsOf(model, descent), { layer, part })) {
      const datum = work.data.get(slot);
      if (datum === undefined) continue;
      slope = addScaled(slope, inner(P, await residualTimes(slot, datum)), datum.weight * weight);
      left = addScaled(left, inner(P, P), datum.weight);
    }
    terms.push({ left, right, by: weight });
  }
  if (terms.length === 0) return model;
  const rows = await improveRows(rowRange(W, from, to), slope, terms, bounds.W);
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
  for (const [slot, P] of loadings) {
    const datum = work.data.get(slot);
    if (datum === undefined) continue;
    const product = await work.kernels.multiply({ X: datum.X, factor: P, side: 'W' }, work.options);
    slope = addScaled(
      slope,
      addScaled(product, await timesEstimate(model, descent, slot, P), -1),
      datum.weight * share,
    );
    G = addScaled(G, inner(P, P), datum.weight * share ** 2);
  }
  return { ...model, E: new Map(model.E).set(layer, await improveColumns(E, slope, G, bounds.H)) };
}

async function measure(work: Work, model: Model, round: number): Promise<Round> {
  const squares = new Map<string, { sum: number; entries: number }>();
  let objective = 0;
  for (const [at, { tops, weight }] of work.origins.entries()) {
    const descent = await descend(model, tops);
    for (const [slot, { X, name, input, entries, weight: omega }] of work.data) {
      const factors = productOf(model, descent, slot);
      if (factors === undefined) continue;
      const loss = await work.kernels.mse({ X, ...factors }, work.options);
      objective += (weight * omega * loss * entries) / 2;
      if (!input || at > 0) continue;
      const before = squares.get(name) ?? { sum: 0, entries: 0 };
      squares.set(name, { sum: before.sum + loss * entries, entries: before.entries + entries });
    }
  }
  if (!Number.isFinite(objective))
    throw new KernelError('non-finite', 'the loss through the whole graph left the range of numbers');
  const inputs = Object.fromEntries([...squares].map(([name, { sum, entries }]) => [name, sum / entries]));
  return Object.freeze({ round, inputs: Object.freeze(inputs), objective });
}

/** The estimate of a matrix of the data as one product. */
function productOf(model: Model, { embeddings, givers }: Descent, slot: SlotId) {
  const list = givers.get(slot) ?? [];
  const parts = list.flatMap(({ layer, from, to, share }) => {
    const [W, H] = [model.A.get(layer), embeddings.get(layer)];
    return W === undefined || H === undefined ? [] : [{ W: rowRange(W, from, to), H, share }];
  });
  if (parts.length === 0) return undefined;
  const rank = parts.reduce((sum, { W }) => sum + W.cols, 0);
  const [rows, cols] = [parts[0].W.rows, parts[0].H.cols];
  const [W, H] = [dense(rows, rank), dense(rank, cols)];
  let top = 0;
  for (const part of parts) {
    W.data.set(part.W.data.map((x) => x * part.share), top * rows); // biome-ignore format: one thought
    for (let j = 0; j < cols; j++)
      for (let r = 0; r < part.H.rows; r++) H.data[top + r + j * rank] = part.H.data[r + j * part.H.rows];
    top += part.W.cols;
  }
  return { W, H };
}
