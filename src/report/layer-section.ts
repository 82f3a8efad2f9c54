import type { Plan } from '../compiler/plan.js';
import type { Label } from '../labels.js';
import { type DenseMatrix, named, row } from '../matrix.js';
import { isOneMatrix, strongestIn } from '../runtime/factor-set.js';
import type { LayerFit, Strongest } from '../runtime/fit.js';
import type { Kept } from '../runtime/kept.js';
import { loadingsOf } from '../runtime/loadings.js';
import { namesIn } from '../runtime/named.js';
import { plotComposition, plotFactorsByGroup } from '../viz/by-group.js';
import { connectionsOf, factorsBelow } from '../viz/connections.js';
import { plotHeatmap } from '../viz/heatmap.js';
import { plotLoadings, type WithTop } from '../viz/loadings.js';
import { plotScatter } from '../viz/scatter.js';
import { plotVariance } from '../viz/variance.js';
import { type Html, html, table } from './html.js';
import { count, number, percent, weight } from './numbers.js';
import type { Figure, Section } from './page.js';
import { everyFew } from './samples.js';

/** What is shown of each layer. */
export interface Shown {
  /** A label for each sample of the layers that have as many. */
  readonly groups: ArrayLike<Label> | undefined;
  /** Features and samples of each factor. */
  readonly top: number;
}

/** Factors whose strongest features are drawn; all are in the table. */
const MOST_DRAWN = 12;
/** Lines that are put in order: sorting more would hold up others. */
const MOST_ORDERED = 1000;
/** Points of a scatter plot. */
const MOST_POINTS = 5000;

type Layer = LayerFit<string>;

export async function layerSection(name: string, kept: Kept, { groups, top }: Shown): Promise<Section> {
  const { layers, plan, summary } = kept;
  const layer = layers[name];
  const below = factorsBelow(plan, name);
  const isDeep = below.some((factor) => factor !== null);
  const factors = isDeep ? await inInputs(kept, name) : layer;
  const explained = Object.entries(summary.inputs).flatMap(([input, { factors }]) =>
    factors[name] === undefined ? [] : [{ input, each: factors[name] }],
  );
  const labels = groups?.length === layer.H.cols ? groups : undefined;
  return {
    title: `Layer ${name}`,
    parts: [
      options(plan, name),
      factorTable(layer, factors, top, explained),
      loadings(factors, top),
      ...(layer.variance === null ? [] : [variance(layer)]),
      ...(isDeep ? [connections(name, kept)] : []),
      ...(below.every((factor) => factor !== null) ? [] : weights(layer)),
      embedding(name, layer, labels),
      ...(layer.method === 'svd' || labels !== undefined ? scatter(layer, labels) : []),
      ...(labels === undefined ? [] : byGroup(layer, labels)),
    ],
  };
}

function options(plan: Plan, layer: string): Html {
  const args = plan.fit.flatMap((step) => ('args' in step && step.layer === layer ? [step.args] : []));
  const lines = args.flatMap((arg) => settings(arg, ''));
  return html`<details><summary>Options of the layer</summary>
${table({ caption: 'As they are in the plan; what is not set is left out', head: ['option', 'value'], lines, texts: [1] })}
</details>`;
}

/** What is set of a part of a plan, which is JSON: each by its path. */
function settings(value: unknown, path: string): readonly (readonly [path: string, value: string])[] {
  if (value === null || value === undefined || value === 0) return [];
  if (Array.isArray(value) && !value.some((item) => typeof item === 'object'))
    return [[path, value.length > 8 ? count(value.length, 'value') : value.join(', ')]];
  if (typeof value !== 'object') return [[path, String(value)]];
  return Object.entries(value).flatMap(([key, part]) => settings(part, path === '' ? key : `${path}.${key}`));
}

const namesText = (strongest: readonly Pick<Strongest, 'feature' | 'weight'>[]): string =>
  strongest.map(({ feature, weight: own }) => `${feature} (${weight(own)})`).join(', ');

/** The samples that a factor is strongest in. */
function strongestSamples(H: DenseMatrix, factor: number, n: number) {
  const weights = Array.from(row(H, factor), (weight, j) => ({ feature: H.colNames?.[j] ?? j, weight }));
  const size = ({ weight }: { readonly weight: number }) => Math.abs(weight);
  return weights.filter((sample) => size(sample) > 0).sort((a, b) => size(b) - size(a)).slice(0, n); // biome-ignore format: one thought
}

/** The factors of a layer that reads embeddings, led down to the features of the inputs. */
async function inInputs({ plan, state, layers }: Kept, layer: string): Promise<WithTop> {
  const loaded = await loadingsOf(plan, state, layer);
  const inputs = loaded.map(({ name, slot, L }) => ({ name, L: named(L, namesIn(plan, slot)) }));
  return {
    d: layers[layer].d,
    top: (factor, n = 10) => Object.fromEntries(inputs.map(({ name, L }) => [name, strongestIn(L, factor, n)])),
  };
}

