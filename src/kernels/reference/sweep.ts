import type { StepTerms } from '../../objective.js';
import type { Panel } from './products.js';

/** Coordinates whose curvature is below this fraction of the largest are left alone: their factor is dead. */
export const DEAD = 1e-14;

/** The step that coordinate r of a column can still take: its minimiser minus its value. */
function step(x: number, gradient: number, curvature: number, linear: number, nonneg: boolean): number {
  const free = curvature * x - gradient;
  if (nonneg) return Math.max(0, (free - linear) / curvature) - x;
  const shrunk = Math.sign(free) * Math.max(0, Math.abs(free) - linear);
  return shrunk / curvature - x;
}

/** The k curvatures of a column, 0 where a coordinate is to be left alone. */
function curvatures(k: number, G: Float64Array, terms: StepTerms): Float64Array {
  const out = new Float64Array(k);
  let largest = 0;
  for (let r = 0; r < k; r++) largest = Math.max(largest, G[r * k + r]);
  for (let r = 0; r < k; r++) {
    const c = G[r * k + r] + terms.ridge[r];
    if (G[r * k + r] > DEAD * largest && Number.isFinite(c)) out[r] = c;
  }
  return out;
}

function gradient(F: Panel, B: Panel, G: Float64Array, terms: StepTerms, j: number, r: number): number {
  const k = F.rows;
  let g = -B.data[j * k + r];
  for (let s = 0; s < k; s++) g += G[r * k + s] * F.data[j * k + s];
  return g + terms.ridge[r] * F.data[j * k + r];
}

/**
 * Cyclic coordinate descent on ½·xᵀ(G + ridge)x − bᵀx + linear·|x| for every column x of F, b of B; in place.
 * Each step is the exact minimiser in its coordinate, so no step raises the objective
 * (HALS: Cichocki & Phan 2009, eq. 24; several sweeps per product: Gillis & Glineur 2012, section 4).
 */
export function sweepColumns(
  F: Panel,
  B: Panel,
  G: Float64Array,
  terms: StepTerms,
  nonneg: boolean,
  sweeps: number,
): void {
  const k = F.rows;
  const curvature = curvatures(k, G, terms);
  for (let j = 0; j < F.cols; j++) {
    for (let sweep = 0; sweep < sweeps; sweep++) {
      for (let r = 0; r < k; r++) {
        if (curvature[r] === 0) continue;
        const g = gradient(F, B, G, terms, j, r);
        F.data[j * k + r] += step(F.data[j * k + r], g, curvature[r], terms.linear[r], nonneg);
      }
    }
  }
}

/** The largest step any coordinate can still take, as a fraction of the largest entry of its factor. */
export function largestStep(F: Panel, B: Panel, G: Float64Array, terms: StepTerms, nonneg: boolean): number {
  const k = F.rows;
  const curvature = curvatures(k, G, terms);
  let largest = 0;
  for (let r = 0; r < k; r++) {
    if (curvature[r] === 0) continue;
    let open = 0;
    let scale = 0;
    for (let j = 0; j < F.cols; j++) {
      const x = F.data[j * k + r];
      scale = Math.max(scale, Math.abs(x));
      open = Math.max(open, Math.abs(step(x, gradient(F, B, G, terms, j, r), curvature[r], terms.linear[r], nonneg)));
    }
    if (open > 0) largest = Math.max(largest, scale > 0 ? open / scale : 1);
  }
  return largest;
}
