import { checkOptions } from '../dsl/check-options.js';
import type { InputOptions } from '../dsl/config.js';
import { factorInput } from '../dsl/input.js';
import { nmfLayer, svdLayer } from '../dsl/layers.js';
import { fitOptions, inputOptions, plainNmfOptions, plainSvdOptions } from '../dsl/schemas.js';
import { GraphError } from '../errors.js';
import type { MatrixInput } from '../matrix-input.js';
import { type FitOptions, factorNet } from '../net/net.js';
import { withViews } from '../runtime/factor-set.js';
import type { FitSummary, GraphFit, LayerFit } from '../runtime/fit.js';
import { keep, keptOf } from '../runtime/kept.js';
import type { Reported } from '../runtime/reported.js';

/** Options of the one input and of the fit, which plain functions take beside those of the layer. */
export interface PlainOptions extends Omit<InputOptions, 'name' | 'weight'>, FitOptions {}

/** What a plain function returns: the layer, and what the graph says of it. */
export type PlainFit = LayerFit &
  Reported & {
    /** Losses, the seed that gives this fit again, seconds, and notes. */
    readonly summary: FitSummary<'data'>;
  };

/** The name of the one input. */
const DATA = 'data';

type OneLayer = GraphFit<Readonly<Record<string, never>>, typeof DATA, never>;

/** The graphs that layers come from. */
const graphs = new WeakMap<object, { readonly fit: OneLayer; readonly layer: string }>();

/** Fits a graph of one input and one layer, which has the name of the function, and returns the layer. */
export async function fitOne(
  layer: 'nmf' | 'svd' | 'pca',
  data: MatrixInput,
  options: PlainOptions & { readonly seed?: number | undefined },
): Promise<PlainFit> {
  const [schema, make] =
    layer === 'nmf' ? ([plainNmfOptions, nmfLayer] as const) : ([plainSvdOptions, svdLayer] as const);
  checkOptions(schema, options, layer);
  const { seed, ...rest } = options;
  const [input, beside] = parted(rest, inputOptions.shape);
  const [run, spec] = parted(beside, fitOptions.shape);
  const own = factorInput(data, { ...input, name: DATA });
  // The schema has said that what is left is the layer's.
  const built = make(own, { ...spec, name: layer } as never);
  const fit = (await factorNet(built, seed === undefined ? {} : { seed }).fit(run)) as unknown as OneLayer;
  // The graph's one layer, which has this name.
  const all = withViews({ ...(fit[layer] as object), summary: fit.summary } as PlainFit);
  const found = Object.freeze(Object.defineProperty(all, 'report', { value: fit.report }));
  graphs.set(found, { fit, layer });
  const kept = keptOf(fit);
  if (kept !== undefined) keep(found, kept);
  return found;
}

/** The options that a shape names, and the others. */
function parted(options: object, shape: object): readonly [object, object] {
  const entries = Object.entries(options);
  const of = (named: boolean) => Object.fromEntries(entries.filter(([key]) => key in shape === named));
  return [of(true), of(false)];
}

/**
 * The graph that a layer comes from.
 *
 * @throws GraphError 'invalid-option' for what does not come from a plain function.
 */
export function graphOf(fit: unknown, of: string): { readonly fit: OneLayer; readonly layer: string } {
  const graph = typeof fit === 'object' && fit !== null ? graphs.get(fit) : undefined;
  if (graph !== undefined) return graph;
  const rule = 'what nmf(), svd() or pca() has returned, as it came; a fit of a graph has a project of its own';
  throw new GraphError([{ code: 'invalid-option', of, option: 'fit', rule, got: fit, at: of }]);
}
