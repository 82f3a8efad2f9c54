import type { Plan, SlotId } from '../../compiler/plan.js';
import { addScaled, column, type DenseMatrix, dense, rowRange, scaleRows, stackDense } from '../../matrix.js';
import { multiply } from '../reconstruct.js';
import type { LayerResult, RunState } from '../state.js';
import { greatest, type Root } from '../weights.js';
import { isTrained } from './steps.js';

/** Rows of what a layer reads: data, or an embedding from below. */
export interface Part {
  readonly from: number;
  readonly to: number;
  readonly source: Source;
}

/** An embedding is told row by row: the factors that add up in it, one where it is no sum. */
export type Source =
  | { readonly kind: 'data'; readonly slot: SlotId }
  | { readonly kind: 'embedding'; readonly rows: readonly (readonly Place[])[] };

/** A factor of a layer as it is handed on: with its scale, or normalized. */
export interface Place {
  readonly layer: string;
  readonly row: number;
  readonly normalized: boolean;
}

/** A layer and what it reads. */
export interface Reader {
  readonly layer: string;
  readonly parts: readonly Part[];
}

/**
 * The factors of a graph while it is trained: A_ℓ (rows read × k) and E_ℓ (k × samples) of each layer, which hold the scale.
 * A layer's E stands for A·E in what it reads; where that is the embedding of a layer below, for what that makes of it. The
 * means of an SVD that is centred are a last column of its A, and a row of ones under its E is understood.
 */
export interface Model {
  readonly plan: Plan;
  /** Upstream first. */
  readonly readers: readonly Reader[];
  readonly A: ReadonlyMap<string, DenseMatrix>;
  readonly E: ReadonlyMap<string, DenseMatrix>;
  /** What one unit of each factor is in E where its embedding is read without its scale. */
  readonly units: ReadonlyMap<string, Float64Array>;
}

/** Who reads what. */
export function readersOf(plan: Plan): readonly Reader[] {
  const leaves = new Map<SlotId, readonly Source[]>();
  const rowsIn = (slot: SlotId) => plan.slots[Number(slot.slice(1))].shape[0];
  const read = (slots: readonly SlotId[]) => slots.flatMap((slot) => leaves.get(slot) ?? []);
  const placesIn = (slot: SlotId) => read([slot]).flatMap((leaf) => (leaf.kind === 'data' ? [] : leaf.rows));
  const embedding = (layer: string, write: SlotId, normalized: boolean) => {
    const rows = Array.from({ length: rowsIn(write) }, (_, row) => [{ layer, row, normalized }]);
    leaves.set(write, [{ kind: 'embedding', rows }]);
  };
  const readers: Reader[] = [];
  for (const step of [...plan.prepare, ...plan.fit]) {
    if (step.op === 'load' || step.op === 'align') leaves.set(step.write, [{ kind: 'data', slot: step.write }]);
    if (step.op === 'stackRows') leaves.set(step.write, read(step.reads));
    if (step.op === 'add') {
      const branches = step.reads.map(placesIn);
      const rows = branches[0].map((_, row) => branches.flatMap((branch) => branch[row]));
      leaves.set(step.write, [{ kind: 'embedding', rows }]);
    }
    if (step.op === 'embed') embedding(step.layer, step.write, false);
    if (!isTrained(step)) continue;
    const { layer, write } = step;
    let top = 0;
    const parts = read([step.read]).map((source) => {
      const from = top;
      top += source.kind === 'data' ? rowsIn(source.slot) : source.rows.length;
      return { source, from, to: top };
    });
    readers.push({ layer, parts });
    embedding(layer, write.H, true);
  }
  return readers;
}

/** Who gives an estimate of what, and how much that counts: an estimate is the mean of several, as `reconstruct` has it. */
interface Shares {
  /** By what the estimate is of; the shares of one key, and of the layer's own embedding, make one. */
  readonly givers: ReadonlyMap<string, readonly Giver[]>;
  /** What a layer at the top counts for in the estimate of its own embedding. */
  readonly own: ReadonlyMap<string, number>;
}

/** Some rows of a layer's product; what they estimate is normalized where they are to be taken times its units. */
interface Giver {
  readonly layer: string;
  readonly from: number;
  readonly to: number;
  readonly share: number;
  readonly normalized: boolean;
}

/** The rows of a layer's product, from `at` on, that an estimate is made of. */
interface Mark {
  readonly layer: string;
  readonly at: number;
  readonly share: number;
}

const keyOf = (layer: string): string => `layer ${layer}`;

/**
 * The plan backwards, as `estimates` walks it: a mean at each slot, and one of all that is said of an embedding; a sum in
 * equal parts to its branches.
 */
