import { type CscMatrix, column } from '../../../matrix.js';
import type { StepTerms } from '../../../objective.js';
import { dot, gram, listed, type Panel } from '../products.js';
import { type Bounds, type ColumnSolver, largestDiagonal, type Quadratic, quadratic } from '../quadratic.js';
import { hals } from './hals.js';

/** What a half-step over a matrix with held-out entries knows beside its products. */
export interface MaskedStep {
  readonly partner: Panel;
  /** The held-out entries: column j lists columns of the partner that say nothing about column j of the factor. */
  readonly held: CscMatrix;
  /** It lists instead what is seen, with weights. */
  readonly weighed: boolean;
  readonly termsOf: (column: number) => StepTerms;
  readonly bounds: Bounds;
}

/**
 * The quadratic of column j, its own Gram matrix included: G − Σ p_i·p_iᵀ over its held-out entries i, or where entries
 * have weights Σ ω_ij·p_i·p_iᵀ over those that are seen.
 */
export function ownQuadratics(step: MaskedStep): (j: number) => Quadratic {
  const { partner, held, termsOf, bounds } = step;
  const k = partner.rows;
  if (step.weighed)
    return (j) => {
      const own = new Float64Array(k * k);
      for (let q = held.indptr[j]; q < held.indptr[j + 1]; q++) {
        const p = column(partner, held.indices[q]);
        for (let r = 0; r < k; r++) for (let s = 0; s < k; s++) own[r * k + s] += held.values[q] * (p[r] * p[s]);
      }
      // What is dead is measured by the column itself: all of it may count little.
      return quadratic(own, termsOf(j), bounds);
    };
  const G = gram(partner);
  const largest = largestDiagonal(G, k);
  return (j) => {
    const own = G.slice();
    for (const i of listed(held, j)) {
      const p = column(partner, i);
      for (let r = 0; r < k; r++) for (let s = 0; s < k; s++) own[r * k + s] -= p[r] * p[s];
    }
    return quadratic(own, termsOf(j), bounds, largest);
  };
}

/** Coordinate sweeps on the quadratic that each column really has: k² flops per held-out entry. */
export function exact(step: MaskedStep, sweeps: number): ColumnSolver {
  const quadraticOf = ownQuadratics(step);
  return (x, b, j) => hals(quadraticOf(j), sweeps)(x, b, j);
}

/**
 * Coordinate sweeps on one quadratic for all columns, γ·G, with a slope that is right at x: held-out entries are filled
 * in by the model (Srebro & Jaakkola 2003). With γ = 1 that is expectation–maximisation: it lies above the true
 * quadratic, so J can't rise, and it is slow where much is held out. With γ the share of entries that are seen it is
 * right on average, much faster, and without that guarantee.
 */
export function em({ partner, held, termsOf, bounds }: MaskedStep, sweeps: number, gamma: number): ColumnSolver {
  const k = partner.rows;
  const G = gram(partner);
  const shrunk = G.map((x) => gamma * x);
  return (x, b, j) => {
    const slope = b.slice();
    for (const i of listed(held, j)) {
      const p = column(partner, i);
      const estimate = dot(p, x);
      for (let r = 0; r < k; r++) slope[r] += estimate * p[r];
    }
    for (let r = 0; r < k; r++) {
      let whole = 0;
      for (let s = 0; s < k; s++) whole += G[r * k + s] * x[s];
      slope[r] -= (1 - gamma) * whole;
    }
    return hals(quadratic(shrunk, termsOf(j), bounds), sweeps)(x, slope, j);
  };
}
