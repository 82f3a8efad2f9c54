import { isThenable, show } from '../issues.js';
import type { HistoryEntry } from '../runtime/fit.js';
import type { Look } from '../sweep/rows.js';
import { lossAxis } from './axis.js';
import { checking } from './check.js';
import { groupColours } from './colours.js';
import { scaleOf } from './groups.js';
import { type Part, type Picture, panelTitle, picture } from './picture.js';

/** The loss of an iterate. */
export type LossAt = Pick<HistoryEntry, 'iteration' | 'loss'>;

/** What has a history: a layer of a fit. */
export interface WithHistory {
  readonly history: readonly LossAt[];
}

/** What has losses found on the way, held-out ones too: a row of a sweep with `earlyStopping`. */
export interface WithLooks {
  readonly looks: readonly Look[];
}

export interface LossPlotOptions {
  /** A logarithmic axis; default: where every loss is above 0. */
  readonly log?: boolean | undefined;
  /**
   * Losses of the same layers on data that were held out, as dashed lines: what `evaluate` says of fits that were stopped at these
   * iterations, say. By the names of the layers, or of one layer as a list; default: none.
   */
  readonly heldOut?: readonly LossAt[] | Readonly<Record<string, readonly LossAt[]>> | undefined;
  /** A panel for each layer, with iterations of its own, what was fitted and what was held out in two colours; default false. */
  readonly facets?: boolean | undefined;
  /** What the losses are called; default 'mean loss per entry'. */
  readonly value?: string | undefined;
  /** Default 'Loss'. */
  readonly title?: string | undefined;
}

/** What one layer by itself is called. */
const ONE = 'layer';
const KINDS = ['fitted', 'held out'] as const;

/**
 * The loss of layers, iteration by iteration: the mean per known entry of what each reads. What has another history, residuals
 * of `alternatingNnls`, say, is drawn as well, under a name of its own; of a row of a sweep with `earlyStopping` what each look has
 * found, held-out losses too.
 *
 * @param fits a layer of a fit, or several by the name that each has in the legend; or rows of a sweep so.
 * @throws GraphError 'invalid-data' for what has no history, 'invalid-option', 'unknown-option'.
 * @example
 * await writeFile('loss.svg', await plotLoss({ coarse: fit.coarse, fine: fit.fine }).toSvg());
 */
export function plotLoss(
  fits: WithHistory | WithLooks | Readonly<Record<string, WithHistory | WithLooks>>,
  options: LossPlotOptions = {},
): Picture {
  return lossCurves(fits, options, { line: 'layer', step: 'iteration' });
}

