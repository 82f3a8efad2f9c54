import { type CscMatrix, dense, toCsc, toDense, totalRows, transposeCsc } from '../../matrix.js';
import { heldOutEntries, heldShare } from '../hold-out.js';
import type { HoldOut } from '../kernels.js';
import type { Block, Blocks } from './blocks.js';
import type { Pause } from './pause.js';
import { dotColumns, listed, type Panel } from './products.js';

/**
 * What a fit doesn't see of a matrix: a sparse matrix that lists those entries with their values, zeros included. Where
 * entries have weights, one that lists what is seen, with these.
 */
export interface Held {
  readonly byColumn: CscMatrix;
  /** The same, transposed. */
  readonly byRow: CscMatrix;
  readonly count: number;
  /** What part of the matrix, about. */
  readonly share: number;
  /** The values are known: the entries are held out, not missing. */
  readonly scored: boolean;
  /** Where entries have weights: the values of what is seen, in the order of `byColumn`. */
  readonly weighed: Float64Array | null;
}

/** Draws the mask; X comes back with zeros where an entry is held out, so that no value there can reach the fit. */
export async function hideEntries(
  X: Blocks,
  { keys, fraction }: HoldOut,
): Promise<{ readonly X: Blocks; readonly held: Held }> {
  const masks = await Promise.all(X.map(({ rows, cols }, at) => heldOutEntries(rows, cols, keys[at], fraction)));
  const split = X.map((block, at) => hide(block, masks[at]));
  return together(split, heldShare(fraction), true);
}

interface Split {
  readonly seen: Block;
  readonly hidden: CscMatrix;
}

function together(
  split: readonly Split[],
  share: number,
  scored: boolean,
): { readonly X: Blocks; readonly held: Held } {
  const byColumn = stack(split.map(({ hidden }) => hidden));
  const lists = { byColumn, byRow: transposeCsc(byColumn), count: byColumn.values.length };
  const held = { ...lists, share, scored, weighed: null };
  return { X: split.map(({ seen }) => seen), held };
}

/** Finds what is missing; X comes back with zeros there. */
export function hideMissing(X: Blocks): { readonly X: Blocks; readonly held: Held } {
  const split = X.map((block) => hide(block, missingIn(block)));
  const count = split.reduce((sum, { hidden }) => sum + hidden.values.length, 0);
  return together(split, count / (totalRows(X) * X[0].cols), false);
}

/** A sparse matrix of ones where entries are missing. */
function missingIn(block: Block): CscMatrix {
  const { rows, cols, data } = toDense(block);
  return toCsc(
    dense(
      rows,
      cols,
      data.map((x) => Number(Number.isNaN(x))),
    ),
  );
}

/** A block with its masked entries set to zero, and those entries alone. */
function hide(block: Block, mask: CscMatrix): Split {
  const hiddenValues = new Float64Array(mask.values.length);
  const values = (block.kind === 'dense' ? block.data : block.values).slice();
  for (let j = 0; j < block.cols; j++) {
    const from = mask.indptr[j];
    const rows = listed(mask, j);
    const places = block.kind === 'dense' ? null : placesOf(block, j);
    rows.forEach((i, at) => {
      const p = places === null ? i + j * block.rows : places.get(i);
      if (p === undefined) return;
      hiddenValues[from + at] = values[p];
      values[p] = 0;
    });
  }
  const seen: Block = block.kind === 'dense' ? { ...block, data: values } : { ...block, values };
  return { seen, hidden: { ...mask, values: hiddenValues } };
}

/** Where each row of a sparse column is listed. */
function placesOf(block: CscMatrix, column: number): ReadonlyMap<number, number> {
  const from = block.indptr[column];
  return new Map(Array.from(listed(block, column), (row, at) => [row, from + at]));
}

/** Sparse row blocks as one sparse matrix. */
function stack(blocks: readonly CscMatrix[]): CscMatrix {
  const rows = totalRows(blocks);
  const cols = blocks[0].cols;
  const size = blocks.reduce((sum, block) => sum + block.values.length, 0);
  const out = { indptr: new Uint32Array(cols + 1), indices: new Uint32Array(size), values: new Float64Array(size) };
  let p = 0;
  for (let j = 0; j < cols; j++) {
    let top = 0;
    for (const block of blocks) {
      for (let q = block.indptr[j]; q < block.indptr[j + 1]; q++, p++) {
        out.indices[p] = top + block.indices[q];
        out.values[p] = block.values[q];
      }
      top += block.rows;
    }
    out.indptr[j + 1] = p;
  }
  return { kind: 'csc', rows, cols, ...out };
}

/** Over the entries that aren't seen: Σ (w_i·h_j)², and Σ (x_ij − w_i·h_j)². */
export async function heldSquares(
  { byColumn }: Held,
  W: Panel,
  H: Panel,
  pause: Pause,
): Promise<{ readonly model: number; readonly residual: number }> {
  let model = 0;
  let residual = 0;
  for (let j = 0; j < H.cols; j++) {
    for (let p = byColumn.indptr[j]; p < byColumn.indptr[j + 1]; p++) {
      const estimate = dotColumns(W, byColumn.indices[p], H, j);
      model += estimate ** 2;
      residual += (byColumn.values[p] - estimate) ** 2;
    }
    if (pause.due()) await pause.turn();
  }
  return { model, residual };
}
