import type { Plan, SlotId } from '../../compiler/plan.js';
import { addScaled, type DenseMatrix, dense, rowRange, scaleRows } from '../../matrix.js';
import { multiply } from '../reconstruct.js';
import type { RunState } from '../state.js';
import { withRows } from './blocks.js';

/** Rows of what a layer reads: data, or the embedding of a layer below. */
export interface Part {
  readonly from: number;
  readonly to: number;
  readonly source: Source;
}

export type Source =
  | { readonly kind: 'data'; readonly slot: SlotId }
  | { readonly kind: 'embedding'; readonly layer: string; readonly normalized: boolean };

/** A layer and what it reads. */
export interface Reader {
  readonly layer: string;
  readonly parts: readonly Part[];
}

/**
 * The factors of a graph while it is trained: A_ℓ (rows read × k) and E_ℓ (k × samples) of each layer, which hold the scale.
 * A layer's E stands for A·E in what it reads; where that is the embedding of a layer below, for what that makes of it.
 */
export interface Model {
  /** Upstream first. */
  readonly readers: readonly Reader[];
  readonly A: ReadonlyMap<string, DenseMatrix>;
  readonly E: ReadonlyMap<string, DenseMatrix>;
}

/** Who reads what, from a plan without sums. */
export function readersOf(plan: Plan): readonly Reader[] {
  const leaves = new Map<SlotId, readonly { readonly source: Source; readonly rows: number }[]>();
  const rowsIn = (slot: SlotId) => plan.slots[Number(slot.slice(1))].shape[0];
  const readers: Reader[] = [];
  for (const step of [...plan.prepare, ...plan.fit]) {
    if (step.op === 'load')
      leaves.set(step.write, [{ source: { kind: 'data', slot: step.write }, rows: rowsIn(step.write) }]);
    if (step.op === 'align')
      leaves.set(step.write, [{ source: { kind: 'data', slot: step.write }, rows: rowsIn(step.write) }]);
    if (step.op === 'stackRows')
      leaves.set(
        step.write,
        step.reads.flatMap((slot) => leaves.get(slot) ?? []),
      );
    if (step.op === 'embed')
      leaves.set(step.write, [
        { source: { kind: 'embedding', layer: step.layer, normalized: false }, rows: rowsIn(step.write) },
      ]);
    if (step.op !== 'nmf') continue;
    const { layer, read, write, args } = step;
    let top = 0;
    const parts = (leaves.get(read) ?? []).map(({ source, rows }) => {
      top += rows;
      return { source, from: top - rows, to: top };
    });
    readers.push({ layer, parts });
    leaves.set(write.H, [{ source: { kind: 'embedding', layer, normalized: true }, rows: args.k }]);
  }
  return readers;
}

/** What embeddings at the top make of everything below. */
export interface Descent {
  /** The estimate of each layer's embedding that is reached. */
  readonly embeddings: ReadonlyMap<string, DenseMatrix>;
  /** Who gives an estimate of each matrix and each embedding, and which of its rows; the estimate is their mean. */
  readonly givers: ReadonlyMap<string, readonly Giver[]>;
}

interface Giver {
  readonly layer: string;
  readonly part: Part;
}

export const keyOf = (source: Source): string => (source.kind === 'data' ? source.slot : `layer ${source.layer}`);

/** Leads the embeddings of some layers down; where several layers read one matrix its estimate is the mean of theirs. */
export async function descend({ readers, A, E }: Model, tops: readonly string[]): Promise<Descent> {
  const embeddings = new Map<string, DenseMatrix>();
  const givers = new Map<string, Giver[]>();
  const given = new Map<string, DenseMatrix[]>();
  for (const { layer, parts } of readers.toReversed()) {
    const own = tops.includes(layer) ? [E.get(layer)] : [];
    const all = [...(given.get(`layer ${layer}`) ?? []), ...own].filter((matrix) => matrix !== undefined);
    const W = A.get(layer);
    if (all.length === 0 || W === undefined) continue;
    const estimate = mean(all);
    embeddings.set(layer, estimate);
    for (const part of parts) {
      const key = keyOf(part.source);
      givers.set(key, [...(givers.get(key) ?? []), { layer, part }]);
      if (part.source.kind === 'data') continue;
      const right = await multiply({ left: rowRange(W, part.from, part.to), right: estimate });
      given.set(key, [...(given.get(key) ?? []), right]);
    }
  }
  return { embeddings, givers };
}

