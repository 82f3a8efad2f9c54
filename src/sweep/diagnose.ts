import type { Plan } from '../compiler/plan.js';
import { averageLinkage } from '../consensus/average-linkage.js';
import { consensus } from '../consensus/consensus.js';
import { copheneticCorrelation } from '../consensus/cophenetic-correlation.js';
import { dispersion } from '../consensus/dispersion.js';
import { hardLabels } from '../consensus/hard-labels.js';
import { stability } from '../consensus/stability.js';
import { GraphError } from '../errors.js';
import type { Kept } from '../io/kept-file.js';
import type { DiagnosisManifest } from '../io/manifest.js';
import type { Tensor } from '../io/safetensors.js';
import type { GraphIssue } from '../issues.js';
import { type DenseMatrix, dense, named, scaleColumns } from '../matrix.js';
import { namesIn } from '../runtime/named.js';
import type { LayerResult } from '../runtime/state.js';

/**
 * How far the fits of a point, one for each mask and start, agree on an NMF layer. A rank that the data have comes out alike
 * again and again; look for where all three are high before they fall.
 */
export interface RankDiagnostics {
  /**
   * How well a tree (average linkage) keeps the distances 1 − C of samples, for the consensus C of their clusters, the factor
   * each has most of (Brunet et al. 2004); at most 1: samples are in the same cluster always or never. Null where all are
   * equal, as for one factor: then there is nothing to correlate.
   */
  readonly cophenetic: number | null;
  /** Σ_ij 4·(C_ij − ½)² / n², from 0 to 1 (Kim & Park 2007); 1 for one factor. */
  readonly dispersion: number;
  /**
   * Mean over pairs of fits of the mean cosine of the columns of W, matched so that cosines add up to most; from 0 to 1, a
   * factor of zeros counting 0. The rows of all modalities and conditions count as they are in W.
   */
  readonly stability: number;
}

/** By the name of each NMF layer. */
export type Diagnostics = { readonly [layer: string]: RankDiagnostics };

/** Samples that are compared at most: a consensus of so many has 200 MB. */
export const MOST_SAMPLES = 5000;

const AT = 'crossValidateGraph';

const nmfIn = ({ layers }: Plan) => layers.filter(({ method }) => method === 'nmf');
const shapeOf = ({ slots }: Plan, slot: string) => slots[Number(slot.slice(1))].shape;

/** @throws GraphError for a graph of which nothing can be said. */
export function requireDiagnosable(plan: Plan): void {
  const layers = nmfIn(plan);
  const issues: GraphIssue[] = layers.flatMap(({ layer, slots }) => {
    const samples = shapeOf(plan, slots.H)[1];
    if (samples <= MOST_SAMPLES) return [];
    const rule = `asked for with ${MOST_SAMPLES} samples at most, which are all compared with each other`;
    return {
      code: 'invalid-option',
      of: AT,
      option: 'diagnostics',
      rule,
      got: samples,
      at: `layer '${layer}'`,
    } as const;
  });
  if (layers.length === 0)
    issues.push({
      ...{ code: 'incompatible-options', of: AT, options: { diagnostics: true }, at: AT },
      rule: 'Diagnostics of ranks are of NMF layers, and a graph must have one',
      cure: 'leave diagnostics out',
    });
  if (issues.length > 0) throw new GraphError(issues);
}

/** What fits of one graph, two or more of them, say together; `name` is what it is kept under. */
export function diagnose(
  name: string,
  plan: Plan,
  fits: readonly ReadonlyMap<string, LayerResult>[],
): Kept<DiagnosisManifest> {
  const tensors = new Map<string, Tensor>();
  const layers = nmfIn(plan).map(({ layer, slots }) => {
    const own = fits.flatMap((results) => results.get(layer) ?? []);
    const labels = own.map(({ H, d }) => hardLabels(H, d));
    tensors.set(layer, tensorOf(labels));
    const C = consensus(labels);
    const D = dense(
      C.rows,
      C.cols,
      C.data.map((share) => 1 - share),
    );
    const measures: RankDiagnostics = {
      cophenetic: copheneticCorrelation(D, averageLinkage(D)),
      dispersion: Math.min(1, dispersion(C)),
      // A factor without weight is as good as one of zeros.
      stability: Math.min(1, stability(own.map(({ W, d }) => scaleColumns(W, d)))),
    };
    return [layer, { ...measures, samples: namesIn(plan, slots.H).colNames ?? null }] as const;
  });
  return { manifest: { name, layers: Object.fromEntries(layers) }, tensors };
}

const tensorOf = (labels: readonly Int32Array[]): Tensor => ({
  shape: [labels.length, labels[0].length],
  data: Float32Array.from(labels.flatMap((own) => [...own])),
});

/** What is told of a point. */
export const diagnosticsIn = ({ manifest: { layers } }: Kept<DiagnosisManifest>): Diagnostics =>
  Object.freeze(
    Object.fromEntries(
      Object.entries(layers).map(([layer, { cophenetic, dispersion: spread, stability: likeness }]) => [
        layer,
        Object.freeze({ cophenetic, dispersion: spread, stability: likeness }),
      ]),
    ),
  );

/** The consensus of a layer's samples; undefined: there is no such layer. */
export function consensusIn({ manifest, tensors }: Kept<DiagnosisManifest>, layer: string): DenseMatrix | undefined {
  const [own, labels] = [
    Object.hasOwn(manifest.layers, layer) ? manifest.layers[layer] : undefined,
    tensors.get(layer),
  ];
  if (own === undefined || labels === undefined) return undefined;
  const [fits, samples] = labels.shape;
  const C = consensus(Array.from({ length: fits }, (_, f) => labels.data.subarray(f * samples, (f + 1) * samples)));
  const names = own.samples;
  return names === null ? C : named(C, { rowNames: names, colNames: names });
}
