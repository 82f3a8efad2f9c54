import { type CscMatrix, type DenseMatrix, dense, transpose } from '../../matrix.js';
import {
  type FactorSums,
  type FactorTerms,
  fixesScale,
  type Side,
  type StepTerms,
  stepTerms,
} from '../../objective.js';
import type { KernelTerms } from '../kernels.js';
import { gram, type Panel, residualSquares } from './products.js';
import { panelNorms } from './scale.js';

/** A factor's terms, their matrices as panels. */
export interface FactorSide {
  readonly terms: FactorTerms;
  readonly graph: Graph | null;
  readonly remove: Remove | null;
  readonly attract: Attract | null;
  /** Its terms change when scale moves to the partner. */
  readonly fixed: boolean;
}

interface Graph {
  readonly lambda: number;
  readonly adjacency: CscMatrix;
  /** Σ_j a_ij */
  readonly degrees: Float64Array;
}

interface Remove {
  readonly lambda: number;
  /** Orthonormal rows: patterns × n. */
  readonly patterns: Panel;
}

interface Attract {
  readonly lambda: number;
  readonly rescaled: boolean;
  /** T, k × n. */
  readonly target: Panel;
  /** λ̄ and c, as they were set last. */
  readonly weight: number;
  readonly by: number;
}

export function sideOf(terms: KernelTerms, side: Side): FactorSide {
  const panelOf = (matrix: DenseMatrix): Panel => (side === 'W' ? transpose(matrix) : matrix);
  const { graph, target } = terms;
  const lambda = target?.lambda ?? 0;
  return {
    terms,
    graph: graph === null ? null : { ...graph, degrees: degreesOf(graph.adjacency) },
    remove: target !== null && lambda < 0 ? { lambda: -lambda, patterns: panelOf(target.matrix) } : null,
    attract:
      target !== null && lambda > 0
        ? { lambda, rescaled: target.scale === 'factor', target: panelOf(target.matrix), weight: 0, by: 1 }
        : null,
    fixed: fixesScale(terms),
  };
}

/** The weight and the scale of what F is drawn to, as they should be for these factors. */
export function drawn(side: FactorSide, F: Panel, partner: Panel): FactorSide {
  const { attract } = side;
  if (attract === null) return side;
  const length = Math.hypot(...panelNorms(attract.target).l2);
  const own = Math.hypot(...panelNorms(F).l2);
  const by = attract.rescaled && length > 0 && own > 0 ? own / length : attract.by;
  const l2 = panelNorms(partner).l2;
  const weight = attract.lambda * (l2.reduce((sum, x) => sum + x * x, 0) / l2.length);
  return { ...side, attract: { ...attract, by, weight } };
}

export function sumsOf(side: FactorSide, F: Panel): FactorSums {
  const norms = panelNorms(F);
  const energy = norms.l2.map((l2) => side.terms.L2 * l2 * l2);
  if (side.graph !== null) {
    const { lambda, adjacency, degrees } = side.graph;
    const pulled = timesLaplacian(F, adjacency, degrees);
    F.data.forEach((x, p) => {
      energy[p % F.rows] += 2 * lambda * x * pulled.data[p];
    });
  }
  if (side.remove !== null) {
    const { lambda, patterns } = side.remove;
    along(F, patterns).forEach((x, p) => {
      energy[p % F.rows] += lambda * x * x;
    });
  }
  const apart =
    side.attract === null ? 0 : 0.5 * side.attract.weight * residualSquares(F, side.attract.target, side.attract.by);
  return { ...norms, gram: gram(F), energy, apart };
}

/** What a solve for a factor has in each column beside the data and `stepTerms`. */
export interface ColumnTerms {
  /** Added to G_rr of every column. */
  readonly ridge: Float64Array;
  /** G_rr of column j grows by `spread[r]`·`weights[j]` beyond that. */
  readonly spread: Float64Array;
  readonly weights: Float64Array;
  /** Added to the product with the data. */
  readonly added: Panel;
}

/**
 * Graph and remove hold products of columns; the parabolas that touch them at the present F and lie above hold none: L ⪯ 2D
 * for the Laplacian of a graph, UᵀU ⪯ 1 for patterns.
 */
