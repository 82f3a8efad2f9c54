import { type DenseMatrix, rRandom } from '../../src/index.js';
import { dense } from '../../src/matrix.js';
import { multiply } from './matrices.js';

/** Three groups of samples that overlap, with noise, and a start: Lee & Seung's updates by hand. */
export function groups(): { readonly V: DenseMatrix; readonly W: DenseMatrix; readonly H: DenseMatrix } {
  const { runif } = rRandom(1301);
  const parts = dense(60, 3, runif(180));
  const members = dense(3, 40);
  for (const [r, [from, to]] of [[1, 14], [13, 27], [26, 40]].entries()) // biome-ignore format: one thought
    for (let j = from - 1; j < to; j++) members.data[r + 3 * j] = 1;
  const clean = multiply(parts, members);
  const noise = runif(2400, 0, 0.05);
  const start = rRandom(42);
  return {
    V: dense(60, 40, clean.data.map((x, p) => x + noise[p])), // biome-ignore format: one thought
    W: dense(60, 3, start.runif(180, 0.1, 1)),
    H: dense(3, 40, start.runif(120, 0.1, 1)),
  };
}

/** A product of 10 × 5 and 5 × 10, and a left factor to begin from: alternating minimisation in disciplined convex programs. */
export function exactProduct(): { readonly A: DenseMatrix; readonly Y: DenseMatrix } {
  const { runif } = rRandom(0);
  const A = multiply(dense(10, 5, runif(50)), dense(5, 10, runif(50)));
  return { A, Y: dense(10, 5, runif(50)) };
}