/** The same of whatever has losses, called what they are: rounds of joint training, whose losses are those of inputs, say. */
export function lossCurves(
  fits: WithHistory | WithLooks | Readonly<Record<string, WithHistory | WithLooks>>,
  options: LossPlotOptions,
  words: { readonly line: string; readonly step: string },
): Picture {
  const check = checking('plotLoss');
  const own = check.options(options, ['log', 'heldOut', 'facets', 'value', 'title']);
  const { log, heldOut = {}, facets = false, value = 'mean loss per entry', title = 'Loss' } = own;
  check.flag('log', log);
  check.flag('facets', facets);
  check.option('value', typeof value === 'string', 'a text', value);
  check.option('heldOut', isObject(heldOut), 'losses by the names of layers', heldOut);
  const isRecord = isObject(fits) && !Array.isArray(fits) && !isThenable(fits);
  check.refuse('fits', isRecord, 'a layer of a fit, or layers by name, as { parts: fit.parts }', show(fits));
  check.done();
  const given = isOne(fits) ? { [ONE]: fits } : fits;
  const names = Object.keys(given);
  check.refuse('fits', names.length > 0, 'at least one layer', 'none');
  const layers: Record<string, readonly LossAt[]> = {};
  const looked: Record<string, readonly LossAt[]> = {};
  for (const name of names) {
    const own: Partial<WithHistory & WithLooks> | null = given[name];
    const isRow = Array.isArray(own?.looks);
    const history: unknown = isRow ? own?.looks?.map(({ iteration, trainLoss: loss }) => ({ iteration, loss })) : own?.history; // biome-ignore format: one thought
    const rule = isRow ? 'a row of a sweep with earlyStopping, with looks' : 'a layer of a fit, with a history';
    check.refuse(`fits.${name}`, isHistory(history), rule, gotHistory(history));
    if (isHistory(history)) layers[name] = history;
    if (isRow) looked[name] = own?.looks?.map(({ iteration, testLoss: loss }) => ({ iteration, loss })) ?? [];
  }
  const others = { ...looked, ...(isList(heldOut) ? { [isOne(fits) ? ONE : '']: heldOut } : heldOut) };
  for (const [name, losses] of Object.entries(others)) {
    const at = name === '' ? 'heldOut' : `heldOut.${name}`;
    check.option(at, names.includes(name), `of a layer that is drawn: ${names.join(', ')}`, losses);
    check.option(at, isHistory(losses), 'a list with { iteration, loss }, at least one', losses);
  }
  check.done();
  const valuesOf = (layer: string, list: readonly LossAt[], of: (typeof KINDS)[number]) =>
    list.map(({ iteration, loss }) => ({ layer, of, iteration, loss }));
  const fitted = names.flatMap((name) => valuesOf(name, layers[name], 'fitted'));
  const held = Object.entries(others).flatMap(([name, losses]) => valuesOf(name, losses, 'held out'));
  const values = [...fitted, ...held];
  const positive = values.every(({ loss }) => loss > 0);
  check.option('log', log !== true || positive, 'false where a loss is not above 0', log);
  check.done();
  const marked = values.length <= 60 * names.length;
  const scale = (log ?? positive) ? { type: 'log', nice: false, padding: 8 } : { zero: true };
  const curve = {
    mark: { type: 'line', point: marked, tooltip: true },
    encoding: {
      x: { field: 'iteration', type: 'quantitative', title: words.step, axis: { tickMinStep: 1 } },
      y: { field: 'loss', type: 'quantitative', title: value, scale, axis: lossAxis(values.map(({ loss }) => loss)) },
    },
  };
  if (facets) return panels(title, names, values, curve);
  return picture(title, [], {
    ...{ width: 480, height: 300 },
    data: { values },
    mark: curve.mark,
    encoding: {
      ...curve.encoding,
      color: {
        field: 'layer',
        type: 'nominal',
        title: words.line,
        scale: scaleOf({ names, colours: groupColours(names.length) }),
        ...(names.length === 1 ? { legend: null } : {}),
      },
      ...(held.length === 0
        ? {}
        : { strokeDash: { field: 'of', type: 'nominal', title: 'loss', scale: { domain: KINDS, range: [[1, 0], [5, 4]] } } }), // biome-ignore format: one thought
    },
  });
}

type Value = { readonly layer: string; readonly of: (typeof KINDS)[number] } & LossAt;

/** A panel for each layer; how high they reach can be compared, how far they went need not be. */
function panels(
  title: string,
  names: readonly string[],
  values: readonly Value[],
  curve: { readonly mark: Part; readonly encoding: Part },
): Picture {
  const color = {
    field: 'of',
    type: 'nominal',
    title: 'loss',
    scale: scaleOf({ names: KINDS, colours: groupColours(KINDS.length) }),
  };
  const concat = names.map((name) => ({
    title: panelTitle(name),
    ...{ width: 220, height: 200 },
    data: { values: values.filter(({ layer }) => layer === name).map(({ of, iteration, loss }) => ({ of, iteration, loss })) }, // biome-ignore format: one thought
    mark: curve.mark,
    encoding: { ...curve.encoding, color },
  }));
  return picture(title, [], { concat, columns: 3, resolve: { scale: { y: 'shared' } } });
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

const isList = (losses: NonNullable<LossPlotOptions['heldOut']>): losses is readonly LossAt[] => Array.isArray(losses);

const isHistory = (list: unknown): list is readonly LossAt[] =>
  Array.isArray(list) &&
  list.length > 0 &&
  list.every((at) => Number.isFinite(at?.iteration) && Number.isFinite(at?.loss));

const gotHistory = (list: unknown): string =>
  Array.isArray(list) && list.length > 0 ? 'entries without a loss' : 'none';

/** A layer has a list there, and so has a row; a layer that is called so has none. */
const isOne = (
  fits: WithHistory | WithLooks | Readonly<Record<string, WithHistory | WithLooks>>,
): fits is WithHistory | WithLooks => ['history', 'looks'].some((key) => Array.isArray(Reflect.get(fits, key)));
