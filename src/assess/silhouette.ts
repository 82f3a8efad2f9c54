import { meanSilhouette } from '../consensus/silhouette.js';
import { checkOptions } from '../dsl/check-options.js';
import { silhouetteOptions } from '../dsl/schemas.js';
import type { Label } from '../labels.js';
import type { MatrixInput } from '../matrix-input.js';
import { finished, type Steps } from '../steps.js';
import { distances, type Metric } from './distances.js';
import { type Labelled, readLabelled } from './read.js';

export interface SilhouetteOptions {
  /** How far samples are apart: 'euclidean' (default), ‖x − y‖, or 'cosine', 1 − cos(x, y), 1 beside a sample of zeros. */
  readonly metric?: Metric | undefined;
}

/**
 * How much nearer samples are to their own class than to the next one: the mean over samples of
 *
 *   s_j = (b_j − a_j) / max(a_j, b_j),
 *
 * a_j the mean distance to the others of its class, b_j the least mean distance to those of another; in [−1, 1]. s_j is 0 for
 * a sample that is alone in its class, and where a_j = b_j = 0.
 *
 * @param H k × samples, finite numbers; n² distances are taken at once, where `assess` rests between them.
 * @param labels One for each sample; samples without one (null, undefined, NaN) are left out.
 * @throws GraphError 'invalid-data' for an H or labels that are none, don't fit, or are of fewer than two classes;
 * 'non-finite', 'value-range', 'unknown-option', 'invalid-option'.
 * @example
 * console.log(silhouette([[0, 1, 10, 11]], ['a', 'a', 'b', 'b'])); // 0.8997
 * @see Rousseeuw 1987.
 */
export function silhouette(H: MatrixInput, labels: ArrayLike<Label>, options: SilhouetteOptions = {}): number {
  checkOptions(silhouetteOptions, options, 'silhouette');
  return finished(silhouetteOf(readLabelled('silhouette', H, labels), options));
}

export const silhouetteOf = ({ H, of, sizes }: Labelled, { metric = 'euclidean' }: SilhouetteOptions): Steps<number> =>
  meanSilhouette(of, sizes, distances(H, metric));
