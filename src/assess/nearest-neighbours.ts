import { checkOptions } from '../dsl/check-options.js';
import { neighbourOptions } from '../dsl/schemas.js';
import type { Label } from '../labels.js';
import type { MatrixInput } from '../matrix-input.js';
import { finished, type Steps } from '../steps.js';
import { type Metric, nearest } from './distances.js';
import { type Labelled, readLabelled } from './read.js';

export interface NeighbourOptions {
  /** Neighbours that are asked, a whole number ≥ 1; where there are fewer other samples, all of them. Default 5, for `batchMixing` 30. */
  readonly neighbours?: number | undefined;
  /** How far samples are apart: 'euclidean' (default), ‖x − y‖, or 'cosine', 1 − cos(x, y), 1 beside a sample of zeros. */
  readonly metric?: Metric | undefined;
}

/**
 * How often the nearest neighbours of a sample, itself left out, tell its class: the share of samples whose label is that of
 * most of them; where several classes have as many, of that whose nearest is nearest. In [0, 1].
 *
 * @param H k × samples, finite numbers; n² distances are taken at once, where `assess` rests between them.
 * @param labels One for each sample; samples without one (null, undefined, NaN) are left out.
 * @throws GraphError 'invalid-data' for an H or labels that are none, don't fit, or are of fewer than two classes;
 * 'non-finite', 'value-range', 'unknown-option', 'invalid-option'.
 * @example
 * console.log(nearestNeighbourAccuracy([[0, 1, 10, 11]], ['a', 'a', 'b', 'b'], { neighbours: 1 })); // 1
 * @see Fix & Hodges 1951; Cover & Hart 1967.
 */
export function nearestNeighbourAccuracy(
  H: MatrixInput,
  labels: ArrayLike<Label>,
  options: NeighbourOptions = {},
): number {
  checkOptions(neighbourOptions, options, 'nearestNeighbourAccuracy');
  return finished(nearestNeighbourAccuracyOf(readLabelled('nearestNeighbourAccuracy', H, labels), options));
}

export function* nearestNeighbourAccuracyOf(
  { H, of, count }: Labelled,
  { neighbours = 5, metric = 'euclidean' }: NeighbourOptions,
): Steps<number> {
  let [right, j] = [0, 0];
  for (const near of nearest(H, metric, neighbours)) {
    if (voted(near, of, count) === of[j++]) right++;
    yield;
  }
  return right / H.cols;
}

/** The class that most have; of equals the one that comes first, as the nearest do. */
function voted(near: readonly number[], of: Int32Array, count: number): number {
  const votes = new Uint32Array(count);
  for (const sample of near) votes[of[sample]]++;
  const most = votes.reduce((a, b) => Math.max(a, b), 0);
  const first = near.find((sample) => votes[of[sample]] === most);
  return first === undefined ? -1 : of[first];
}
