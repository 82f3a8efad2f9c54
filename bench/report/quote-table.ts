import { secondsTo } from '../race/race.js';
import type { RaceResult } from '../race/result.js';
import { rcppml } from '../sections/headline.js';
import { rcppmlMasked } from '../sections/masked.js';
import { digits, percent, seconds, table, times } from './format.js';
import { oursFor } from './loss-tables.js';
import { dataOf, type Report } from './report.js';

/** Goals that are quoted. */
const quoted = [0.01, 0.001] as const;

/** The table that README shows: a test holds the two together. */
export function quoteTable(report: Report): string {
  const { machine, threads } = report;
  const rows = [
    ...(dataOf(report, 'loss')?.races.flatMap(raceRows) ?? []),
    ...headlineRows(report),
    ...maskedRows(report),
  ];
  const where = `${machine.date}, ${machine.cpu}, ${threads} threads, sources at ${machine.git}`;
  return `${table(['work', 'factorloom', 'other', 'ratio'], rows)}\n\n${where}`;
}

function raceRows(race: RaceResult): readonly string[][] {
  const theirs = race.runs.filter((run) => run.program === 'scikit-learn' && run.precision === 'f64');
  if (theirs.length === 0) return [];
  return quoted.map((goal) => {
    const [own, other] = [secondsTo(oursFor(race, 'f64'), goal, 'all'), secondsTo(theirs, goal, 'all')];
    const work = `${race.label}, k = ${race.k}: to ${percent(goal)} of the best loss`;
    return [work, seconds(own), `scikit-learn CD ${seconds(other)}`, times(other, own)];
  });
}

function headlineRows(report: Report): readonly string[][] {
  const found = dataOf(report, 'headline');
  if (found === null || !found.comparable) return [];
  const [{ threads, msPerIteration }] = found.rows;
  const work = `${found.shape}, k = ${found.k}: an iteration of \`fit()\``;
  const own = `${digits(msPerIteration.median)} ms on ${threads} threads`;
  return [
    [work, own, `RcppML on ${rcppml.gpu}, published ${rcppml.gpuMs} ms`, times(rcppml.gpuMs, msPerIteration.median)],
    [work, own, `RcppML on ${rcppml.cpu}, published ${rcppml.cpuMs} ms`, times(rcppml.cpuMs, msPerIteration.median)],
  ];
}

function maskedRows(report: Report): readonly string[][] {
  const found = dataOf(report, 'masked');
  if (found === null) return [];
  return found.rows
    .filter(({ data, precision }) => data === 'pbmc3k' && precision === 'f32')
    .map(({ k, heldOut }) => [
      `pbmc3k, k = ${k}, ${percent(found.fraction)} held out: an iteration of the kernel`,
      `${digits(heldOut.median)} ms on ${report.threads} threads`,
      `RcppML, 1 thread, measured earlier ${digits(1000 * rcppmlMasked[k])} ms`,
      times(1000 * rcppmlMasked[k], heldOut.median),
    ]);
}
