import { checkOptions } from '../dsl/check-options.js';
import type { NmfSpec } from '../dsl/config.js';
import { factorInput } from '../dsl/input.js';
import { nmfLayer } from '../dsl/layers.js';
import { rankOptions } from '../dsl/schemas.js';
import type { MatrixInput } from '../matrix-input.js';
import type { SweepOptions, SweepRunOptions } from './options.js';
import { crossValidateGraph, type SweepResult } from './sweep.js';

/** The ranks to try, and all that a sweep and its run take but what the graph is. */
export interface RankOptions<K extends readonly number[]>
  extends Omit<SweepOptions, 'params' | 'layerFn' | 'complexity'>,
    SweepRunOptions {
  /** Ranks to try, whole numbers ≥ 1. */
  readonly k: K;
  /** Options of the layer, as `nmfLayer` takes them; default: none. */
  readonly layer?: Omit<NmfSpec, 'name' | 'k'> | undefined;
}

/**
 * The rank of one matrix by cross-validation: `crossValidateGraph` for a single NMF layer on data (features × samples).
 *
 * @example
 * const { best, table } = await crossValidateRank(X, { k: [2, 3, 4, 5, 6], reps: 5 });
 * @throws GraphError for the options, the ranks and the data; SweepError where no rank can be fitted.
 */
export async function crossValidateRank<const K extends readonly number[]>(
  data: MatrixInput,
  options: RankOptions<K>,
): Promise<SweepResult<{ readonly k: K }>> {
  checkOptions(rankOptions, options, 'crossValidateRank');
  const { k, layer, ...sweep } = options;
  const input = factorInput(data, { name: 'data' });
  return crossValidateGraph<{ readonly k: K }>({
    ...sweep,
    params: { k },
    // A list of numbers has numbers in it, which the compiler can't tell of a list that isn't known yet.
    layerFn: (point) => nmfLayer(input, { ...layer, name: 'layer', k: point.k as number }),
  });
}
