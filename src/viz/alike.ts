import { averageLinkage, type Merge } from '../consensus/average-linkage.js';
import { leafOrder } from '../consensus/clusters.js';
import { type DenseMatrix, dense } from '../matrix.js';

/** Lines in an order in which those that are alike are near, and the tree that it is of. */
export interface Ordered {
  readonly order: readonly number[];
  readonly tree: readonly Merge[];
}

/** By the distances of n lines, n × n. */
export function orderedBy(D: DenseMatrix): Ordered {
  const tree = averageLinkage(D);
  return { order: leafOrder(D.rows, tree), tree };
}

/** The rows of a matrix. */
export function alike({ rows, cols, data }: DenseMatrix): Ordered {
  const D = dense(rows, rows);
  for (let b = 1; b < rows; b++)
    for (let a = 0; a < b; a++) {
      let [sum, count] = [0, 0];
      for (let p = a, q = b; p < rows * cols; p += rows, q += rows) {
        const off = data[p] - data[q];
        if (Number.isNaN(off)) continue;
        sum += off * off;
        count++;
      }
      D.data[a + b * rows] = Math.sqrt(sum / count);
    }
  // Rows that have nothing in common are as far apart as those that are farthest.
  const farthest = D.data.reduce((most, x) => (Number.isNaN(x) ? most : Math.max(most, x)), 0);
  for (let b = 1; b < rows; b++)
    for (let a = 0; a < b; a++) {
      const x = D.data[a + b * rows];
      const distance = Number.isNaN(x) ? farthest : x;
      D.data[a + b * rows] = distance;
      D.data[b + a * rows] = distance;
    }
  return orderedBy(D);
}
