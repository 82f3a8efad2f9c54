import { column } from '../../matrix.js';
import type { Pause } from './pause.js';
import { copyPanel, type Panel } from './products.js';
import { type ColumnSolver, gradient, minimiser, type Quadratic } from './quadratic.js';

/** A factor after a half-step, and how far the quadratics of its columns fell in all. */
export interface Solved {
  readonly panel: Panel;
  readonly fall: number;
}

/** One half-step: every column of `from` is improved on its own, given its column of the product with the data. */
export async function solveColumns(from: Panel, product: Panel, solve: ColumnSolver, pause: Pause): Promise<Solved> {
  const panel = copyPanel(from);
  let fall = 0;
  for (let j = 0; j < panel.cols; j++) {
    fall += solve(column(panel, j), column(product, j), j);
    if (pause.due()) await pause.turn();
  }
  return { panel, fall };
}

/** The largest step any coordinate can still take, as a fraction of the largest entry of its factor. */
export async function largestStep(
  F: Panel,
  product: Panel,
  quadraticOf: (column: number) => Quadratic,
  pause: Pause,
): Promise<number> {
  const open = new Float64Array(F.rows);
  const scale = new Float64Array(F.rows);
  for (let j = 0; j < F.cols; j++) {
    const q = quadraticOf(j);
    const x = column(F, j);
    const b = column(product, j);
    for (let r = 0; r < F.rows; r++) {
      scale[r] = Math.max(scale[r], Math.abs(x[r]));
      if (q.curvature[r] === 0) continue;
      open[r] = Math.max(open[r], Math.abs(minimiser(q, x[r], gradient(q, x, b, r), r) - x[r]));
    }
    if (pause.due()) await pause.turn();
  }
  return relativeSteps(open, scale);
}

/** The largest of these steps, each as a fraction of its row's largest entry; 1 where that is zero. */
export const relativeSteps = (open: Float64Array, scale: Float64Array): number =>
  open.reduce((largest, step, r) => Math.max(largest, step > 0 ? (scale[r] > 0 ? step / scale[r] : 1) : 0), 0);
