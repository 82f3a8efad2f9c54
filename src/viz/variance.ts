import { show } from '../issues.js';
import type { InputSummary, Variance } from '../runtime/fit.js';
import { checking } from './check.js';
import { groupColours, SET2 } from './colours.js';
import { scaleOf } from './groups.js';
import { type Picture, panelTitle, picture } from './picture.js';

export interface VariancePlotOptions {
  /** Default 'Explained by each factor'. */
  readonly title?: string | undefined;
}

/** A fit of a graph, of which the summary is read. */
export interface WithSummary {
  readonly summary: { readonly inputs: { readonly [input: string]: Pick<InputSummary, 'factors'> } };
}

/** A layer of SVD. */
export interface WithVariance {
  readonly variance: Variance | null;
}

/**
 * What each factor explains: of a layer of SVD its `variance`, with the sum so far as a line; of a fit of a graph
 * `summary.inputs[input].factors`, a panel for each output layer and bars for each input. A factor that others take back is
 * below 0.
 *
 * @param fit a fit of a graph, or a layer of SVD.
 * @throws GraphError 'invalid-data' for what is neither, 'invalid-option', 'unknown-option'.
 * @example
 * await writeFile('explained.svg', await plotVariance(fit).toSvg());
 */
export function plotVariance(fit: WithSummary | WithVariance, options: VariancePlotOptions = {}): Picture {
  const check = checking('plotVariance');
  const { title = 'Explained by each factor' } = check.options(options, ['title']);
  const isObject = typeof fit === 'object' && fit !== null;
  const rule = 'a fit of a graph, or a layer of SVD, which has its variance';
  check.refuse('fit', isObject, rule, show(fit));
  check.done();
  // What pca() returns has both.
  const isVariance = 'variance' in fit && fit.variance?.each instanceof Float64Array;
  if (!isVariance && 'summary' in fit) return byInput(fit, title, check);
  check.refuse('fit', isVariance, rule, 'variance' in fit ? 'a layer without variance' : show(fit));
  check.done();
  const { each, cumulative } = (fit as WithVariance).variance as Variance; // looked at above
  const values = Array.from(each, (share, r) => ({ factor: String(r), share, together: cumulative[r] }));
  return picture(title, ['bars: by itself; line: all up to it'], {
    ...{ width: { step: 32 }, height: 240 },
    data: { values },
    encoding: { x: { field: 'factor', type: 'nominal', sort: null, title: 'factor', axis: { labelAngle: 0 } } },
    layer: [
      {
        mark: { type: 'bar', color: SET2[0], tooltip: true },
        encoding: {
          y: {
            field: 'share',
            type: 'quantitative',
            title: 'share of variance',
            scale: { domainMax: 1, domainMin: 0 },
          },
        },
      },
      {
        mark: { type: 'line', color: '#555555', point: { color: '#555555' }, tooltip: true },
        encoding: { y: { field: 'together', type: 'quantitative' } },
      },
    ],
  });
}

function byInput({ summary }: WithSummary, title: string, check: ReturnType<typeof checking>): Picture {
  const inputs = Object.entries(summary?.inputs ?? {});
  const layers = [...new Set(inputs.flatMap(([, { factors }]) => Object.keys(factors)))];
  check.refuse('fit', layers.length > 0, 'a fit whose summary says what factors explain', 'none that does');
  check.done();
  const names = inputs.map(([name]) => name);
  const color = {
    field: 'input',
    type: 'nominal',
    title: 'input',
    sort: null,
    scale: scaleOf({ names, colours: groupColours(names.length) }),
  };
  const panels = layers.map((layer) => ({
    title: panelTitle(layer),
    ...{ width: { step: names.length === 1 ? 32 : 16 }, height: 240 },
    data: {
      values: inputs.flatMap(([input, { factors }]) =>
        Array.from(factors[layer] ?? [], (explained, r) => ({ input, factor: String(r), explained })),
      ),
    },
    mark: { type: 'bar', tooltip: true },
    encoding: {
      x: { field: 'factor', type: 'nominal', sort: null, title: 'factor', axis: { labelAngle: 0 } },
      ...(names.length === 1
        ? {}
        : { xOffset: { field: 'input', type: 'nominal', sort: null, scale: { domain: names } } }),
      y: { field: 'explained', type: 'quantitative', title: 'explained by itself', axis: { grid: true } },
      color,
    },
  }));
  return picture(title, [], { concat: panels, columns: 3 });
}
