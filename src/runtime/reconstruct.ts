import { match } from 'ts-pattern';
import type { Plan, SlotId } from '../compiler/plan.js';
import { addScaled, column, type DenseMatrix, dense, rowRange, scaleRows, stackDense } from '../matrix.js';
import { backInOrder } from './in-order.js';
import { blocksIn, type LayerResult, matrixIn, type RunState } from './state.js';
import { turn } from './turn.js';

/** An estimate of a matrix as a product of two small ones: left (rows × r) · right (r × samples). */
export interface Product {
  /** null for the unit matrix: the estimate is `right` itself. */
  readonly left: DenseMatrix | null;
  readonly right: DenseMatrix;
}

/** Products formed between two turns of the event loop, in multiply-adds. */
const STRETCH = 1 << 23;

/** What is led down a graph: for each of some layers an embedding, diag(d)·H or anything of as many rows. */
export interface Led {
  readonly embeddings: ReadonlyMap<string, DenseMatrix>;
  /** Without what stays when the embeddings are zero: the means that SVDs took out, and what sums were off by. */
  readonly linear: boolean;
  /** Those means stay, and what sums were off by doesn't; default false. */
  readonly affine?: boolean;
}

/** The embeddings of some layers as they were fitted. */
export function fitted(state: RunState, layers: readonly string[]): Led {
  const found = layers.flatMap((layer) => {
    const result = state.results.get(layer);
    return result === undefined ? [] : [[layer, scaleRows(result.H, result.d)] as const];
  });
  return { embeddings: new Map(found), linear: false };
}

/**
 * What embeddings make of each input: they are led down the graph again, each layer giving back W·embedding (and, for an
 * SVD, the means and deviations it took out). Where several layers read one matrix the estimate is the mean of what they
 * give back. A sum hands what its estimate differs by to its branches in equal parts: the smallest change that makes them
 * add up. In a graph that is trained jointly it hands them equal parts of the estimate itself, which is what training lowers.
 */
export async function estimates(
  plan: Plan,
  state: RunState,
  { embeddings: given, linear, affine = false }: Led,
): Promise<ReadonlyMap<SlotId, Product>> {
  const found = new Map<SlotId, Product[]>();
  const inParts = linear || affine || plan.joint !== null;
  const give = (slot: SlotId, estimate: Product) => append(found, slot, estimate);
  const take = (slot: SlotId): Product | undefined => mean(found.get(slot) ?? []);
  const embeddings = new Map<string, DenseMatrix[]>();
  const embedding = (layer: string, matrix: DenseMatrix) => append(embeddings, layer, matrix);

  for (const step of [...plan.prepare, ...plan.fit].reverse()) {
    await match(step)
      // The estimate of an aligned input is of its samples as they were aligned.
      .with({ op: 'load' }, { op: 'align' }, () => undefined)
      .with({ op: 'stackRows' }, ({ reads, write }) => {
        const estimate = take(write);
        if (estimate === undefined) return;
        let top = 0;
        for (const slot of reads) {
          const [rows] = plan.slots[Number(slot.slice(1))].shape;
          give(slot, rowsOf(estimate, top, top + rows));
          top += rows;
        }
      })
      .with({ op: 'add' }, async ({ reads, write }) => {
        const estimate = take(write);
        if (estimate === undefined) return;
        const orders = state.orders.get(write);
        if (inParts) {
          const part = joined([estimate], 1 / reads.length);
          for (const [b, slot] of reads.entries())
            give(slot, { ...part, left: backInOrder(leftOf(part), orders?.[b]) });
          return;
        }
        const rest = addScaled(await multiply(estimate), matrixIn(state, write), -1);
        for (const [b, slot] of reads.entries()) {
          const own = stackDense(blocksIn(state, slot));
          give(slot, { left: null, right: addScaled(own, backInOrder(rest, orders?.[b]), 1 / reads.length) });
        }
      })
      .with({ op: 'embed' }, async ({ layer, write }) => {
        const estimate = take(write);
        if (estimate !== undefined) embedding(layer, await multiply(estimate));
      })
      .with({ op: 'nmf' }, { op: 'tied' }, { op: 'svd' }, async ({ layer, read, write }) => {
        const result = state.results.get(layer);
        if (result === undefined) return;
        const normalized = take(write.H);
        if (normalized !== undefined) embedding(layer, scaleRows(await multiply(normalized), result.d));
        const led = given.get(layer);
        if (led !== undefined) embedding(layer, led);
        const known = embeddings.get(layer);
        if (known !== undefined) give(read, decode(result, average(known), linear));
      })
      .exhaustive();
  }
  return new Map(
    [...found.keys()].flatMap((slot) => {
      const estimate = take(slot);
      return estimate === undefined ? [] : [[slot, estimate]];
    }),
  );
}

