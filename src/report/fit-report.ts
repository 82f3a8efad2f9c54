import { explain } from '../compiler/explain.js';
import { checkPath } from '../io/check-path.js';
import { packageVersion } from '../io/version.js';
import { show } from '../issues.js';
import { isList } from '../labels.js';
import type { FitReportOptions } from '../report-options.js';
import type { InputSummary, LayerFit } from '../runtime/fit.js';
import type { Kept } from '../runtime/kept.js';
import { checking } from '../viz/check.js';
import { plotGraph } from '../viz/graph.js';
import { lossCurves, type WithHistory } from '../viz/loss.js';
import { plotVariance } from '../viz/variance.js';
import { facts, filled, type Html, html, list, paragraph, table, verbatim } from './html.js';
import { layerSection, type Shown } from './layer-section.js';
import { count, moment, number, percent, seconds } from './numbers.js';
import { type Figure, type Page, pageOf, type Section } from './page.js';
import { writeReport } from './write.js';

const OPTIONS = ['title', 'groups', 'layers', 'top'];
const MOST_GROUPS = 255;
const MOST_TOP = 100;

/** See `report` of a fit. */
export async function reportFit(kept: Kept, path: string, options: FitReportOptions = {}): Promise<void> {
  checkPath('report', path);
  const { title, layers, ...shown } = checked(kept, options);
  const sections: Section[] = [];
  for (const layer of layers) sections.push(await layerSection(layer, kept, shown));
  await writeReport(path, await pageOf(fitPage(kept, title, sections)));
}

interface Checked extends Shown {
  readonly title: string | undefined;
  readonly layers: readonly string[];
}

function checked({ layers }: Kept, options: FitReportOptions): Checked {
  const check = checking('report');
  const known = Object.keys(layers);
  const { title, groups, layers: chosen = known, top = 8 } = check.options(options, OPTIONS);
  check.option(
    'top',
    Number.isInteger(top) && top >= 1 && top <= MOST_TOP,
    `a whole number from 1 to ${MOST_TOP}`,
    top,
  );
  const names = Array.isArray(chosen) ? chosen : [];
  check.option('layers', Array.isArray(chosen), 'a list of layers', chosen);
  for (const [i, name] of names.entries())
    check.option(`layers.${i}`, known.includes(name), `one of the layers ${known.join(', ')}`, name);
  if (groups !== undefined) {
    const counts = [...new Set(Object.values(layers).map(({ H }) => H.cols))];
    const rule = `${counts.join(' or ')}, one for each sample`;
    const fits = isList(groups) && counts.includes(groups.length);
    check.refuse('groups', fits, rule, isList(groups) ? String(groups.length) : show(groups));
    const different = isList(groups) ? new Set(Array.from(groups)).size : 0;
    check.refuse('groups', different <= MOST_GROUPS, `at most ${MOST_GROUPS} groups`, String(different));
  }
  check.done();
  return { title, groups, layers: names, top };
}

function fitPage(kept: Kept, title: string | undefined, layers: readonly Section[]): Page {
  const { plan, summary } = kept;
  const inputs = Object.keys(summary.inputs);
  const what = inputs.length > 4 ? count(inputs.length, 'input') : inputs.join(', ');
  return {
    title: title ?? `Factorization of ${what}`,
    lead: [
      facts([
        ['Written', moment(new Date())],
        ['Mean squared error, all inputs', Number.isFinite(summary.loss) ? number(summary.loss) : undefined],
        ['Fitted in', seconds(summary.seconds)],
        ['Seed', String(summary.seed)],
        ['Kernels', summary.backend],
        ['factorloom', packageVersion()],
        ['Node', process.versions.node],
      ]),
      ...notes(summary.notes),
    ],
    sections: [
      {
        title: 'The graph',
        parts: [
          { draw: () => plotGraph({ plan }), caption: 'What reads what, from the data above to the output below.' },
        ],
      },
      { title: 'The plan', parts: [verbatim('The plan', explain(plan))] },
      dataSection(kept),
      lossSection(kept),
      ...layers,
    ],
  };
}

const notes = (texts: readonly string[]): readonly Html[] =>
  texts.length === 0
    ? []
    : [html`<aside class="notes" aria-labelledby="notes"><h2 id="notes">Worth knowing</h2>${list(texts)}</aside>`];

function dataSection({ summary }: Kept): Section {
  const inputs = Object.entries(summary.inputs);
  const explains = inputs.some(([, { factors }]) => Object.values(factors).some((each) => each.length > 0));
  return {
    title: 'The data',
    parts: [
      table({
        caption: 'Inputs, and how well each comes back through the whole graph',
        head: ['input', 'features × samples', 'missing', 'loss', 'explained'],
        lines: inputs.map(([name, input]) => [
          name,
          `${input.rows} × ${input.cols}`,
          missingText(input),
          number(input.loss),
          percent(input.explained),
        ]),
      }),
      ...(explains
        ? [
            {
              draw: () => plotVariance({ summary }),
              caption: 'What each factor of the output explains of each input by itself.',
            },
          ]
        : []),
    ],
  };
}

const missingText = ({ missing, rows, cols }: InputSummary): string =>
  missing === 0 ? 'none' : `${missing.toLocaleString('en')} (${percent(missing / rows / cols)})`;

function lossSection({ layers, summary }: Kept): Section {
  const entries = Object.entries(layers);
  return {
    title: 'Losses',
    parts: [
      table({
        caption: 'Layers, each by its own input',
        ...filled({
          head: ['layer', 'method', 'k', 'loss', 'objective', 'iterations', 'ended', 'best start', 'still open (kkt)'],
          lines: entries.map(([name, layer]) => [
            name,
            layer.method,
            String(layer.d.length),
            number(layer.loss),
            number(layer.objective),
            String(layer.iterations),
            layer.converged ? 'converged' : 'before its tolerance',
            layer.restart === 0 ? '' : String(layer.restart),
            layer.kkt.toPrecision(3),
          ]),
        }),
        texts: [1],
      }),
      ...curve('Loss', Object.fromEntries(entries.filter(([, layer]) => hasHistory(layer))), 'layer', 'iteration'),
      ...(summary.rounds.length === 0 ? [] : roundsOf(summary.rounds)),
    ],
  };
}

function roundsOf(rounds: Kept['summary']['rounds']): readonly (Html | Figure)[] {
  const inputs = Object.keys(rounds[0].inputs);
  const history = (input: string) => rounds.map(({ round, inputs }) => ({ iteration: round, loss: inputs[input] }));
  return [
    paragraph(
      `Then all layers were trained at once: the objective fell from ${number(rounds[0].objective)} to ${number(rounds[rounds.length - 1].objective)} in ${count(rounds.length - 1, 'round')}.`,
    ),
    ...curve(
      'Joint training',
      Object.fromEntries(inputs.map((input) => [input, { history: history(input) }])),
      'input',
      'round',
    ),
  ];
}

/** What has losses, by name, and what one of these and one step of it is called. */
function curve(
  title: string,
  lines: Readonly<Record<string, WithHistory>>,
  line: string,
  step: string,
): readonly Figure[] {
  const names = Object.keys(lines);
  const caption = `Mean loss per entry of ${names.join(', ')}, ${step} by ${step}.`;
  return names.length === 0 ? [] : [{ draw: () => lossCurves(lines, { title }, { line, step }), caption }];
}

/** Of one iterate there is no curve. */
const hasHistory = ({ history }: LayerFit<string>): boolean =>
  history.length > 1 && history.every(({ loss }) => Number.isFinite(loss));
