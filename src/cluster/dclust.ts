import { digits, displays } from '../display.js';
import { checkOptions } from '../dsl/check-options.js';
import { dclustOptions } from '../dsl/schemas.js';
import type { Matrix } from '../matrix.js';
import type { MatrixInput } from '../matrix-input.js';
import { plural } from '../plural.js';
import { readSamples } from './read.js';
import { type SplitOptions, samplesAt, split } from './split.js';

export interface DclustOptions extends SplitOptions {
  /** Samples that a cluster must have, a whole number ≥ 1: a split that would leave fewer on a side isn't made. */
  readonly minSamples: number;
  /** The separation that a split must have, as of `bipartition`; default 0. */
  readonly minSeparation?: number | undefined;
  /** Clusters at most, a whole number ≥ 1: the largest are split first; default: as many as there come to be. */
  readonly maxClusters?: number | undefined;
  /** Told after every split that was tried. */
  readonly onProgress?: ((progress: DclustProgress) => void) | undefined;
}

export interface DclustProgress {
  /** Of the cluster that was tried, '' of all samples. */
  readonly path: string;
  readonly samples: number;
  readonly separation: number;
  /** Whether the split was made. */
  readonly split: boolean;
  /** Clusters that there are. */
  readonly clusters: number;
}

/** A cluster, or what two were split from. */
export interface ClusterNode {
  /** The way from all samples (''), as '0' for first and '1' for second parts. */
  readonly path: string;
  /** Places of its samples in X, ascending. */
  readonly samples: readonly number[];
  /** Of the split that was tried; null where none was, for want of samples or since there were clusters enough. */
  readonly separation: number | null;
  /** What it was split into; null for a cluster. */
  readonly parts: readonly [ClusterNode, ClusterNode] | null;
}

export interface Dclust {
  /** The cluster of each sample: a place in `clusters`. */
  readonly labels: readonly number[];
  /** The leaves of the tree, first parts before second ones. */
  readonly clusters: readonly ClusterNode[];
  readonly tree: ClusterNode;
}

/**
 * Divisive clustering: splits samples in two by `bipartition`, and each part again, the largest first, as long as both sides
 * have `minSamples` and the split has `minSeparation`. Every fit begins at the same seed, so one seed gives the same tree.
 *
 * @param X m × n, ≥ 0, without missing entries, dense or sparse.
 * @throws GraphError 'invalid-data' for data that are no matrix, negative, or with missing entries; 'non-finite',
 * 'value-range', 'unknown-option', 'invalid-option'.
 * @throws What `fit()` throws; cancelled, it rejects with `signal.reason`.
 * @example
 * const { labels, clusters } = await dclust(X, { minSamples: 10, minSeparation: 0.1, seed: 1 });
 * console.log(clusters.map(({ path, samples }) => `${path}: ${samples.length}`));
 * @see Kuang & Park 2013.
 */
export async function dclust(X: MatrixInput, options: DclustOptions): Promise<Dclust> {
  checkOptions(dclustOptions, options, 'dclust');
  const matrix = readSamples('dclust', X, 1);
  const { signal, onProgress, maxClusters = Infinity } = options;
  const root = leaf(
    '',
    Array.from({ length: matrix.cols }, (_, j) => j),
  );
  const open: Growing[] = [root];
  let clusters = 1;
  while (clusters < maxClusters) {
    const next = largest(open, options.minSamples);
    if (next === undefined) break;
    signal?.throwIfAborted();
    open.splice(open.indexOf(next), 1);
    const { separation, parts } = await tried(matrix, next, options);
    next.separation = separation;
    next.parts = parts;
    if (parts !== null) {
      clusters++;
      open.push(...parts);
    }
    onProgress?.({ path: next.path, samples: next.samples.length, separation, split: parts !== null, clusters });
  }
  return resultOf(root, matrix.cols);
}

/** Gives a tree its look: its clusters and what they hold. */
const displayed = displays(({ labels, clusters }: Dclust) => ({
  title: `Tree of ${plural(clusters.length, 'cluster')} of ${plural(labels.length, 'sample')}`,
  body: [
    {
      head: ['cluster', 'path', 'samples', 'separation'],
      lines: clusters.map(({ path, samples, separation }, place) => [
        ...[String(place), path, String(samples.length), separation === null ? '' : digits(separation)],
      ]),
      words: [1],
    },
  ],
}));

/** A node of the tree while it grows. */
interface Growing {
  readonly path: string;
  readonly samples: readonly number[];
  separation: number | null;
  parts: readonly [Growing, Growing] | null;
}

const leaf = (path: string, samples: readonly number[]): Growing => ({ path, samples, separation: null, parts: null });

/** The one with the most samples, of equals the first; undefined where none has enough for two. */
function largest(open: readonly Growing[], minSamples: number): Growing | undefined {
  const enough = open.filter(({ samples }) => samples.length >= Math.max(2, 2 * minSamples));
  return enough.reduce<Growing | undefined>(
    (most, node) => (most === undefined || node.samples.length > most.samples.length ? node : most),
    undefined,
  );
}

async function tried(matrix: Matrix, { path, samples }: Growing, options: DclustOptions) {
  const { minSamples, minSeparation = 0 } = options;
  const { parts, separation } = await split(samplesAt(matrix, samples), options);
  const good = separation >= minSeparation && parts.every((part) => part.length >= minSamples);
  const child = (side: 0 | 1) => leaf(`${path}${side}`, parts[side].map((j) => samples[j])); // biome-ignore format: one thought
  return { separation, parts: good ? ([child(0), child(1)] as const) : null };
}

/** Put together without recursion: a tree may be as deep as there are samples. */
function resultOf(root: Growing, samples: number): Dclust {
  const order: Growing[] = [];
  const waiting = [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    order.push(node);
    if (node.parts !== null) waiting.push(node.parts[1], node.parts[0]);
  }
  const made = new Map<Growing, ClusterNode>();
  for (const node of order.toReversed()) {
    const { path, samples: own, separation } = node;
    const [first, second] = (node.parts ?? []).map((part) => made.get(part));
    const parts = first === undefined || second === undefined ? null : Object.freeze([first, second] as const);
    made.set(node, Object.freeze({ path, samples: Object.freeze(own), separation, parts }));
  }
  const nodes = order.flatMap((node) => made.get(node) ?? []);
  const clusters = nodes.filter(({ parts }) => parts === null);
  const labels = new Array<number>(samples).fill(0);
  for (const [place, { samples: own }] of clusters.entries()) for (const j of own) labels[j] = place;
  const result = { labels: Object.freeze(labels), clusters: Object.freeze(clusters), tree: nodes[0] };
  return Object.freeze(displayed(result));
}