function append<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

/** W·embedding in units of the layer's input: the means that an SVD took out are one more factor. */
function decode(result: LayerResult, right: DenseMatrix, linear: boolean): Product {
  const { W } = result;
  const center = 'center' in result ? result.center : null;
  const scale = 'scale' in result ? result.scale : null;
  const left =
    scale === null
      ? W
      : dense(
          W.rows,
          W.cols,
          W.data.map((x, p) => x * scale[p % W.rows]),
        );
  if (center === null || linear) return { left, right };
  const means = { left: dense(W.rows, 1, center), right: dense(1, right.cols, new Float64Array(right.cols).fill(1)) };
  return joined([{ left, right }, means], 1);
}

function mean(parts: readonly Product[]): Product | undefined {
  return parts.length <= 1 ? parts[0] : joined(parts, 1 / parts.length);
}

/** Σ left·right as one product, times a factor. */
function joined(parts: readonly Product[], factor: number): Product {
  const lefts = parts.map(leftOf);
  const rank = lefts.reduce((sum, { cols }) => sum + cols, 0);
  const left = dense(lefts[0].rows, rank);
  const right = dense(rank, parts[0].right.cols);
  let top = 0;
  for (const [i, part] of parts.entries()) {
    left.data.set(
      lefts[i].data.map((x) => x * factor),
      top * left.rows,
    );
    for (let j = 0; j < right.cols; j++) right.data.set(column(part.right, j), top + j * rank);
    top += lefts[i].cols;
  }
  return { left, right };
}

/** The matrix that a product stands for; the event loop turns in between. */
export async function multiply({ left, right }: Product): Promise<DenseMatrix> {
  if (left === null) return right;
  const out = dense(left.rows, right.cols);
  let done = 0;
  for (let j = 0; j < right.cols; j++) {
    const sum = column(out, j);
    for (let r = 0; r < left.cols; r++) {
      const x = right.data[r + j * right.rows];
      for (let i = 0; i < out.rows; i++) sum[i] += left.data[i + r * out.rows] * x;
    }
    done += left.cols * out.rows;
    if (done > STRETCH) {
      done = 0;
      await turn();
    }
  }
  return out;
}

function average(list: readonly DenseMatrix[]): DenseMatrix {
  const total = list.reduce((sum, matrix) => addScaled(sum, matrix));
  return list.length === 1
    ? total
    : dense(
        total.rows,
        total.cols,
        total.data.map((x) => x / list.length),
      );
}

/** The left side written out. */
export function leftOf({ left, right }: Product): DenseMatrix {
  if (left !== null) return left;
  const unit = dense(right.rows, right.rows);
  for (let i = 0; i < right.rows; i++) unit.data[i * right.rows + i] = 1;
  return unit;
}

function rowsOf({ left, right }: Product, from: number, to: number): Product {
  if (left === null) return { left, right: rowRange(right, from, to) };
  return { left: rowRange(left, from, to), right };
}

/** Some rows and columns of a product, in the order asked for; all where nothing is asked. */
export function partOf(
  { left, right }: Product,
  features: ArrayLike<number> | undefined,
  samples: ArrayLike<number> | undefined,
): Product {
  const some = samples === undefined ? right : columnsAt(right, samples);
  if (features === undefined) return { left, right: some };
  return left === null ? { left, right: rowsAt(some, features) } : { left: rowsAt(left, features), right: some };
}

function columnsAt(matrix: DenseMatrix, places: ArrayLike<number>): DenseMatrix {
  const out = dense(matrix.rows, places.length);
  for (let j = 0; j < places.length; j++) column(out, j).set(column(matrix, places[j]));
  return out;
}

function rowsAt(matrix: DenseMatrix, places: ArrayLike<number>): DenseMatrix {
  const out = dense(places.length, matrix.cols);
  for (let j = 0; j < out.cols; j++)
    for (let i = 0; i < out.rows; i++) out.data[i + j * out.rows] = matrix.data[places[i] + j * matrix.rows];
  return out;
}
