import { checkOptions } from '../dsl/check-options.js';
import { neighbourOptions } from '../dsl/schemas.js';
import type { Label } from '../labels.js';
import type { MatrixInput } from '../matrix-input.js';
import { finished, type Steps } from '../steps.js';
import { nearest } from './distances.js';
import type { NeighbourOptions } from './nearest-neighbours.js';
import { type Labelled, readLabelled } from './read.js';

/**
 * How well batches are mixed: the entropy of batches among the nearest neighbours of a sample, itself left out, as a share of
 * that among all samples, on average,
 *
 *   mixing = mean_j E(p_j) / E(q),   E(p) = −Σ_b p_b · ln p_b,
 *
 * p_jb the share of batch b among the neighbours of sample j, q_b among all; at most 1. 0: every sample is among its own batch;
 * near 1: neighbourhoods are as mixed as the whole (a little below, as few neighbours vary).
 *
 * @param H k × samples, finite numbers; n² distances are taken at once, where `assess` rests between them.
 * @param batches One for each sample; samples without one (null, undefined, NaN) are left out.
 * @param options `neighbours`, default 30, and `metric`, default 'euclidean'.
 * @throws GraphError 'invalid-data' for an H or batches that are none, don't fit, or are fewer than two; 'non-finite',
 * 'value-range', 'unknown-option', 'invalid-option'.
 * @example
 * console.log(batchMixing([[0, 1, 10, 11]], ['a', 'a', 'b', 'b'], { neighbours: 1 })); // 0
 * @see Haghverdi, Lun, Morgan & Marioni 2018, who take it over regions; here over all samples, and as a share.
 */
export function batchMixing(H: MatrixInput, batches: ArrayLike<Label>, options: NeighbourOptions = {}): number {
  checkOptions(neighbourOptions, options, 'batchMixing');
  return finished(batchMixingOf(readLabelled('batchMixing', H, batches, { name: 'batches' }), options));
}

export function* batchMixingOf(
  { H, of, count, sizes }: Labelled,
  { neighbours = 30, metric = 'euclidean' }: NeighbourOptions,
): Steps<number> {
  let sum = 0;
  for (const near of nearest(H, metric, neighbours)) {
    const counts = new Array<number>(count).fill(0);
    for (const sample of near) counts[of[sample]]++;
    sum += entropy(counts);
    yield;
  }
  return Math.min(1, sum / H.cols / entropy(sizes));
}

/** Of the shares that counts are of their sum. */
function entropy(counts: readonly number[]): number {
  const all = counts.reduce((a, b) => a + b, 0);
  return counts.reduce((sum, x) => (x === 0 ? sum : sum - (x / all) * Math.log(x / all)), 0);
}
