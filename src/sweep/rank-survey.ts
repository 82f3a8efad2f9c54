import { averageLinkage } from '../consensus/average-linkage.js';
import { cutTree } from '../consensus/clusters.js';
import { meanSilhouette } from '../consensus/silhouette.js';
import { displays, fiveDigits, type Table } from '../display.js';
import { checkOptions } from '../dsl/check-options.js';
import type { NmfSpec } from '../dsl/config.js';
import { surveyOptions } from '../dsl/schemas.js';
import { type DenseMatrix, dense } from '../matrix.js';
import type { MatrixInput } from '../matrix-input.js';
import { plural } from '../plural.js';
import { finished } from '../steps.js';
import { textTable } from '../text-table.js';
import { crossValidateRank, type RankSweep } from './cross-validate-rank.js';
import type { RankDiagnostics } from './diagnose.js';
import type { SweepResult } from './sweep.js';

/** The ranks to look at, and all that `crossValidateRank` takes beside for an NMF layer. */
export interface RankSurveyOptions<K extends readonly number[]>
  extends Omit<RankSweep<K>, 'diagnostics' | 'earlyStopping' | 'holdOut' | 'strategy' | 'points' | 'eta' | 'minIter'> {
  /** Options of the layer, but for name and k. */
  readonly layer?: Omit<NmfSpec, 'name' | 'k'> | undefined;
}

/** What is found of a rank, over fits from starts of their own, each without some of the entries. */
export interface SurveyedRank extends RankDiagnostics {
  readonly k: number;
  /** Mean squared error of held-out entries, the mean over fits. */
  readonly testLoss: number;
  /** Standard error of that mean. */
  readonly se: number | null;
  /** Mean squared error of what was fitted, the mean over fits. */
  readonly trainLoss: number;
  /**
   * Mean silhouette of the samples in k clusters of the consensus, by the distances 1 − C, from −1 to 1 (Rousseeuw 1987); null
   * for one cluster.
   */
  readonly silhouette: number | null;
}

export interface RankSurvey<K extends readonly number[] = readonly number[]> {
  /** Rank by rank, in rising order; those that can't be fitted are in `sweep`. */
  readonly ranks: readonly SurveyedRank[];
  /** The rank of lowest held-out error. */
  readonly best: number;
  /** The lowest rank that is no worse than `best` by more than one standard error of their paired difference. */
  readonly simplest: number;
  /** The sweep that it was made by. */
  readonly sweep: SweepResult<{ readonly k: K }>;
  /** `ranks` as text. */
  table(): string;
}

/**
 * What speaks for each rank of an NMF of one matrix: the error of held-out entries, and how far fits agree: cophenetic correlation
 * and dispersion of the consensus of their clusters (Brunet et al. 2004; Kim & Park 2007), its silhouette, and the stability of
 * factors. Held-out error decides; the others are to be looked at beside it: they fall where a rank has more factors than the
 * data, and are high for ranks below.
 *
 * @param options `k`, the ranks; `reps`, fits of each, at least 2, default 5; and as `crossValidateRank`.
 * @throws as `crossValidateRank`.
 * @example
 * const { best, table } = await rankSurvey(X, { k: [2, 3, 4, 5, 6] });
 * console.log(table());
 */
export async function rankSurvey<const K extends readonly number[]>(
  data: MatrixInput,
  options: RankSurveyOptions<K>,
): Promise<RankSurvey<K>> {
  checkOptions(surveyOptions, options, 'rankSurvey');
  const { layer, reps = 5, ...rest } = options;
  const sweep = await crossValidateRank<K>(data, {
    ...(rest as RankSweep<K>), // what is left of the options is the sweep's
    ...{ reps, diagnostics: true, method: 'nmf', layer },
  });
  const ranks: SurveyedRank[] = [];
  for (const { params, testLoss, se, trainLoss, diagnostics } of sweep.points) {
    const k = params.k as number; // the list of ranks is one of numbers
    const own = diagnostics?.layer;
    if (own === undefined) continue;
    const silhouette = k > 1 ? silhouetteOf(await sweep.consensus(params, 'layer'), k) : null;
    ranks.push(Object.freeze({ k, testLoss, se, trainLoss, ...own, silhouette }));
  }
  ranks.sort((a, b) => a.k - b.k);
  const [best, simplest] = [sweep.best.k as number, sweep.simplest.k as number]; // as above
  const table = ranksTable(ranks, best, simplest);
  const title = `Survey of ${plural(ranks.length, 'rank')}: best ${best}, simplest ${simplest}`;
  const displayed = displays(() => ({ title, body: [table] }));
  return Object.freeze(
    displayed({
      ranks: Object.freeze(ranks),
      best,
      simplest,
      sweep,
      table: () => textTable(table.head, table.lines),
    }),
  );
}

/** Of k clusters of the consensus; null where it is one. */
function silhouetteOf({ rows: n, data: C }: DenseMatrix, k: number): number | null {
  if (n < 2) return null;
  const D = dense(n, n, C.map((share) => 1 - share)); // biome-ignore format: one thought
  const labels = cutTree(n, averageLinkage(D), Math.min(k, n));
  const sizes = new Float64Array(labels.reduce((most, label) => Math.max(most, label), 0) + 1);
  for (const label of labels) sizes[label]++;
  return finished(meanSilhouette(labels, sizes, (i, j) => D.data[i + j * n]));
}

function ranksTable(ranks: readonly SurveyedRank[], best: number, simplest: number): Table {
  const digits = (x: number | null) => (x === null ? '' : fiveDigits(x));
  const share = (x: number | null) => (x === null ? '' : x.toFixed(4));
  const head = ['k', 'test loss', '± se', 'train loss', 'cophenetic', 'dispersion', 'silhouette', 'stability', ''];
  const lines = ranks.map(({ k, testLoss, se, trainLoss, cophenetic, dispersion, silhouette, stability }) => [
    ...[String(k), digits(testLoss), digits(se), digits(trainLoss)],
    ...[share(cophenetic), share(dispersion), share(silhouette), share(stability)],
    [k === best ? 'best' : '', k === simplest ? 'simplest' : ''].filter((word) => word !== '').join(', '),
  ]);
  return { head, lines, words: [head.length - 1] };
}