function mean(list: readonly DenseMatrix[]): DenseMatrix {
  const total = list.reduce((sum, matrix) => addScaled(sum, matrix));
  return list.length === 1 ? total : dense(total.rows, total.cols, total.data.map((x) => x / list.length)); // biome-ignore format: one thought
}

/** How many estimates the embedding of a layer is the mean of. */
export const shareOf = ({ givers }: Descent, tops: readonly string[], layer: string): number =>
  1 / ((givers.get(`layer ${layer}`) ?? []).length + Number(tops.includes(layer)));

/** What one unit of each layer's embedding is in each matrix of the data (features × k), the shares of means included. */
export async function loadingsOf(
  { readers, A }: Model,
  descent: Descent,
  tops: readonly string[],
): Promise<ReadonlyMap<string, ReadonlyMap<SlotId, DenseMatrix>>> {
  const all = new Map<string, Map<SlotId, DenseMatrix>>();
  for (const { layer, parts } of readers) {
    const W = A.get(layer);
    if (!descent.embeddings.has(layer) || W === undefined) continue;
    const own = new Map<SlotId, DenseMatrix>();
    const add = (slot: SlotId, matrix: DenseMatrix, by: number) => {
      const before = own.get(slot);
      own.set(slot, addScaled(before ?? dense(matrix.rows, matrix.cols), matrix, by));
    };
    for (const { source, from, to } of parts) {
      const rows = rowRange(W, from, to);
      if (source.kind === 'data') {
        add(source.slot, rows, 1 / (descent.givers.get(source.slot) ?? []).length);
        continue;
      }
      const share = shareOf(descent, tops, source.layer);
      for (const [slot, below] of all.get(source.layer) ?? [])
        add(slot, await multiply({ left: below, right: rows }), share);
    }
    all.set(layer, own);
  }
  return all;
}

/** The factors as the layers have them; an embedding that is handed on without its scale is read with it. */
export function modelOf(plan: Plan, state: RunState): Model {
  const readers = readersOf(plan);
  const [A, E] = [new Map<string, DenseMatrix>(), new Map<string, DenseMatrix>()];
  for (const { layer, parts } of readers) {
    const result = state.results.get(layer);
    if (result === undefined) continue;
    let { W } = result;
    for (const { source, from, to } of parts) {
      if (source.kind === 'data' || !source.normalized) continue;
      const scale = state.results.get(source.layer)?.d ?? new Float64Array(to - from);
      W = withRows(W, from, scaleRows(rowRange(W, from, to), scale));
    }
    A.set(layer, W);
    E.set(layer, scaleRows(result.H, result.d));
  }
  return { readers, A, E };
}

/** Joint training takes no weights by feature, which would be a list. */
const squareOf = (root: unknown): number => (typeof root === 'number' ? root ** 2 : 1);

/** The data that layers read, and how much of the loss each is: what the layers that read it weigh it with, on average. */
export function weightsOf(plan: Plan, state: RunState): ReadonlyMap<SlotId, number> {
  const all = new Map<SlotId, number[]>();
  for (const { layer, parts } of readersOf(plan)) {
    const roots = state.results.get(layer)?.roots ?? null;
    for (const [at, { source }] of parts.entries()) {
      if (source.kind !== 'data') continue;
      all.set(source.slot, [...(all.get(source.slot) ?? []), squareOf(roots?.[at])]);
    }
  }
  return new Map([...all].map(([slot, list]) => [slot, list.reduce((sum, x) => sum + x, 0) / list.length]));
}
