import type { DenseMatrix } from '../index.js';

/**
 * A matrix with factors along one side, which get names where the lines along the other have some: a table with names on one side only
 * is read amiss elsewhere, where its first line is taken for names.
 */
export function withFactorNames(matrix: DenseMatrix): DenseMatrix {
  const { rows, cols, rowNames, colNames } = matrix;
  if (rowNames !== undefined && colNames === undefined) return { ...matrix, colNames: factorNames(cols) };
  if (colNames !== undefined && rowNames === undefined) return { ...matrix, rowNames: factorNames(rows) };
  return matrix;
}

/** As pictures call factors. */
export const factorNames = (k: number): readonly string[] => Array.from({ length: k }, (_, r) => `factor ${r}`);
