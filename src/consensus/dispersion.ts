import type { DenseMatrix } from '../matrix.js';

/**
 * How near the entries of a consensus are to 0 or 1: ρ = Σ_ij 4·(C_ij − ½)² / n², from 0 (all ½) to 1 (every clustering is the
 * same; so always for one cluster). (Kim & Park 2007.)
 *
 * @param C n × n, as `consensus` makes it
 */
export function dispersion({ rows, cols, data }: DenseMatrix): number {
  let sum = 0;
  for (let p = 0; p < data.length; p++) sum += 4 * (data[p] - 0.5) ** 2;
  return sum / (rows * cols);
}
