import { reading } from '../arguments/read.js';
import { hardLabels } from '../consensus/hard-labels.js';
import { checkOptions } from '../dsl/check-options.js';
import { assessOptions } from '../dsl/schemas.js';
import { show } from '../issues.js';
import type { Label } from '../labels.js';
import { toDense } from '../matrix.js';
import { isNumbers, type MatrixInput } from '../matrix-input.js';
import { inTurns } from '../runtime/turn.js';
import type { Steps } from '../steps.js';
import { batchMixingOf } from './batch-mixing.js';
import { adjustedRandIndex, normalizedMutualInformation } from './clusterings.js';
import { type LogisticOptions, logisticAccuracyOf } from './logistic.js';
import { type NeighbourOptions, nearestNeighbourAccuracyOf } from './nearest-neighbours.js';
import { readLabelled, readLabels } from './read.js';
import { silhouetteOf } from './silhouette.js';

export interface AssessOptions extends NeighbourOptions, LogisticOptions {
  /** The cluster of each sample, by any name, left out where it isn't known; default: its largest factor, argmax_r d_r·h_rj. */
  readonly clusters?: ArrayLike<Label> | undefined;
  /** Scales of the factors, k numbers ≥ 0, as a fit has them; default: all 1. They enter the default clusters alone. */
  readonly d?: ArrayLike<number> | undefined;
  /** What samples should not be told apart by, one for each; default: none, and `batchMixing` is null. */
  readonly batches?: ArrayLike<Label> | undefined;
  /** Cancels: `assess` rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined;
}

/** How well an embedding tells labels; each number is that of the function of its name. */
export interface Assessment {
  readonly adjustedRandIndex: number;
  readonly normalizedMutualInformation: number;
  readonly silhouette: number;
  readonly nearestNeighbourAccuracy: number;
  readonly logisticAccuracy: number;
  /** Null without `batches`. */
  readonly batchMixing: number | null;
}

/**
 * How well an embedding tells labels that it was not fitted to: a hard clustering of it beside them, how far apart they lie,
 * how often neighbours and a linear rule tell them, and how well batches are mixed. See `adjustedRandIndex`,
 * `normalizedMutualInformation`, `silhouette`, `nearestNeighbourAccuracy`, `logisticAccuracy`, `batchMixing` for the formulas.
 * Samples in which no factor is above 0 are a cluster of their own. It takes n² distances; the event loop turns meanwhile.
 *
 * @param H k × samples, finite numbers.
 * @param labels One for each sample; samples without one (null, undefined, NaN) are left out, of `batches` likewise.
 * @throws GraphError 'invalid-data' for an H, labels, clusters, batches or d that are none, don't fit, or are of fewer than two
 * classes (clusters may be one); 'non-finite', 'value-range', 'unknown-option', 'invalid-option'.
 * @example
 * const { parts } = await net.fit();
 * console.log(await assess(parts.H, cellTypes, { d: parts.d, batches }));
 */
export async function assess(
  H: MatrixInput,
  labels: ArrayLike<Label>,
  options: AssessOptions = {},
): Promise<Assessment> {
  checkOptions(assessOptions, options, 'assess');
  const { batches, neighbours, metric, signal } = options;
  const labelled = readLabelled('assess', H, labels);
  const clusters = clustersOf(H, options);
  const mixed = batches === undefined ? undefined : readLabelled('assess', H, batches, { name: 'batches' });
  const agreement = {
    adjustedRandIndex: adjustedRandIndex(labels, clusters),
    normalizedMutualInformation: normalizedMutualInformation(labels, clusters),
  };
  signal?.throwIfAborted();
  const measured = <T>(steps: Steps<T>) => inTurns(steps, signal);
  // First of all, for it may refuse the folds.
  const logistic = await measured(logisticAccuracyOf('assess', labelled, options));
  return Object.freeze({
    ...agreement,
    silhouette: await measured(silhouetteOf(labelled, { metric })),
    nearestNeighbourAccuracy: await measured(nearestNeighbourAccuracyOf(labelled, { neighbours, metric })),
    logisticAccuracy: logistic,
    batchMixing: mixed === undefined ? null : await measured(batchMixingOf(mixed, { neighbours, metric })),
  });
}

/** The clusters that are given, or those of the largest factors. */
function clustersOf(H: MatrixInput, { clusters, d }: AssessOptions): ArrayLike<Label> {
  const args = reading('assess');
  const found = args.read('H', H);
  const { rows = 0, cols = 0 } = found?.matrix ?? {};
  if (clusters !== undefined) readLabels(args, 'clusters', clusters, cols);
  const scales: ArrayLike<number> = d ?? new Float64Array(rows).fill(1);
  if (!isNumbers(scales) || scales.length !== rows || !Array.from(scales).every((x) => Number.isFinite(x) && x >= 0))
    args.refuse('d', `${rows} finite numbers, at least 0`, isNumbers(d) && d.length !== rows ? `${d.length}` : show(d));
  const { matrix } = args.done(found);
  return clusters ?? hardLabels(toDense(matrix), scales);
}
