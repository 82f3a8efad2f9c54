import type { PlannedTerms } from '../compiler/plan.js';
import type { KernelTerms } from '../kernels/kernels.js';
import { sideOf, sumsOf } from '../kernels/reference/sides.js';
import { column, type DenseMatrix, dense, toCsc, transpose } from '../matrix.js';
import type { FactorTerms, Side } from '../objective.js';
import { blocksIn, matrixIn, type RunState } from './state.js';

/** What is left of a pattern is nothing below this fraction of it. */
const DEPENDENT = 1e-10;

/** The terms of a factor with their matrices, targets weighed as the factor is; of a target to be rid of, its patterns. */
export function termsIn(
  state: RunState,
  { graph, target, ...terms }: PlannedTerms,
  side: Side,
  weigh: (target: DenseMatrix) => DenseMatrix = (matrix) => matrix,
): KernelTerms {
  const [neighbours] = graph === null ? [] : blocksIn(state, graph.adjacency);
  return {
    ...terms,
    graph: graph === null ? null : { ...graph, adjacency: toCsc(neighbours) },
    target: target === null ? null : targetOf(target, weigh(matrixIn(state, target.matrix)), side),
  };
}

/** Whether a factor is drawn to a target, whose order is then its own. */
export const isDrawnTo = ({ target }: KernelTerms): boolean => target !== null && target.lambda > 0;

type Target<T> = NonNullable<FactorTerms<never, T>['target']>;

function targetOf(target: Target<unknown>, matrix: DenseMatrix, side: Side): Target<DenseMatrix> | null {
  if (target.lambda > 0) return { ...target, matrix };
  const patterns = orthonormalColumns(side === 'W' ? matrix : transpose(matrix));
  if (patterns.cols === 0) return null;
  return { ...target, matrix: side === 'W' ? patterns : transpose(patterns) };
}

/** What the terms of W multiply ½‖h_r‖₂² by for each column of length 1; nothing where that is L2 alone. */
export function energyOf(terms: KernelTerms, W: DenseMatrix): { readonly energy?: Float64Array } {
  if (terms.graph === null && !(terms.target !== null && terms.target.lambda < 0)) return {};
  const { energy, l2 } = sumsOf(sideOf(terms, 'W'), transpose(W));
  return { energy: energy.map((x, r) => (l2[r] > 0 ? x / l2[r] ** 2 : terms.L2)) };
}

/** An orthonormal basis of what the columns span, by Gram–Schmidt, done twice. */
function orthonormalColumns(matrix: DenseMatrix): DenseMatrix {
  const found: Float64Array[] = [];
  const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, x, i) => sum + x * b[i], 0);
  for (let j = 0; j < matrix.cols; j++) {
    const largest = column(matrix, j).reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    if (largest === 0) continue;
    const x = column(matrix, j).map((value) => value / largest);
    const length = Math.sqrt(dot(x, x));
    for (const q of [...found, ...found]) {
      const along = dot(q, x);
      x.forEach((_, i) => {
        x[i] -= along * q[i];
      });
    }
    const rest = Math.sqrt(dot(x, x));
    if (rest > DEPENDENT * length) found.push(x.map((value) => value / rest));
  }
  const out = dense(matrix.rows, found.length);
  found.forEach((q, j) => {
    column(out, j).set(q);
  });
  return out;
}
