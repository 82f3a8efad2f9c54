import { rowsAt } from '../align.js';
import type { DenseMatrix } from '../matrix.js';

/** Branches of a sum with their rows as they were matched: row r is row `orders[b][r]`; as they are where none were. */
export const inOrder = (
  branches: readonly DenseMatrix[],
  orders: readonly (readonly number[])[] | undefined,
): readonly DenseMatrix[] => (orders === undefined ? branches : branches.map((branch, b) => rowsAt(branch, orders[b])));

/** Rows of a sum as a branch has them. */
export function backInOrder(sum: DenseMatrix, order: readonly number[] | undefined): DenseMatrix {
  if (order === undefined) return sum;
  const back = new Array<number>(order.length).fill(0);
  for (const [r, own] of order.entries()) back[own] = r;
  return rowsAt(sum, back);
}
