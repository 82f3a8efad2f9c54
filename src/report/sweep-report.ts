import { explain } from '../compiler/explain.js';
import type { Plan } from '../compiler/plan.js';
import { GraphError } from '../errors.js';
import { checkPath } from '../io/check-path.js';
import { packageVersion } from '../io/version.js';
import type { SweepReportOptions } from '../report-options.js';
import type { Choice } from '../sweep/choice.js';
import type { Swept } from '../sweep/reported.js';
import { type FailedRow, isFitted, type SweepRow } from '../sweep/rows.js';
import type { Work } from '../sweep/shared-steps.js';
import type { Params } from '../sweep/space.js';
import { pointsTable, said } from '../sweep/table.js';
import { checking } from '../viz/check.js';
import { plotGraph } from '../viz/graph.js';
import { plotImportance } from '../viz/importance.js';
import { plotParallel } from '../viz/parallel.js';
import type { Picture } from '../viz/picture.js';
import { plotSweep } from '../viz/sweep.js';
import { plotSweepHistory } from '../viz/sweep-history.js';
import type { SweptPoints } from '../viz/swept.js';
import { facts, filled, type Html, html, paragraph, table, verbatim } from './html.js';
import { amount, count, moment, number, percent, seconds } from './numbers.js';
import { type Figure, type Page, pageOf, type Section } from './page.js';
import { writeReport } from './write.js';

/** Most lines of a table of rows. */
const MOST_ROWS = 2000;

/** See `report` of a sweep. */
export async function reportSweep(swept: Swept, path: string, options: SweepReportOptions = {}): Promise<void> {
  checkPath('report', path);
  const check = checking('report');
  const { title } = check.options(options, ['title']);
  check.done();
  await writeReport(path, await pageOf(sweepPage(swept, title, await swept.plan())));
}

function sweepPage(swept: Swept, title: string | undefined, plan: Plan | undefined): Page {
  const { choice, rows, work } = swept;
  const params = Object.keys(rows[0]?.params ?? {});
  const failures = rows.filter((row) => !isFitted(row));
  return {
    title: title ?? (params.length === 0 ? 'Sweep' : `Sweep over ${params.join(', ')}`),
    lead: [circumstances(swept)],
    sections: [
      choice === undefined
        ? { title: 'The choice', parts: [paragraph('No point is done on every mask yet.')] }
        : choiceSection(choice, swept),
      ...(choice === undefined || params.length < 2 ? [] : [parameterSection(sweptPoints(choice, swept))]),
      ...(plan === undefined ? [] : [graphSection(plan)]),
      ...(work === null ? [] : [workSection(work)]),
      ...(failures.length === 0 ? [] : [failureSection(failures, params)]),
      ...(rows.length === 0 ? [] : [rowSection(rows, params)]),
    ],
  };
}

function circumstances({ rows, of, reps, masking, ridge, looks, backend, version, ...rest }: Swept): Html {
  const own = packageVersion();
  return facts([
    ['Written', moment(new Date())],
    ['Rows done', rows.length === of ? of.toLocaleString('en') : `${rows.length} of ${of}`],
    ['Masks', `${reps}, each of ${percent(masking.fraction)} of ${masking.kind}`],
    ['Seed', String(masking.seed)],
    ['Ridge', String(ridge)],
    ['Early stopping', looks === null ? undefined : `every ${looks.every} iterations, patience ${looks.patience}`],
    ['Took', rest.seconds === null ? undefined : seconds(rest.seconds)],
    ['Kernels', backend],
    ['factorloom', own],
    ['Node', process.versions.node],
    ['Swept by version', version === own ? undefined : version],
  ]);
}

/** Where several parameters were swept: every point, and which of them matter. */
function parameterSection(swept: SweptPoints): Section {
  return {
    title: 'The parameters',
    parts: [
      unlessRefused('Every point over its parameters', () => plotParallel(swept)),
      unlessRefused('The share of the variance of the held-out loss that each parameter explains by itself', () =>
        plotImportance(swept),
      ),
    ],
  };
}

/** A picture that not every sweep has what is needed for: then what that is stands in its place. */
function unlessRefused(caption: string, draw: () => Picture): Figure | Html {
  try {
    const picture = draw();
    return { draw: () => picture, caption: `${caption}.` };
  } catch (error) {
    const issue = error instanceof GraphError ? error.issues[0] : undefined;
    if (issue?.code !== 'invalid-data') throw error;
    return paragraph(`${caption}: not drawn, for the sweep must be ${issue.rule}; got ${issue.got}.`);
  }
}

