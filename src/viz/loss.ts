import { show } from '../issues.js';
import type { HistoryEntry } from '../runtime/fit.js';
import { checking } from './check.js';
import { groupColours } from './colours.js';
import { scaleOf } from './groups.js';
import { type Picture, picture } from './picture.js';

export interface LossPlotOptions {
  /** A logarithmic axis; default: where every loss is above 0. */
  readonly log?: boolean | undefined;
  /** Default 'Loss'. */
  readonly title?: string | undefined;
}

/** What has a history: a layer of a fit. */
export interface WithHistory {
  readonly history: readonly Pick<HistoryEntry, 'iteration' | 'loss'>[];
}

/**
 * The loss of layers, iteration by iteration: the mean per known entry of what each reads.
 *
 * @param fits a layer of a fit, or several by the name that each has in the legend.
 * @throws GraphError 'invalid-data' for what has no history, 'invalid-option', 'unknown-option'.
 * @example
 * await writeFile('loss.svg', await plotLoss({ coarse: fit.coarse, fine: fit.fine }).toSvg());
 */
export function plotLoss(
  fits: WithHistory | Readonly<Record<string, WithHistory>>,
  options: LossPlotOptions = {},
): Picture {
  const check = checking('plotLoss');
  const { log, title = 'Loss' } = check.options(options, ['log', 'title']);
  check.flag('log', log);
  const isRecord = typeof fits === 'object' && fits !== null && !Array.isArray(fits);
  check.refuse('fits', isRecord, 'a layer of a fit, or layers by name, as { parts: fit.parts }', show(fits));
  check.done();
  const layers = isOne(fits) ? { layer: fits } : fits;
  const names = Object.keys(layers);
  check.refuse('fits', names.length > 0, 'at least one layer', 'none');
  for (const name of names) {
    const history: unknown = layers[name]?.history;
    const isHistory = Array.isArray(history) && history.length > 0;
    check.refuse(`fits.${name}`, isHistory, 'a layer of a fit, with a history', isHistory ? '' : 'none');
  }
  check.done();
  const values = names.flatMap((name) =>
    layers[name].history.map(({ iteration, loss }) => ({ layer: name, iteration, loss })),
  );
  const positive = values.every(({ loss }) => loss > 0);
  check.option('log', log !== true || positive, 'false where a loss is 0', log);
  check.done();
  return picture(title, [], {
    ...{ width: 480, height: 300 },
    data: { values },
    mark: { type: 'line', point: values.length <= 60 * names.length, tooltip: true },
    encoding: {
      x: { field: 'iteration', type: 'quantitative', title: 'iteration', axis: { tickMinStep: 1 } },
      y: {
        field: 'loss',
        type: 'quantitative',
        title: 'mean loss per entry',
        scale: (log ?? positive) ? { type: 'log', nice: true } : { zero: true },
        axis: { grid: true },
      },
      color: {
        field: 'layer',
        type: 'nominal',
        title: 'layer',
        scale: scaleOf({ names, colours: groupColours(names.length) }),
        ...(names.length === 1 ? { legend: null } : {}),
      },
    },
  });
}

/** A layer has a list there; a layer that is called so has none. */
const isOne = (fits: WithHistory | Readonly<Record<string, WithHistory>>): fits is WithHistory =>
  Array.isArray(fits.history);
