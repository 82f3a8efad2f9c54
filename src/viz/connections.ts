import { match } from 'ts-pattern';
import type { Plan, SlotId } from '../compiler/plan.js';
import { show } from '../issues.js';
import { gatherRows, named, scaleColumns } from '../matrix.js';
import { type Kept, keptOf } from '../runtime/kept.js';
import type { WithEmbedding } from './assignments.js';
import { checking } from './check.js';
import { RAMPS, type Ramp } from './colours.js';
import { domainOf, heatPicture } from './heat-picture.js';
import type { Picture } from './picture.js';

export interface ConnectionsOptions {
  /** Weights over the largest of all in size; default true. */
  readonly relative?: boolean | undefined;
  /** Colours from low to high; default 'viridis'. */
  readonly colours?: Ramp | undefined;
  /** Default 'Connections of' and the name of the layer. */
  readonly title?: string | undefined;
}

/** The names of the layers of a fit; of one that was loaded they aren't known. */
export type LayerNameOf<F> = F extends { readonly layers: { readonly [layer: string]: WithEmbedding } }
  ? string
  : { [N in keyof F]: F[N] extends WithEmbedding ? N : never }[keyof F] & string;

/**
 * How a layer of a deep graph is made of those below it: the connecting matrix W·diag(d), its columns the k factors of the layer
 * and its rows the factors below, named by the layer that each is of; in a sum by all that are added.
 *
 *   c_ir = w_ir·d_r / max |w·d|
 *
 * Rows of data and conditions that the layer reads beside embeddings are left out, and the picture says so.
 *
 * @param fit a fit of a graph, or one that was loaded.
 * @param layer a layer that reads embeddings.
 * @throws GraphError 'invalid-data' for what is no fit of a graph; 'invalid-option' for a layer that it doesn't have or that reads
 * data alone; 'unknown-option'.
 * @example
 * const fine = factorInput(X, { name: 'x' }).nmfLayer({ name: 'fine', k: 10 });
 * const fit = await factorNet(fine.nmfLayer({ name: 'coarse', k: 3 }), { seed: 1 }).fit();
 * await writeFile('deep.svg', await plotConnections(fit, 'coarse').toSvg());
 */
export function plotConnections<F extends object>(
  fit: F,
  layer: LayerNameOf<F>,
  options: ConnectionsOptions = {},
): Picture {
  const check = checking('plotConnections');
  const kept = keptOf(fit);
  check.refuse('fit', kept !== undefined, 'a fit of a graph, as net.fit() or loadFit() returns it', show(fit));
  check.done();
  return connectionsOf(kept as Kept, layer, options); // looked at above
}

/** The same of what a fit is made of. */
export function connectionsOf(
  { plan, state }: Pick<Kept, 'plan' | 'state'>,
  layer: string,
  options: ConnectionsOptions = {},
): Picture {
  const check = checking('plotConnections');
  const own = check.options(options, ['relative', 'colours', 'title']);
  const { relative = true, colours = 'viridis', title = `Connections of ${layer}` } = own;
  check.flag('relative', relative);
  check.option('colours', Object.hasOwn(RAMPS, colours), "'viridis' or 'inferno'", colours);
  const names = plan.layers.map((output) => output.layer);
  check.option('layer', names.includes(layer), `a layer of the fit: ${names.join(', ')}`, layer);
  check.done();
  const result = state.results.get(layer);
  if (result === undefined) throw new TypeError('a layer of a fit has a result');
  const rows = factorsBelow(plan, layer);
  const factors = rows.flatMap((name, i) => (name === null ? [] : [{ name, i }]));
  check.option('layer', factors.length > 0, 'one that reads embeddings; of one that reads data plotLoadings shows the features', layer); // biome-ignore format: one thought
  check.done();
  const C = scaleColumns(
    gatherRows(
      result.W,
      factors.map(({ i }) => [i, i + 1]),
    ),
    result.d,
  );
  const most = C.data.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const shown = relative && most > 0 ? { ...C, data: C.data.map((x) => x / most) } : C;
  const matrix = named(shown, {
    rowNames: factors.map(({ name }) => name),
    colNames: Array.from(result.d, (_, r) => `${layer} ${r}`),
  });
  const panels = [{ name: null, matrix }];
  return heatPicture(panels, {
    ...{ rows: null, columns: null, trees: false, colours, title },
    domain: domainOf(panels),
    value: 'weight',
    told: [
      ...(relative ? ['weights over the largest'] : []),
      ...(factors.length < rows.length ? ['rows of data and conditions are left out'] : []),
    ],
  });
}

/** The factors that the rows of a layer's W are, by the name of their layer and their number; null for a row of data. */
export function factorsBelow(plan: Plan, layer: string): readonly (string | null)[] {
  const fitted = plan.fit.find((step) => 'layer' in step && step.op !== 'embed' && step.layer === layer);
  if (fitted === undefined || !('read' in fitted)) throw new TypeError('a layer is fitted by a step');
  return factorsOf(plan, fitted.read).map((factor) => factor && `${factor.layers.join(' + ')} ${factor.at}`);
}

/** A factor of a layer, or of several that are added. */
interface Factor {
  readonly layers: readonly string[];
  readonly at: number;
}

/** The factors that the rows of a slot are; null for a row of data. Rows of a sum are numbered as those of what is added first. */
function factorsOf(plan: Plan, slot: SlotId): readonly (Factor | null)[] {
  const [rows] = plan.slots[Number(slot.slice(1))].shape;
  const of = (layer: string) => Array.from({ length: rows }, (_, at): Factor => ({ layers: [layer], at }));
  const data = () => Array.from({ length: rows }, () => null);
  const made = [...plan.prepare, ...plan.fit].find((step) =>
    typeof step.write === 'string' ? step.write === slot : step.write.H === slot,
  );
  if (made === undefined) return data();
  return match(made)
    .with({ op: 'load' }, { op: 'align' }, data)
    .with({ op: 'stackRows' }, ({ reads }) => reads.flatMap((read) => factorsOf(plan, read)))
    .with({ op: 'embed' }, { op: 'nmf' }, { op: 'tied' }, { op: 'svd' }, ({ layer }) => of(layer))
    .with({ op: 'add' }, ({ reads }) => {
      const [first, ...others] = reads.map((read) => factorsOf(plan, read));
      return first.map(
        (factor, i) =>
          factor && { ...factor, layers: [...factor.layers, ...others.flatMap((list) => list[i]?.layers ?? [])] },
      );
    })
    .exhaustive();
}
