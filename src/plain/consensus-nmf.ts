import { averageLinkageSteps, type Merge } from '../consensus/average-linkage.js';
import { cutTree, leafOrder } from '../consensus/clusters.js';
import { consensusSteps } from '../consensus/consensus.js';
import { copheneticSteps } from '../consensus/cophenetic-correlation.js';
import { dispersion } from '../consensus/dispersion.js';
import { hardLabels } from '../consensus/hard-labels.js';
import { sharedNeighbours } from '../consensus/neighbours.js';
import { stability } from '../consensus/stability.js';
import { checkOptions } from '../dsl/check-options.js';
import { consensusOptions } from '../dsl/schemas.js';
import { GraphError } from '../errors.js';
import { type DenseMatrix, dense, named, scaleColumns } from '../matrix.js';
import { type MatrixInput, toMatrix } from '../matrix-input.js';
import type { LayerFit } from '../runtime/fit.js';
import { inTurns, turn } from '../runtime/turn.js';
import type { Steps } from '../steps.js';
import { consensusDisplayed } from './look.js';
import { nmf, type PlainNmfOptions } from './nmf.js';

/** Samples that are compared at most: a consensus of so many has 200 MB. */
const MOST_SAMPLES = 5000;

export interface ConsensusOptions extends Omit<PlainNmfOptions, 'checkpoint' | 'onProgress' | 'start' | 'restarts'> {
  /** Run r begins from seed + r, a whole number ≥ 0; default 0. */
  readonly seed?: number | undefined;
  /** Fits, each from a random start of its own, a whole number ≥ 2; default 20. */
  readonly runs?: number | undefined;
  /**
   * When two samples are alike in a fit. 'hard' (default): they have most of the same factor (Brunet et al. 2004). 'knn': as much as
   * they share of their nearest neighbours, |N_i ∩ N_j| / |N_i ∪ N_j|.
   */
  readonly method?: 'hard' | 'knn' | undefined;
  /** Neighbours of 'knn', a whole number from 1 to samples − 1; default 10, or as many as there are. */
  readonly neighbours?: number | undefined;
  /** Told after each fit. */
  readonly onProgress?:
    | ((progress: { readonly run: number; readonly runs: number; readonly loss: number }) => void)
    | undefined;
}

export interface ConsensusNmf {
  /** C, samples × samples: how alike two samples are, on average over the fits; from 0 to 1. */
  readonly consensus: DenseMatrix;
  /** Average linkage of the distances 1 − C: samples − 1 merges, lowest first; clusters 0 … n − 1 are the samples. */
  readonly tree: readonly Merge[];
  /** The samples in the order of the tree. */
  readonly order: readonly number[];
  /** The tree cut into k clusters: a label from 0 for each sample. */
  readonly labels: Int32Array;
  /** Correlation of 1 − C with the heights at which samples meet in the tree, at most 1; null where there is nothing to correlate. */
  readonly cophenetic: number | null;
  /** Σ 4·(C_ij − ½)² / n², from 0 to 1 (Kim & Park 2007). */
  readonly dispersion: number;
  /** Mean cosine of matched factors over all pairs of fits, from 0 to 1. */
  readonly stability: number;
  /** The fits, in the order of their seeds. */
  readonly fits: readonly LayerFit[];
  /** The fit of least objective. */
  readonly best: LayerFit;
  /** Run r has seed + r. */
  readonly seed: number;
}

/**
 * Consensus clustering of samples: `runs` factorizations from random starts, C_ij the share of them in which samples i and j
 * are alike, and the tree of average linkage on 1 − C (Monti et al. 2003; Brunet et al. 2004).
 *
 * X is features × samples. A rank that the data have gives the same clusters again and again: C of zeros and ones, and a
 * cophenetic correlation near 1.
 *
 * @throws GraphError for options and data; for more than 5,000 samples, of which every two are compared. As `nmf`.
 * @example
 * const { labels, cophenetic, order } = await consensusNmf([[9, 8, 0, 1], [8, 9, 1, 0], [0, 1, 7, 9]], { k: 2, seed: 1 });
 * console.log([...labels], cophenetic); // [ 0, 0, 1, 1 ] 1
 */
export async function consensusNmf(data: MatrixInput, options: ConsensusOptions): Promise<ConsensusNmf> {
  checkOptions(consensusOptions, options, 'consensusNmf');
  const { runs = 20, method = 'hard', neighbours, onProgress, seed = 0, ...own } = options;
  const given = toMatrix(data, own.orientation === 'samples-by-features');
  // What can't be read the first fit refuses.
  if (given.kind !== 'unusable') checkSize(given.cols, method === 'knn' ? neighbours : undefined);
  const work = <T>(steps: Steps<T>) => inTurns(steps, own.signal);
  const fits: LayerFit[] = [];
  let together: DenseMatrix | undefined;
  for (let run = 0; run < runs; run++) {
    const fit = await nmf(data, { ...own, seed: seed + run });
    const n = fit.H.cols;
    fits.push(fit);
    if (method === 'knn')
      together = added(together, await work(sharedNeighbours(fit.H, fit.d, Math.min(neighbours ?? 10, n - 1))), runs);
    onProgress?.({ run: run + 1, runs, loss: fit.loss });
    // Others have their turn between fits.
    await turn();
    own.signal?.throwIfAborted();
  }
  const C = together ?? (await work(consensusSteps(fits.map(({ H, d }) => hardLabels(H, d)))));
  const n = C.rows;
  const D = dense(n, n, C.data.map((share) => 1 - share)); // biome-ignore format: one thought
  const tree = await work(averageLinkageSteps(D));
  const names = fits[0].H.colNames;
  const made = {
    consensus: names === undefined ? C : named(C, { rowNames: names, colNames: names }),
    tree,
    order: leafOrder(n, tree),
    labels: cutTree(n, tree, Math.min(options.k, n)),
    cophenetic: await work(copheneticSteps(D, tree)),
    dispersion: Math.min(1, dispersion(C)),
    stability: Math.min(1, stability(fits.map(({ W, d }) => scaleColumns(W, d)))),
    fits: Object.freeze(fits),
    best: fits.reduce((best, fit) => (fit.objective < best.objective ? fit : best)),
    seed,
  };
  return Object.freeze(consensusDisplayed(made));
}

/** A share of a matrix added to a sum of such. */
function added(sum: DenseMatrix | undefined, matrix: DenseMatrix, of: number): DenseMatrix {
  const out = sum ?? dense(matrix.rows, matrix.cols);
  for (let p = 0; p < out.data.length; p++) out.data[p] += matrix.data[p] / of;
  return out;
}

function checkSize(samples: number, neighbours: number | undefined): void {
  const refuse = (option: string, rule: string, got: number): never => {
    throw new GraphError([{ code: 'invalid-option', of: 'consensusNmf', option, rule, got, at: 'consensusNmf' }]);
  };
  if (samples > MOST_SAMPLES)
    refuse('data', `of ${MOST_SAMPLES} samples at most, which are all compared with each other`, samples);
  if (samples < 2) refuse('data', 'of two samples at least', samples);
  if (neighbours !== undefined && neighbours >= samples)
    refuse('neighbours', `a whole number from 1 to ${samples - 1}, one less than samples`, neighbours);
}