export function columnTerms(side: FactorSide, F: Panel, partner: FactorSums): ColumnTerms | null {
  const { graph, remove, attract } = side;
  if (graph === null && remove === null && attract === null) return null;
  const [k, n] = [F.rows, F.cols];
  const squares = partner.l2.map((l2) => l2 * l2);
  const ridge = new Float64Array(k);
  const added = dense(k, n);
  const add = (values: ArrayLike<number>, weightOf: (r: number) => number) => {
    for (let p = 0; p < k * n; p++) added.data[p] += weightOf(p % k) * values[p];
  };
  if (attract !== null) {
    ridge.fill(attract.weight);
    add(attract.target.data, () => attract.weight * attract.by);
  }
  if (remove !== null) {
    const { lambda, patterns } = remove;
    for (let r = 0; r < k; r++) ridge[r] += lambda * squares[r];
    add(without(F, patterns), (r) => lambda * squares[r]);
  }
  const none = { spread: new Float64Array(k), weights: new Float64Array(n) };
  if (graph === null) return { ridge, added, ...none };
  const { lambda, adjacency, degrees } = graph;
  const pulled = timesLaplacian(F, adjacency, degrees).data;
  const anchored = F.data.map((x, p) => 2 * degrees[Math.floor(p / k)] * x - pulled[p]);
  add(anchored, (r) => 2 * lambda * squares[r]);
  return { ridge, added, spread: squares.map((square) => 4 * lambda * square), weights: degrees };
}

/** The penalties as seen from a solve for one factor, `columnTerms` included. */
export interface SolveTerms {
  readonly termsOf: (column: number) => StepTerms;
  readonly columns: ColumnTerms | null;
}

export function solveTerms(own: FactorSide, other: FactorSide, from: Panel, partner: Panel, rms: number): SolveTerms {
  const partnerSums = sumsOf(other, partner);
  const shared = stepTerms(own.terms, other.terms, sumsOf(own, from), partnerSums, rms);
  const columns = columnTerms(own, from, partnerSums);
  const termsOf = (j: number): StepTerms =>
    columns === null
      ? shared
      : { ...shared, ridge: shared.ridge.map((x, r) => x + columns.ridge[r] + columns.spread[r] * columns.weights[j]) };
  return { termsOf, columns };
}

function degreesOf(adjacency: CscMatrix): Float64Array {
  const degrees = new Float64Array(adjacency.cols);
  for (let j = 0; j < adjacency.cols; j++)
    for (let p = adjacency.indptr[j]; p < adjacency.indptr[j + 1]; p++) degrees[j] += adjacency.values[p];
  return degrees;
}

/** F·L = F·(D − A), k × n. */
function timesLaplacian(F: Panel, { indptr, indices, values }: CscMatrix, degrees: Float64Array): Panel {
  const k = F.rows;
  const out = dense(k, F.cols);
  for (let j = 0; j < F.cols; j++) {
    for (let r = 0; r < k; r++) {
      let sum = degrees[j] * F.data[j * k + r];
      for (let p = indptr[j]; p < indptr[j + 1]; p++) sum -= values[p] * F.data[indices[p] * k + r];
      out.data[j * k + r] = sum;
    }
  }
  return out;
}

/** F·Uᵀ, k × patterns, row r of F along each. */
function along(F: Panel, patterns: Panel): Float64Array {
  const [k, q] = [F.rows, patterns.rows];
  const out = new Float64Array(k * q);
  for (let j = 0; j < F.cols; j++)
    for (let u = 0; u < q; u++)
      for (let r = 0; r < k; r++) out[u * k + r] += F.data[j * k + r] * patterns.data[j * q + u];
  return out;
}

/** F − F·Uᵀ·U */
function without(F: Panel, patterns: Panel): Float64Array {
  const [k, q] = [F.rows, patterns.rows];
  const parts = along(F, patterns);
  return F.data.map((x, p) => {
    let sum = x;
    for (let u = 0; u < q; u++) sum -= parts[u * k + (p % k)] * patterns.data[Math.floor(p / k) * q + u];
    return sum;
  });
}
