import type { DenseMatrix } from '../matrix.js';
import type { MatrixInput } from '../matrix-input.js';
import type { LayerFit, ProjectOptions } from '../runtime/fit.js';
import { graphOf } from './one-layer.js';

/**
 * The embeddings of new samples: H (k × new samples) of what `nmf`, `svd` or `pca` has fitted, with W and penalties as they are.
 *
 * Data are features × new samples, in the order of the fit's features; entries may be missing, but not all of a sample.
 *
 * @throws GraphError 'invalid-option' for what does not come from a plain function, and as `GraphFit.project`.
 * @example
 * const fit = await nmf([[1, 0, 2], [0, 3, 1]], { k: 2, seed: 1 });
 * const H = await project(fit, [[2], [1]]);
 * console.log(H.rows, H.cols); // 2 1
 */
export async function project(
  fit: LayerFit,
  data: MatrixInput,
  options: Omit<ProjectOptions, 'conditions'> = {},
): Promise<DenseMatrix> {
  const graph = graphOf(fit, 'project');
  const found: Readonly<Record<string, DenseMatrix | undefined>> = await graph.fit.project({ data }, options);
  // The layer reads the one input, which is given.
  return found[graph.layer] as DenseMatrix;
}