const sweptPoints = ({ points, best, simplest }: Choice<Params>, { left, rows }: Swept): SweptPoints => ({
  ...{ points, best: best.params, simplest: simplest.params, eliminated: left.eliminated, rows },
});

function choiceSection(choice: Choice<Params>, swept: Swept): Section {
  const { reason = '', left, rows } = swept;
  const { head, lines } = filled(pointsTable(choice, left));
  return {
    title: 'The choice',
    parts: [
      paragraph(reason),
      {
        draw: () => plotSweep(sweptPoints(choice, swept)),
        caption: 'Mean loss of the entries that were held out, ± one standard error over the masks.',
      },
      {
        draw: () => plotSweepHistory({ rows }),
        caption: 'The points in the order in which they were tried, and the lowest mean loss so far.',
      },
      html`<div class="tall">${table({
        caption: 'Points by rising held-out loss, with the paired differences to the best',
        head: head.map((title) => (title === '' ? 'chosen' : title)),
        lines,
        texts: Object.keys(choice.best.params).map((_, c) => c),
      })}</div>`,
    ],
  };
}

const graphSection = (plan: Plan): Section => ({
  title: 'The graph of the best point',
  parts: [
    { draw: () => plotGraph({ plan }), caption: 'What reads what, from the data above to the output below.' },
    // Seeds are of the masks, each its own.
    verbatim('The plan of the best point', explain(plan, { seed: false })),
  ],
});

const workSection = ({ asked, fitted, multiplyAdds, multiplyAddsAlone }: Work): Section => ({
  title: 'The work',
  parts: [
    facts([
      ['Layers asked for', asked.toLocaleString('en')],
      ['Layers fitted', `${fitted.toLocaleString('en')} (${percent(asked === 0 ? 1 : fitted / asked)})`],
      ['Multiply-adds', amount(multiplyAdds)],
      ['Each point by itself', `${amount(multiplyAddsAlone)} multiply-adds`],
    ]),
  ],
});

const valuesOf = ({ params }: SweepRow, names: readonly string[]): readonly string[] =>
  names.map((name) => said(params[name]));

/** The first rows, and how many more there are. */
const some = <T>(rows: readonly T[]) => ({
  shown: rows.slice(0, MOST_ROWS),
  more: rows.length > MOST_ROWS ? [paragraph(`And ${count(rows.length - MOST_ROWS, 'more row', 'more rows')}.`)] : [],
});

/** Rows by what failed and why: most faults are those of a point, on all masks. */
function failureSection(failures: readonly FailedRow[], params: readonly string[]): Section {
  const faults = new Map<string, FailedRow[]>();
  for (const row of failures) {
    const fault = JSON.stringify([row.point, row.error.code, row.error.message]);
    faults.set(fault, [...(faults.get(fault) ?? []), row]);
  }
  const { shown, more } = some([...faults.values()]);
  const lines = shown.map((rows) => [
    ...valuesOf(rows[0], params),
    rows.map(({ replicate }) => replicate).join(', '),
    rows[0].error.code,
    rows[0].error.message,
  ]);
  const head = [...params, 'masks', 'code', 'why'];
  return {
    title: 'What failed, and why',
    parts: [
      html`<div class="reasons">${table({
        caption: count(failures.length, 'row'),
        ...{ head, lines },
        texts: [...head.keys()],
      })}</div>`,
      ...more,
    ],
  };
}

function rowSection(rows: readonly SweepRow[], params: readonly string[]): Section {
  const { shown, more } = some(rows);
  const head = [...params, 'mask', 'most iterations', 'test loss', 'train loss', 'iterations', 'ended', 'seconds'];
  const lines = shown.map((row) => [
    ...valuesOf(row, params),
    String(row.replicate),
    row.budget === null ? '' : String(row.budget),
    ...(isFitted(row)
      ? [
          number(row.testLoss),
          number(row.trainLoss),
          String(row.iterations),
          row.converged ? 'converged' : 'not converged',
        ]
      : ['', '', '', 'failed']),
    row.seconds.toFixed(3),
  ]);
  const rowsTable = filled({ head, lines });
  return {
    title: 'Every row',
    parts: [
      html`<div class="tall">${table({ caption: 'Every point on every mask', ...rowsTable, texts: [...params.keys(), params.length] })}</div>`,
      ...more,
    ],
  };
}