// Of one matrix it is one list, of several one for each by name.
const isOne = (top: ReturnType<WithTop['top']>): top is readonly Strongest[] => Array.isArray(top);

interface Explained {
  readonly input: string;
  readonly each: Float64Array;
}

function factorTable({ H }: Layer, factors: WithTop, top: number, explained: readonly Explained[]): Html {
  const { d } = factors;
  const features = Array.from(d, (_, r) => {
    const found = factors.top(r, top);
    return isOne(found) ? { features: found } : found;
  });
  const modalities = Object.keys(features[0]);
  const numbers = ['factor', 'd', ...explained.map(({ input }) => `explains ${input}`)];
  return table({
    caption: 'Factors by weight, with the features and the samples that each is strongest in',
    head: [...numbers, ...modalities, 'samples'],
    lines: Array.from(d, (scale, r) => [
      ...[String(r), number(scale), ...explained.map(({ each }) => percent(each[r]))],
      ...modalities.map((modality) => namesText(features[r][modality])),
      namesText(strongestSamples(H, r, top)),
    ]),
    texts: Array.from({ length: modalities.length + 1 }, (_, i) => numbers.length + i),
  });
}

function loadings(all: WithTop, top: number): Figure {
  const k = all.d.length;
  const factors = Array.from({ length: Math.min(k, MOST_DRAWN) }, (_, r) => r);
  const which = factors.length === k ? 'each factor' : `each of the first ${factors.length} factors`;
  return {
    draw: () => plotLoadings(all, { factors, n: Math.min(top, 10) }),
    caption: `The features that ${which} is strongest in.`,
  };
}

const variance = (layer: Layer): Figure => ({
  draw: () => plotVariance(layer),
  caption: 'What each pair explains of the variance beside those before it, and all up to it together.',
});

const connections = (name: string, kept: Kept): Figure => ({
  draw: () => connectionsOf(kept, name),
  caption: `How the factors of ${name}, across, are made of those below, down.`,
});

function weights({ W, Wcondition }: Layer): readonly Figure[] {
  const parts = isOneMatrix(W)
    ? [{ title: 'W', matrix: W }]
    : Object.entries(W).map(([modality, matrix]) => ({ title: `W of ${modality}`, matrix }));
  const all = Wcondition === undefined ? parts : [...parts, { title: 'W of the conditions', matrix: Wcondition }];
  return all.map(({ title, matrix }) => {
    const clusterRows = matrix.rows <= MOST_ORDERED;
    const order = clusterRows ? ', those that are alike side by side' : '';
    return {
      draw: () => plotHeatmap(overLargest(matrix), { title, clusterRows, value: 'relative' }),
      caption: `${title}: features down${order}, each over its largest weight; factors across.`,
    };
  });
}

function embedding(name: string, { H }: Layer, groups: ArrayLike<Label> | undefined): Figure {
  const clusterColumns = H.cols <= MOST_ORDERED;
  const order = clusterColumns ? ', those that are alike side by side' : '';
  return {
    draw: () => {
      const annotation = groups && { annotation: groups };
      return plotHeatmap(overLargest(H), { title: `H of ${name}`, clusterColumns, value: 'relative', ...annotation });
    },
    caption: `H of ${name}: factors down, each over its largest weight; samples across${order}.`,
  };
}

/** Each row over its largest entry in size: what is small everywhere is seen beside what is large. */
function overLargest(matrix: DenseMatrix): DenseMatrix {
  const { rows, data } = matrix;
  const largest = new Float64Array(rows);
  data.forEach((x, p) => { if (Math.abs(x) > largest[p % rows]) largest[p % rows] = Math.abs(x); }); // biome-ignore format: one thought
  return { ...matrix, data: data.map((x, p) => x / (largest[p % rows] || 1)) };
}

/** Two directions of the samples: of an SVD the first two pairs, else principal components of H. */
function scatter({ method, H }: Layer, labels: ArrayLike<Label> | undefined): readonly Figure[] {
  if (H.rows < 2 || !H.data.every(Number.isFinite)) return [];
  const pca = method !== 'svd';
  const { step, matrix, groups } = everyFew(H, labels, MOST_POINTS);
  const some = step === 1 ? '' : `, one in ${step}`;
  return [
    {
      draw: () => plotScatter(matrix, { pca, ...(groups && { groups }) }),
      caption: `The samples${some}, by ${pca ? 'two principal components of H' : 'the first two pairs'}.`,
    },
  ];
}

function byGroup({ H, d }: Layer, groups: ArrayLike<Label>): readonly Figure[] {
  if (!H.data.every(Number.isFinite)) return [];
  const shares = H.data.every((h) => h >= 0);
  return [
    ...(shares
      ? [{ draw: () => plotComposition(H, { groups, d }), caption: 'What the samples of each group are made of.' }]
      : []),
    { draw: () => plotFactorsByGroup(H, { groups }), caption: 'Where each factor is strong.' },
  ];
}
