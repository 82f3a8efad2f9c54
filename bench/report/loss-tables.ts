import { secondsTo } from '../race/race.js';
import { goals, type RaceResult, type Reference, type Run } from '../race/result.js';
import type { TimeToLoss } from '../sections/time-to-loss.js';
import { median } from '../stats.js';
import { above, digits, percent, seconds, table, times } from './format.js';

/** The runs of one clock, one for each seed. */
export interface Clocked {
  readonly title: string;
  readonly runs: readonly Run[];
}

export function clocksOf({ runs }: RaceResult): readonly Clocked[] {
  const titled = runs.map((run) => ({ title: titleOf(run), run }));
  return [...new Set(titled.map(({ title }) => title))].map((title) => ({
    title,
    runs: titled.filter((one) => one.title === title).map(({ run }) => run),
  }));
}

export const titleOf = ({ program, clock, precision, threads }: Run): string =>
  `${program} ${clock}, ${precision}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;

/** Ours by `fit()` on all threads, in a precision and from the same starts: what others are compared with. */
export function oursFor(race: RaceResult, precision: string, starts: readonly Run[] = race.runs): readonly Run[] {
  const seeds = new Set(starts.map(({ seed }) => seed));
  const runs = race.runs.filter(
    (run) =>
      run.program === 'factorloom' && run.clock === 'fit()' && run.precision === precision && seeds.has(run.seed),
  );
  const threads = Math.max(...runs.map((run) => run.threads));
  return runs.filter((run) => run.threads === threads);
}

export function lossSection({ peer, races, skipped }: TimeToLoss): string {
  const about =
    'skipped' in peer
      ? `scikit-learn was skipped: ${peer.skipped}.`
      : `scikit-learn ${peer.sklearn} on Python ${peer.python}, numpy ${peer.numpy}, scipy ${peer.scipy}; its BLAS: ${peer.blas
          .map(({ name, version, core, threads }) => `${name} ${version} (${core} kernels, ${threads} threads)`)
          .join(', ')}.`;
  const left = skipped.map(({ id, reason }) => `- ${id}: skipped, ${reason}`).join('\n');
  return [
    '## Time to loss',
    'Seconds of a whole fit with just enough iterations to come within 1%, 0.1% and 0.01% of the best known loss; medians over repeats, then over the starts. One start (W and H) for all; penalties, tolerance and shuffling off. scikit-learn is handed the transpose, so that both solve for H first, in the type and layout it computes in, and H scaled as ours is; its clock is around the call alone. Both processes are warm: each timed fit follows an untimed iteration on the same matrix. Ours begins before the matrix is looked at: checks, compiling, drawing the start and the summary are in it. Losses are computed outside the clocks by one 64-bit evaluator. Numbers of iterations are taken from a ladder (1 to 6, then steps of a seventh to a quarter), the same for all. A goal is "not reached" where half of the starts did not reach it in the time given. Fits under 0.1 s are repeated three times as often as others, those over 1 s 3 times, those over 4 s once for each start; scikit-learn in 32 bits is run from the first start only.',
    about,
    '![Excess loss against seconds](time-to-loss.svg)',
    ...races.map(raceTables),
    left,
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function raceTables(race: RaceResult): string {
  const { label, shape, k, best, bestBySeed, long, checks } = race;
  const spreadOfBest = bestBySeed.map(({ seed, loss }) => `${percent(loss / best - 1)} (seed ${seed})`).join(', ');
  const longest = long.map(({ iterations }) => iterations).join(', ');
  return [
    `### ${label}, k = ${k}`,
    `${shape}. Best known loss ${best.toPrecision(8)}; best from each start above it by ${spreadOfBest}. Our long fits ran ${longest} iterations. The evaluator differs from the definition by ${checks.evaluator.toExponential(1)}, repeated fits from explored ones by ${checks.repeated.toExponential(1)}.`,
    'To the best loss known from any start:',
    goalTable(race, 'all'),
    'To the best loss known from the same start:',
    goalTable(race, 'seed'),
  ].join('\n\n');
}

function goalTable(race: RaceResult, of: Reference): string {
  const rows = clocksOf(race).map(({ title, runs }) => {
    const finals = runs.map(({ final }) => final);
    const excess = above(median(finals.map(({ loss }) => loss)) / race.best - 1);
    const ours = oursFor(race, runs[0].precision, runs);
    return [
      title,
      ...goals.flatMap((goal) => {
        const own = secondsTo(runs, goal, of);
        return [seconds(own), times(own, secondsTo(ours, goal, of)), bySeed(runs, goal, of)];
      }),
      `${excess} after ${median(finals.map(({ iterations }) => iterations))}`,
    ];
  });
  const published = race.published.map(({ tool, seconds: reached, finalLoss }) => [
    `${tool} ¹`,
    ...reached.flatMap(({ goal, seconds: own }) => {
      const ours = oursFor(
        race,
        tool.startsWith('RcppML') && race.runs.some((r) => r.precision === 'f32') ? 'f32' : 'f64',
      );
      return [seconds(own), times(own, secondsTo(ours, goal, of)), ''];
    }),
    above(finalLoss / race.best - 1),
  ]);
  const head = ['', ...goals.flatMap((goal) => [percent(goal), '/ ours', 'each start']), 'at the end (iterations)'];
  const note =
    published.length > 0 && of === 'all'
      ? '\n\n¹ From the anchors: another machine of the same class, other starts, not rerun.'
      : '';
  return table(head, of === 'all' ? [...rows, ...published] : rows) + note;
}

const bySeed = (runs: readonly Run[], goal: number, of: Reference): string =>
  runs
    .map((run) => run.reached.find((found) => found.goal === goal && found.of === of)?.seconds?.median)
    .map((s) => (s === undefined ? '–' : digits(s)))
    .join(', ');
