import { type CscMatrix, type DenseMatrix, dense, storedValues } from '../../matrix.js';
import { type Blocks, colsOf, eachPart, rowsOf, type Walked } from './blocks.js';
import type { Pause } from './pause.js';

/**
 * Factors are held factor-contiguous here: a *panel* is k × n, column j being the k numbers of feature or sample j.
 * W is kept transposed (k × features), H as it is (k × samples).
 */
export type Panel = DenseMatrix;

export const copyPanel = (panel: Panel): Panel => dense(panel.rows, panel.cols, panel.data.slice());

/** B = W·X, k × samples, from the panel W (k × features). */
export async function timesData(W: Panel, X: Walked, pause: Pause): Promise<Panel> {
  const B = dense(W.rows, colsOf(X));
  await eachPart(X, (part, first) => addTimesData(B, first, W, part, pause));
  return B;
}

/** The columns of B from `first` on, for as many of X. */
async function addTimesData(B: Panel, first: number, W: Panel, X: Blocks, pause: Pause): Promise<void> {
  let top = 0;
  for (const block of X) {
    for (let j = 0; j < block.cols; j++) {
      if (block.kind === 'dense') {
        for (let i = 0; i < block.rows; i++) addScaled(B, first + j, block.data[i + j * block.rows], W, top + i);
      } else {
        for (let p = block.indptr[j]; p < block.indptr[j + 1]; p++)
          addScaled(B, first + j, block.values[p], W, top + block.indices[p]);
      }
      if (pause.due()) await pause.turn();
    }
    top += block.rows;
  }
}

/** C = H·Xᵀ, k × features, from the panel H (k × samples). */
export async function timesTransposed(H: Panel, X: Walked, pause: Pause): Promise<Panel> {
  const C = dense(H.rows, rowsOf(X));
  await eachPart(X, (part, first) => addTimesTransposed(C, H, first, part, pause));
  return C;
}

/** What as many columns of H as X has, from `first` on, add to C. */
async function addTimesTransposed(C: Panel, H: Panel, first: number, X: Blocks, pause: Pause): Promise<void> {
  let top = 0;
  for (const block of X) {
    for (let j = 0; j < block.cols; j++) {
      if (block.kind === 'dense') {
        for (let i = 0; i < block.rows; i++) addScaled(C, top + i, block.data[i + j * block.rows], H, first + j);
      } else {
        for (let p = block.indptr[j]; p < block.indptr[j + 1]; p++)
          addScaled(C, top + block.indices[p], block.values[p], H, first + j);
      }
      if (pause.due()) await pause.turn();
    }
    top += block.rows;
  }
}

function addScaled(out: Panel, outCol: number, x: number, panel: Panel, col: number): void {
  const k = out.rows;
  for (let r = 0; r < k; r++) out.data[outCol * k + r] += x * panel.data[col * k + r];
}

/** ‖F − by·T‖² */
export function residualSquares(F: Panel, T: Panel, by: number): number {
  return F.data.reduce((sum, x, p) => sum + (x - by * T.data[p]) ** 2, 0);
}

/** A·Bᵀ, k × k. */
export function crossGram(A: Panel, B: Panel): Float64Array {
  const k = A.rows;
  const out = new Float64Array(k * k);
  for (let j = 0; j < A.cols; j++) {
    for (let r = 0; r < k; r++) {
      for (let s = 0; s < k; s++) out[r * k + s] += A.data[j * k + r] * B.data[j * k + s];
    }
  }
  return out;
}

/** G = F·Fᵀ, k × k. */
export function gram(F: Panel): Float64Array {
  const k = F.rows;
  const G = new Float64Array(k * k);
  for (let j = 0; j < F.cols; j++) {
    for (let r = 0; r < k; r++) {
      const x = F.data[j * k + r];
      for (let s = 0; s <= r; s++) G[r * k + s] += x * F.data[j * k + s];
    }
  }
  for (let r = 0; r < k; r++) for (let s = 0; s < r; s++) G[s * k + r] = G[r * k + s];
  return G;
}

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** ‖X‖², the sum of squares of all entries. */
export function sumOfSquares(X: Blocks): number {
  return X.reduce((sum, block) => {
    const values = block.kind === 'dense' ? block.data : block.values;
    return sum + dot(values, values);
  }, 0);
}

/** The same, one square after the other. */
export async function squaresOf(X: Walked): Promise<number> {
  if (!('each' in X)) return sumOfSquares(X);
  let sum = 0;
  await X.each(([panel]) => {
    for (const x of storedValues(panel)) sum += x * x;
  });
  return sum;
}

/**
 * Σ_j (X − Wᵀ·H)_ij² for each feature i, entry by entry, for panels W (k × features) and H (k × samples); entries
 * listed in `without` don't count.
 */
export async function residualByRow(
  X: Walked,
  W: Panel,
  H: Panel,
  pause: Pause,
  without: CscMatrix | null = null,
): Promise<Float64Array> {
  const sums = new Float64Array(W.cols);
  await eachPart(X, (part, first) => addResiduals(sums, part, first, { W, H, without }, pause));
  return sums;
}

interface Model {
  readonly W: Panel;
  readonly H: Panel;
  readonly without: CscMatrix | null;
}

/** What columns from `first` on add to that. */
async function addResiduals(
  sums: Float64Array,
  X: Blocks,
  first: number,
  { W, H, without }: Model,
  pause: Pause,
): Promise<void> {
  const k = W.rows;
  let top = 0;
  for (const block of X) {
    for (let j = 0; j < block.cols; j++) {
      const column = new Float64Array(block.rows);
      for (let i = 0; i < block.rows; i++) {
        for (let r = 0; r < k; r++) column[i] -= W.data[(top + i) * k + r] * H.data[(first + j) * k + r];
      }
      if (block.kind === 'dense') {
        for (let i = 0; i < block.rows; i++) column[i] += block.data[i + j * block.rows];
      } else {
        for (let p = block.indptr[j]; p < block.indptr[j + 1]; p++) column[block.indices[p]] += block.values[p];
      }
      for (const i of without === null ? [] : listed(without, first + j)) {
        if (i >= top && i < top + block.rows) column[i - top] = 0;
      }
      for (let i = 0; i < block.rows; i++) sums[top + i] += column[i] * column[i];
      if (pause.due()) await pause.turn();
    }
    top += block.rows;
  }
}

/** ‖X − Wᵀ·H‖², entry by entry, but for those listed in `without`. */
export async function residual(
  X: Walked,
  W: Panel,
  H: Panel,
  pause: Pause,
  without: CscMatrix | null = null,
): Promise<number> {
  return (await residualByRow(X, W, H, pause, without)).reduce((sum, x) => sum + x, 0);
}

/** The rows of the entries that a column lists. */
export function listed({ indptr, indices }: CscMatrix, column: number): Uint32Array {
  return indices.subarray(indptr[column], indptr[column + 1]);
}

/** Column i of one panel times column j of another. */
export function dotColumns(W: Panel, i: number, H: Panel, j: number): number {
  let sum = 0;
  for (let r = 0; r < W.rows; r++) sum += W.data[i * W.rows + r] * H.data[j * H.rows + r];
  return sum;
}
