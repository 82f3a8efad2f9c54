import { digits, displays, type Look, type Table } from '../display.js';
import type { DenseMatrix } from '../matrix.js';
import { plural } from '../plural.js';
import type { FactorSet, FitSummary, LayerFit, Strongest, Variance } from './fit.js';

type Layer = LayerFit<string>;
type Layers = Readonly<Record<string, Layer>>;

/** A fit as it shows itself: its layers, its inputs, and what is worth knowing. */
export function fitLook(layers: Layers, summary: FitSummary): Look {
  const { inputs, loss, rounds } = summary;
  const [names, own] = [Object.keys(inputs), Object.entries(layers)];
  return {
    title: `Fit of ${plural(own.length, 'layer')} to ${plural(names.length, 'input')}: loss ${digits(loss)}`,
    body: [
      {
        head: ['layer', 'method', 'k', 'loss', 'iterations', ''],
        lines: own.map(([name, { method, d, loss: ofLayer, iterations, converged }]) => [
          ...[name, method, String(d.length), digits(ofLayer), String(iterations)],
          converged ? 'converged' : 'not converged',
        ]),
        words: [0, 1, 5],
      },
      {
        head: ['input', 'size', 'missing', 'loss', 'explained'],
        lines: Object.entries(inputs).map(([name, { rows, cols, missing, loss: ofInput, explained }]) => [
          ...[name, `${rows} × ${cols}`, missing === 0 ? '' : String(missing), digits(ofInput), digits(explained)],
        ]),
        words: [0],
      },
      ...(rounds.length === 0 ? [] : [`trained jointly, ${plural(rounds.length - 1, 'round')}`]),
      ...madeBy(summary),
    ],
  };
}

const madeBy = ({ seed, backend, seconds, notes }: FitSummary): readonly string[] => [
  `seed ${seed}, ${backend}, ${digits(seconds)} s`,
  ...notes.map((note) => `note: ${note}`),
];

/** Features that are named for each factor, and factors that are looked at. */
const [MOST_FEATURES, MOST_FACTORS] = [3, 20];

/** What may be left out: a set of factors has no loss, a layer of a graph no summary. */
type Shown = FactorSet<string> & Partial<Pick<Layer, 'method' | 'loss' | 'iterations' | 'converged' | 'center' | 'variance'>> & { readonly summary?: FitSummary<'data'> }; // biome-ignore format: one thought

/** A layer, or some of its factors: what each factor is strongest in. */
function factorsLook(set: Shown): Look {
  const { W, d, H, method, loss, iterations, converged, center, variance, summary } = set;
  const k = d.length;
  const end = converged ? 'converged after' : 'not converged in';
  const title =
    method === undefined || loss === undefined || iterations === undefined
      ? plural(k, 'factor')
      : `${method.toUpperCase()} layer, k = ${k}: loss ${digits(loss)}, ${end} ${plural(iterations, 'iteration')}`;
  return {
    title,
    body: [
      strongestTable(set),
      ...(k > MOST_FACTORS ? [`… and ${k - MOST_FACTORS} more factors`] : []),
      `${sizes(W)}, H ${sizeOf(H)}`,
      // About the means is what everyone asks of a PCA; `explained` is about zero.
      ...(!center || !variance ? [] : [varianceText(variance)]),
      ...(summary === undefined ? [] : [`explained ${digits(summary.inputs.data.explained)}${center ? ', means included' : ''}`, ...madeBy(summary)]), // biome-ignore format: one thought
    ],
  };
}

/** What the pairs that were looked at explain, one by one, and what all do together. */
function varianceText({ each, cumulative }: Variance): string {
  const shares = Array.from(each.subarray(0, MOST_FACTORS), digits);
  const [more, together] = [each.length > MOST_FACTORS ? ', …' : '', digits(cumulative[cumulative.length - 1])];
  return `variance ${shares.join(', ')}${more}; together ${together}`;
}

function strongestTable({ W, d, top }: Shown): Table {
  const parts = isMatrix(W) ? [''] : Object.keys(W);
  const strongest = ({ feature, weight }: Strongest) => `${feature} (${digits(weight)})`;
  return {
    head: ['factor', 'd', ...parts.map((name) => (name === '' ? 'strongest in' : `strongest in ${name}`))],
    lines: Array.from(d.subarray(0, MOST_FACTORS), (scale, factor) => {
      const found = top(factor, MOST_FEATURES);
      const lists = isStrongest(found) ? [found] : Object.values(found);
      return [String(factor), digits(scale), ...lists.map((list) => list.map(strongest).join(', '))];
    }),
    words: parts.map((_, part) => part + 2),
  };
}

const isStrongest = (found: ReturnType<Shown['top']>): found is readonly Strongest[] => Array.isArray(found);
const isMatrix = (W: Shown['W']): W is DenseMatrix => 'kind' in W && typeof W.kind === 'string';
const sizeOf = ({ rows, cols }: DenseMatrix): string => `${rows} × ${cols}`;
const sizes = (W: Shown['W']): string =>
  isMatrix(W)
    ? `W ${sizeOf(W)}`
    : Object.entries(W)
        .map(([name, part]) => `W of ${name} ${sizeOf(part)}`)
        .join(', ');

/** Gives factors of a layer their look. */
export const factorsDisplayed = displays(factorsLook);

/** Gives a fit its look. */
export const fitDisplayed = displays(
  ({ summary, ...layers }: { readonly summary: FitSummary }) => fitLook(layers as unknown as Layers, summary), // all that a fit shows beside its summary are layers
);

/** Gives a fit that was read from a file its look. */
export const savedFitDisplayed = displays(
  ({ layers, summary }: { readonly layers: Layers; readonly summary: FitSummary }) => fitLook(layers, summary),
);
