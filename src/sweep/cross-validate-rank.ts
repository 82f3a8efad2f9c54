import { checkOptions } from '../dsl/check-options.js';
import type { NmfSpec, SvdSpec } from '../dsl/config.js';
import { factorInput } from '../dsl/input.js';
import { nmfLayer, svdLayer } from '../dsl/layers.js';
import { rankOptions } from '../dsl/schemas.js';
import type { MatrixInput } from '../matrix-input.js';
import type { SweepOptions, SweepRunOptions } from './options.js';
import { crossValidateGraph, type SweepResult } from './sweep.js';

/** What is factored, and how: by `nmfLayer` (default) or `svdLayer`, and its options. */
type RankedLayer =
  | { readonly method?: 'nmf' | undefined; readonly layer?: Omit<NmfSpec, 'name' | 'k'> | undefined }
  | { readonly method: 'svd'; readonly layer?: Omit<SvdSpec, 'name' | 'k'> | undefined };

/** A sweep over ranks. */
export interface RankSweep<K extends readonly number[]>
  extends Omit<SweepOptions, 'params' | 'layerFn' | 'complexity'>,
    SweepRunOptions {
  /** Ranks to try, whole numbers ≥ 1. */
  readonly k: K;
}

/** The ranks to try, the layer that has them, and all that a sweep and its run take but what the graph is. */
export type RankOptions<K extends readonly number[]> = RankSweep<K> & RankedLayer;

/**
 * The rank of one matrix by cross-validation: `crossValidateGraph` for a single NMF or SVD layer on data (features × samples).
 *
 * @example
 * const { best, table } = await crossValidateRank(X, { k: [2, 3, 4, 5, 6], reps: 5 });
 * const pca = await crossValidateRank(X, { k: [2, 3, 4, 5, 6], method: 'svd', layer: { center: true } });
 * @throws GraphError for the options, the ranks and the data; SweepError where no rank can be fitted.
 */
export async function crossValidateRank<const K extends readonly number[]>(
  data: MatrixInput,
  options: RankOptions<K>,
): Promise<SweepResult<{ readonly k: K }>> {
  checkOptions(rankOptions, options, 'crossValidateRank');
  const { k, method = 'nmf', layer, ...sweep } = options;
  const input = factorInput(data, { name: 'data' });
  return crossValidateGraph<{ readonly k: K }>({
    ...sweep,
    params: { k },
    layerFn: (point) => {
      // A list of numbers has numbers in it, which the compiler can't tell of a list that isn't known yet.
      const own = { ...layer, name: 'layer', k: point.k as number };
      // What `method` says `layer` is, the two being one option of two kinds.
      return method === 'svd' ? svdLayer(input, own as SvdSpec) : nmfLayer(input, own as NmfSpec);
    },
  });
}
