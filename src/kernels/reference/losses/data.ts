import { KernelError } from '../../../errors.js';
import { type Matrix, totalRows, transpose, transposeCsc } from '../../../matrix.js';
import { type Block, type Blocks, blocksOf } from '../blocks.js';

/** The entries of a row or column of the data that are known and count more than nothing, ascending. */
export interface Line {
  /** Their places in it. */
  readonly at: Uint32Array;
  readonly x: Float64Array;
  /** ω */
  readonly weight: Float64Array;
}

/** Data in which entries may be missing and have weights, to be read both ways. */
export interface Data {
  readonly rows: number;
  readonly cols: number;
  readonly column: (j: number) => Line;
  readonly row: (i: number) => Line;
}

/** A block with the weights of its entries, or one number for each of its rows, or of its columns. */
interface Part {
  readonly values: Block;
  readonly weights: Block | null;
}

/** @throws KernelError 'invalid-argument' for weights that are no finite numbers, at least 0. */
export function dataOf(X: Blocks, weights: readonly (Matrix | null)[] | null | undefined): Data {
  const parts = X.map((values, at): Part => {
    const own = weights?.[at] ?? null;
    return { values, weights: own === null ? null : blocksOf([own])[0] };
  });
  for (const { weights: own } of parts) {
    const numbers = own === null ? new Float64Array() : own.kind === 'dense' ? own.data : own.values;
    if (!numbers.every((x) => x >= 0 && x < Infinity))
      throw new KernelError('invalid-argument', 'weights must be finite numbers, at least 0');
  }
  const [rows, cols] = [totalRows(X), X[0].cols];
  const turned = parts.map((part) => ({
    values: turn(part.values),
    weights: part.weights === null ? null : turn(part.weights),
  }));
  const lookup = X.flatMap(({ rows: own }, at) => Array.from({ length: own }, (_, i) => ({ at, i })));
  return {
    rows,
    cols,
    column: (j) => {
      const line = empty(rows);
      let top = 0;
      for (const part of parts) {
        readInto(line, part, j, top);
        top += part.values.rows;
      }
      return known(line);
    },
    row: (i) => {
      const line = empty(cols);
      readInto(line, turned[lookup[i].at], lookup[i].i, 0);
      return known(line);
    },
  };
}

const turn = (block: Block): Block =>
  block.kind === 'dense' ? transpose(block) : { ...transposeCsc(block), values: Float64Array.from(transposeCsc(block).values) }; // biome-ignore format: one thought

interface Whole {
  readonly x: Float64Array;
  readonly weight: Float64Array;
}

const empty = (length: number): Whole => ({ x: new Float64Array(length), weight: new Float64Array(length).fill(1) });

/** Writes column j of a part into a line, from place `top` on. */
function readInto({ x, weight }: Whole, { values, weights }: Part, j: number, top: number): void {
  copyColumn(values, j, x.subarray(top, top + values.rows));
  if (weights === null) return;
  const own = weight.subarray(top, top + values.rows);
  const at = weights.cols === 1 ? 0 : j;
  if (weights.rows === values.rows) {
    copyColumn(weights, at, own);
    return;
  }
  const one = new Float64Array(1);
  copyColumn(weights, at, one);
  own.fill(one[0]);
}

function copyColumn(block: Block, j: number, out: Float64Array): void {
  if (block.kind === 'dense') {
    out.set(block.data.subarray(j * block.rows, (j + 1) * block.rows));
    return;
  }
  out.fill(block.unlisted === 'missing' ? Number.NaN : 0);
  for (let p = block.indptr[j]; p < block.indptr[j + 1]; p++) out[block.indices[p]] = block.values[p];
}

function known({ x, weight }: Whole): Line {
  let count = 0;
  const at = new Uint32Array(x.length);
  for (let i = 0; i < x.length; i++) {
    if (Number.isNaN(x[i]) || weight[i] === 0) continue;
    x[count] = x[i];
    weight[count] = weight[i];
    at[count++] = i;
  }
  return { at: at.subarray(0, count), x: x.subarray(0, count), weight: weight.subarray(0, count) };
}
