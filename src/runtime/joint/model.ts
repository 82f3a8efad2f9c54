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
  readonly plan: Plan;
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

/** Who gives an estimate of what, and how much that counts: an estimate is the mean of several, as `reconstruct` has it. */
interface Shares {
  /** By what the estimate is of; the shares of one key, and of the layer's own embedding, make one. */
  readonly givers: ReadonlyMap<string, readonly Giver[]>;
  /** What a layer at the top counts for in the estimate of its own embedding. */
  readonly own: ReadonlyMap<string, number>;
}

interface Giver {
  readonly layer: string;
  readonly part: Part;
  readonly share: number;
}

/** The rows of a layer's product, from `at` on, that an estimate is made of. */
interface Mark {
  readonly layer: string;
  readonly at: number;
  readonly share: number;
}

export const keyOf = (source: Source): string => (source.kind === 'data' ? source.slot : `layer ${source.layer}`);

/** The plan backwards, as `estimates` walks it: a mean at each slot, and one of all that is said of an embedding. */
function sharesOf(plan: Plan, readers: readonly Reader[], tops: readonly string[]): Shares {
  const found = new Map<SlotId, Mark[][]>();
  const embeddings = new Map<string, Mark[][]>();
  const marks = new Map<string, readonly Mark[]>();
  const own = new Map<string, number>();
  const append = <K>(lists: Map<K, Mark[][]>, key: K, list: Mark[]) =>
    lists.set(key, [...(lists.get(key) ?? []), list]);
  const mean = (lists: readonly Mark[][], count: number) =>
    lists.flat().map((mark) => ({ ...mark, share: mark.share / count }));
  const take = (slot: SlotId): Mark[] => mean(found.get(slot) ?? [], (found.get(slot) ?? []).length);
  for (const step of [...plan.prepare, ...plan.fit].reverse()) {
    if (step.op === 'load' || step.op === 'align') marks.set(step.write, take(step.write));
    if (step.op === 'stackRows') {
      let top = 0;
      const estimate = take(step.write);
      for (const slot of estimate.length === 0 ? [] : step.reads) {
        const from = top;
        append(found, slot, estimate.map((mark) => ({ ...mark, at: mark.at + from }))); // biome-ignore format: one thought
        top += plan.slots[Number(slot.slice(1))].shape[0];
      }
    }
    if (step.op === 'embed' && found.has(step.write)) append(embeddings, step.layer, take(step.write));
    if (step.op !== 'nmf') continue;
    const { layer, read, write } = step;
    if (found.has(write.H)) append(embeddings, layer, take(write.H));
    const lists = embeddings.get(layer) ?? [];
    const count = lists.length + Number(tops.includes(layer));
    if (count === 0) continue;
    if (tops.includes(layer)) own.set(layer, 1 / count);
    marks.set(`layer ${layer}`, mean(lists, count));
    append(found, read, [{ layer, at: 0, share: 1 }]);
  }
  const partAt = ({ layer, at }: Mark) =>
    readers.find((reader) => reader.layer === layer)?.parts.find(({ from }) => from === at);
  const givers = [...marks].map(([key, list]) => {
    const of = list.flatMap((mark) => {
      const part = partAt(mark);
      return part === undefined ? [] : [{ layer: mark.layer, part, share: mark.share }];
    });
    return [key, of] as const;
  });
  return { givers: new Map(givers), own };
}

/** What embeddings at the top make of everything below. */
export interface Descent extends Shares {
  /** The estimate of each layer's embedding that is reached. */
  readonly embeddings: ReadonlyMap<string, DenseMatrix>;
}

/** Leads the embeddings of some layers down. */
export async function descend({ plan, readers, A, E }: Model, tops: readonly string[]): Promise<Descent> {
  const shares = sharesOf(plan, readers, tops);
  const embeddings = new Map<string, DenseMatrix>();
  for (const { layer } of readers.toReversed()) {
    const parts: (readonly [DenseMatrix, number])[] = [];
    const own = E.get(layer);
    const share = shares.own.get(layer);
    if (own !== undefined && share !== undefined) parts.push([own, share]);
    for (const giver of shares.givers.get(`layer ${layer}`) ?? []) {
      const [W, above] = [A.get(giver.layer), embeddings.get(giver.layer)];
      if (W === undefined || above === undefined) continue;
      const { from, to } = giver.part;
      parts.push([await multiply({ left: rowRange(W, from, to), right: above }), giver.share]);
    }
    if (parts.length > 0) embeddings.set(layer, weighed(parts));
  }
  return { ...shares, embeddings };
}

/** Σ share · matrix */
export function weighed(parts: readonly (readonly [DenseMatrix, number])[]): DenseMatrix {
  const [[{ rows, cols }]] = parts;
  return parts.reduce((sum, [matrix, share]) => addScaled(sum, matrix, share), dense(rows, cols));
}

/** How much a layer's rows count for in the estimate of what they are rows of. */
export const shareOf = ({ givers }: Descent, layer: string, part: Part): number =>
  (givers.get(keyOf(part.source)) ?? []).find((giver) => giver.layer === layer && giver.part === part)?.share ?? 0;

/** What one unit of each layer's embedding is in each matrix of the data (features × k), the shares of means included. */
export async function loadingsOf(
  { readers, A }: Model,
  descent: Descent,
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
    for (const part of parts) {
      const { source, from, to } = part;
      const rows = rowRange(W, from, to);
      const share = shareOf(descent, layer, part);
      if (source.kind === 'data') add(source.slot, rows, share);
      else
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
  return { plan, readers, A, E };
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
