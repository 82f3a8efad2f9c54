import { digits, displays, type Look } from '../display.js';
import { plural } from '../plural.js';
import type { ConsensusNmf } from './consensus-nmf.js';

/** How far the fits agree, and how large the clusters are that come of them. */
function consensusLook({ fits, labels, consensus, cophenetic, dispersion, stability, best, seed }: ConsensusNmf): Look {
  const sizes = new Map<number, number>();
  for (const label of labels) sizes.set(label, (sizes.get(label) ?? 0) + 1);
  const clusters = [...sizes].sort(([a], [b]) => a - b);
  return {
    title: `Consensus of ${plural(fits.length, 'fit')}: ${plural(consensus.rows, 'sample')} in ${plural(sizes.size, 'cluster')}`,
    body: [
      {
        head: ['cophenetic', 'dispersion', 'stability', 'least loss'],
        lines: [
          [cophenetic === null ? '' : digits(cophenetic), digits(dispersion), digits(stability), digits(best.loss)],
        ],
      },
      { head: ['cluster', 'samples'], lines: clusters.map(([label, size]) => [String(label), String(size)]) },
      `seeds ${seed} to ${seed + fits.length - 1}`,
    ],
  };
}

/** Gives a consensus its look. */
export const consensusDisplayed = displays(consensusLook);