function sharesOf(plan: Plan, tops: readonly string[]): Shares {
  const found = new Map<SlotId, Mark[][]>();
  const embeddings = new Map<string, Giver[][]>();
  const givers = new Map<string, readonly Giver[]>();
  const own = new Map<string, number>();
  const rowsIn = (slot: SlotId) => plan.slots[Number(slot.slice(1))].shape[0];
  const append = <K, T>(lists: Map<K, T[][]>, key: K, list: T[]) => lists.set(key, [...(lists.get(key) ?? []), list]);
  const mean = <T extends { readonly share: number }>(lists: readonly T[][], count: number) =>
    lists.flat().map((mark) => ({ ...mark, share: mark.share / count }));
  const take = (slot: SlotId): Mark[] => mean(found.get(slot) ?? [], (found.get(slot) ?? []).length);
  const giversOf = (slot: SlotId, normalized: boolean): Giver[] =>
    take(slot).map(({ layer, at, share }) => ({ layer, from: at, to: at + rowsIn(slot), share, normalized }));
  const given = (layer: string, slot: SlotId, normalized: boolean) => {
    if (found.has(slot)) append(embeddings, layer, giversOf(slot, normalized));
  };
  for (const step of [...plan.prepare, ...plan.fit].reverse()) {
    if (step.op === 'load' || step.op === 'align') givers.set(step.write, giversOf(step.write, false));
    if (step.op === 'stackRows') {
      let top = 0;
      const estimate = take(step.write);
      for (const slot of estimate.length === 0 ? [] : step.reads) {
        const from = top;
        append(found, slot, estimate.map((mark) => ({ ...mark, at: mark.at + from }))); // biome-ignore format: one thought
        top += rowsIn(slot);
      }
    }
    if (step.op === 'add') {
      const estimate = mean([take(step.write)], step.reads.length);
      for (const slot of estimate.length === 0 ? [] : step.reads) append(found, slot, estimate);
    }
    if (step.op === 'embed') given(step.layer, step.write, false);
    if (!isTrained(step)) continue;
    const { layer, read, write } = step;
    given(layer, write.H, true);
    const lists = embeddings.get(layer) ?? [];
    const count = lists.length + Number(tops.includes(layer));
    if (count === 0) continue;
    if (tops.includes(layer)) own.set(layer, 1 / count);
    givers.set(keyOf(layer), mean(lists, count));
    append(found, read, [{ layer, at: 0, share: 1 }]);
  }
  return { givers, own };
}

/** What embeddings at the top make of everything below. */
export interface Descent extends Shares {
  /** The estimate of each layer's embedding that is reached, over a row of ones where its A has means. */
  readonly embeddings: ReadonlyMap<string, DenseMatrix>;
}

/** Leads the embeddings of some layers down. */
export async function descend(model: Model, tops: readonly string[]): Promise<Descent> {
  const { plan, readers, A, E, units } = model;
  const shares = sharesOf(plan, tops);
  const embeddings = new Map<string, DenseMatrix>();
  for (const { layer } of readers.toReversed()) {
    const parts: (readonly [DenseMatrix, number])[] = [];
    const own = E.get(layer);
    const share = shares.own.get(layer);
    if (own !== undefined && share !== undefined) parts.push([own, share]);
    for (const { layer: giver, from, to, share, normalized } of shares.givers.get(keyOf(layer)) ?? []) {
      const [W, above, by] = [A.get(giver), embeddings.get(giver), units.get(layer)];
      if (W === undefined || above === undefined || by === undefined) continue;
      const rows = rowRange(W, from, to);
      parts.push([await multiply({ left: normalized ? scaleRows(rows, by) : rows, right: above }), share]);
    }
    if (parts.length > 0) embeddings.set(layer, overOnes(weighed(parts), A.get(layer)));
  }
  return { ...shares, embeddings };
}

/** Σ share · matrix */
export function weighed(parts: readonly (readonly [DenseMatrix, number])[]): DenseMatrix {
  const [[{ rows, cols }]] = parts;
  return parts.reduce((sum, [matrix, share]) => addScaled(sum, matrix, share), dense(rows, cols));
}

/** E as A takes it: over a row of ones where A has means. */
export function overOnes(E: DenseMatrix, A: DenseMatrix | undefined): DenseMatrix {
  if (A === undefined || A.cols === E.rows) return E;
  return stackDense([E, dense(1, E.cols, new Float64Array(E.cols).fill(1))]);
}

