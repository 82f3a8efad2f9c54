import { show } from '../issues.js';
import { isFitted, type SweepRow } from '../sweep/rows.js';
import { lossAxis, spansPowers } from './axis.js';
import { checking } from './check.js';
import { SET2 } from './colours.js';
import { type Picture, picture } from './picture.js';

export interface SweepHistoryOptions {
  /** Default 'Sweep history'. */
  readonly title?: string | undefined;
}

/** The rows of a sweep in the order in which its points were tried. */
export interface SweptRows {
  readonly rows: readonly SweepRow[];
}

const KINDS = ['fitted on every mask', 'failed on a mask', 'fewer iterations'] as const;

/**
 * How a sweep went: the mean held-out loss of each point, in the order in which they were tried, and as steps the lowest so far
 * among those that were fitted on every mask with all of their iterations. With `halving` a point stands there once for each
 * budget. Points that failed on every mask are marked below.
 *
 * @param result what a sweep has found.
 * @throws GraphError 'invalid-data' for what is no result of a sweep, 'invalid-option', 'unknown-option'.
 * @example
 * const found = await crossValidateGraph({ params, layerFn, strategy: 'tpe', points: 40 });
 * await writeFile('history.svg', await plotSweepHistory(found).toSvg());
 */
export function plotSweepHistory(result: SweptRows, options: SweepHistoryOptions = {}): Picture {
  const check = checking('plotSweepHistory');
  const { title = 'Sweep history' } = check.options(options, ['title']);
  const isRows = Array.isArray(result?.rows) && result.rows.length > 0 && result.rows.every(isRow);
  check.refuse('result', isRows, 'what a sweep has found, with its rows', show(result));
  check.done();
  const trials = trialsOf(result.rows);
  const values = trials.flatMap(({ loss, ...rest }) => (loss === null ? [] : [{ ...rest, loss }]));
  check.refuse('result', values.length > 0, 'of rows of which one was fitted', `${trials.length} points that failed`);
  check.done();
  const failed = trials.filter(({ loss }) => loss === null).map(({ trial, point }) => ({ trial, point }));
  const steps: { trial: number; best: number }[] = [];
  for (const { trial, loss, kind } of values) {
    const before = steps.at(-1)?.best ?? Infinity;
    if (kind === KINDS[0] && loss < before) steps.push({ trial, best: loss });
  }
  const last = steps.at(-1);
  if (last !== undefined) steps.push({ trial: trials.length, best: last.best });
  const losses = values.map(({ loss }) => loss);
  const scale = spansPowers(losses) ? { type: 'log', nice: false, padding: 8 } : { zero: false, padding: 8 };
  const x = { field: 'trial', type: 'quantitative', title: 'point, as they were tried', axis: { tickMinStep: 1, format: 'd' }, scale: { domain: [1, Math.max(2, trials.length)], padding: 8, nice: false } }; // biome-ignore format: one thought
  const y = { type: 'quantitative', title: 'mean loss per held-out entry', scale, axis: lossAxis(losses) };
  const shown = KINDS.filter((kind) => values.some((value) => value.kind === kind));
  const scaleOf = (range: Readonly<Record<(typeof KINDS)[number], string>>) => ({ domain: shown, range: shown.map((kind) => range[kind]) }); // biome-ignore format: one thought
  const colours = scaleOf({ [KINDS[0]]: SET2[0], [KINDS[1]]: '#888888', [KINDS[2]]: SET2[2] });
  const shapes = scaleOf({ [KINDS[0]]: 'circle', [KINDS[1]]: 'cross', [KINDS[2]]: 'triangle-up' });
  const kind = { field: 'kind', type: 'nominal', title: 'point', legend: shown.length === 1 ? null : {} };
  const told = failed.length === 0 ? [] : [`${failed.length} failed on every mask: marked below`];
  return picture(title, ['the line is the lowest so far', ...told], {
    ...{ width: 480, height: 300 },
    encoding: { x },
    layer: [
      {
        data: { values: steps },
        mark: { type: 'line', interpolate: 'step-after', color: SET2[1], strokeWidth: 2 },
        encoding: { y: { ...y, field: 'best' } },
      },
      {
        data: { values },
        mark: { type: 'point', filled: true, size: 40, opacity: 0.9, tooltip: true },
        encoding: {
          y: { ...y, field: 'loss' },
          color: { ...kind, scale: colours },
          shape: { ...kind, scale: shapes },
          tooltip: [
            { field: 'point', type: 'nominal' },
            { field: 'loss', type: 'quantitative' },
          ],
        },
      },
      {
        data: { values: failed },
        mark: { type: 'point', shape: 'cross', filled: true, size: 40, opacity: 1, color: '#888888', clip: false },
        encoding: { y: { value: 300 }, tooltip: [{ field: 'point', type: 'nominal' }] },
      },
    ],
  });
}

interface Trial {
  /** From 1, in order. */
  readonly trial: number;
  /** Its parameters. */
  readonly point: string;
  readonly kind: (typeof KINDS)[number];
  /** The mean over the masks that it was fitted on; null where there are none. */
  readonly loss: number | null;
}

/** Points, and budgets of a point, in the order in which their first rows come. */
function trialsOf(rows: readonly SweepRow[]): readonly Trial[] {
  const byTrial = new Map<string, SweepRow[]>();
  for (const row of rows) {
    const key = `${row.budget} ${row.point}`;
    byTrial.set(key, [...(byTrial.get(key) ?? []), row]);
  }
  return [...byTrial.values()].map((own, i) => {
    const losses = own.filter(isFitted).map(({ testLoss }) => testLoss);
    const [{ params, budget }] = own;
    const kind = losses.length < own.length ? KINDS[1] : budget === null ? KINDS[0] : KINDS[2];
    const loss = losses.length === 0 ? null : losses.reduce((sum, x) => sum + x, 0) / losses.length;
    const point = Object.entries(params).map(([name, value]) => `${name} = ${value}`).join(', '); // biome-ignore format: one thought
    return { trial: i + 1, point, kind, loss };
  });
}

const isRow = (row: SweepRow | null | undefined): boolean =>
  typeof row?.params === 'object' && row.params !== null && (row.error !== null || Number.isFinite(row.testLoss));