/** The estimate of a matrix of the data as one product. */
export function productOf(model: Model, { embeddings, givers }: Descent, slot: SlotId) {
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

/** What matrices of the data are for each unit of something, features × units. */
type Loadings = ReadonlyMap<SlotId, DenseMatrix>;

/** How much rows that read data count for in the estimate of these. */
export const shareOf = ({ givers }: Descent, layer: string, slot: SlotId, { from }: Part): number =>
  (givers.get(slot) ?? []).find((giver) => giver.layer === layer && giver.from === from)?.share ?? 0;

/** What one unit of each row that reads embeddings is in each matrix of the data, given that of the layers below. */
export function reachOf(
  { units }: Model,
  { givers }: Descent,
  below: ReadonlyMap<string, Loadings>,
  { layer, part: { from, to } }: { readonly layer: string; readonly part: Part },
): Loadings {
  const reach = new Map<SlotId, DenseMatrix>();
  for (const [source, loadings] of below) {
    for (const giver of givers.get(keyOf(source)) ?? []) {
      if (giver.layer !== layer || giver.from < from || giver.to > to) continue;
      for (const [slot, P] of loadings) {
        const all = reach.get(slot) ?? dense(P.rows, to - from);
        // Means are no part of what is above.
        for (let r = 0; r < giver.to - giver.from; r++) {
          const by = giver.share * (giver.normalized ? (units.get(source)?.[r] ?? 0) : 1);
          const sum = column(all, giver.from - from + r);
          column(P, r).forEach((x, i) => { sum[i] += by * x; }); // biome-ignore format: one thought
        }
        reach.set(slot, all);
      }
    }
  }
  return reach;
}

/** What one unit of each layer's embedding, and of its row of ones, is in each matrix of the data, the shares of means and sums included. */
export async function loadingsOf(model: Model, descent: Descent): Promise<ReadonlyMap<string, Loadings>> {
  const all = new Map<string, Loadings>();
  for (const { layer, parts } of model.readers) {
    const W = model.A.get(layer);
    if (!descent.embeddings.has(layer) || W === undefined) continue;
    const own = new Map<SlotId, DenseMatrix>();
    const add = (slot: SlotId, matrix: DenseMatrix, by: number) => {
      const before = own.get(slot);
      own.set(slot, addScaled(before ?? dense(matrix.rows, matrix.cols), matrix, by));
    };
    for (const part of parts) {
      const rows = rowRange(W, part.from, part.to);
      const { source } = part;
      if (source.kind === 'data') add(source.slot, rows, shareOf(descent, layer, source.slot, part));
      else
        for (const [slot, left] of reachOf(model, descent, all, { layer, part }))
          add(slot, await multiply({ left, right: rows }), 1);
    }
    all.set(layer, own);
  }
  return all;
}

/** The factors as the layers have them. */
export function modelOf(plan: Plan, state: RunState): Model {
  const readers = readersOf(plan);
  const [A, E, units] = [new Map<string, DenseMatrix>(), new Map<string, DenseMatrix>(), new Map<string, Float64Array>()]; // biome-ignore format: one thought
  for (const { layer } of readers) {
    const result = state.results.get(layer);
    if (result === undefined) continue;
    A.set(layer, decoderOf(result));
    E.set(layer, scaleRows(result.H, result.d));
    units.set(layer, result.d);
  }
  return { plan, readers, A, E, units };
}

/** W in units of what the layer reads, and beside it the means that an SVD took out. */
export function decoderOf(result: LayerResult): DenseMatrix {
  const { W } = result;
  const [center, scale] = 'center' in result ? [result.center, result.scale] : [null, null];
  const own = scale === null ? W : scaleRows(W, scale);
  if (center === null) return own;
  const out = dense(W.rows, W.cols + 1);
  out.data.set(own.data);
  out.data.set(center, own.data.length);
  return out;
}

/** How much of the loss a matrix of the data is. */
export interface Weighing {
  /** What the layers that read it weigh it with, on average. */
  readonly weight: number;
  /** √ω of its rows beside one another, the largest 1; null where they are the same. */
  readonly rows: readonly number[] | null;
}

/**
 * The data that layers read, and how they are weighed; an SVD that divides by deviations s counts what it reads 1/s². Where
 * layers differ about a matrix it counts what it does on average.
 */
export function weightsOf(plan: Plan, state: RunState): ReadonlyMap<SlotId, Weighing> {
  const all = new Map<SlotId, Weighing[]>();
  for (const { layer, parts } of readersOf(plan)) {
    const result = state.results.get(layer);
    for (const [at, part] of parts.entries()) {
      const { source } = part;
      if (source.kind !== 'data') continue;
      const root = result === undefined ? 1 : rootOf(result, at, part);
      const most = greatest(root);
      const rows = typeof root === 'number' ? null : root.map((x) => x / most);
      all.set(source.slot, [...(all.get(source.slot) ?? []), { weight: most ** 2, rows }]);
    }
  }
  return new Map([...all].map(([slot, list]) => [slot, averaged(list)]));
}

function rootOf(result: LayerResult, at: number, { from, to }: Part): Root {
  const scale = 'scale' in result ? result.scale : null;
  if (scale !== null) return Array.from(scale.subarray(from, to), (x) => 1 / x);
  return result.roots?.[at] ?? 1;
}

function averaged(list: readonly Weighing[]): Weighing {
  const mean = (numbers: readonly number[]) => numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
  const [{ rows }] = list;
  const alike = list.every(
    (other) => other.rows === rows || (rows !== null && other.rows?.every((x, i) => x === rows[i])),
  );
  if (alike) return { weight: mean(list.map(({ weight }) => weight)), rows };
  const count = list.reduce((most, { rows }) => Math.max(most, rows?.length ?? 0), 0);
  const each = Array.from({ length: count }, (_, i) =>
    mean(list.map(({ weight, rows }) => weight * (rows?.[i] ?? 1) ** 2)),
  );
  const weight = greatest(each);
  return { weight, rows: each.map((x) => Math.sqrt(x / weight)) };
}
