import { table } from './format.js';
import { lossSection } from './loss-tables.js';
import type { Outcome, Report, Sections } from './report.js';
import {
  filesSection,
  headlineSection,
  maskedSection,
  memorySection,
  microSection,
  overheadSection,
  poissonSection,
  threadsSection,
} from './section-tables.js';

const writers: { readonly [S in keyof Sections]: (data: Sections[S]) => string } = {
  loss: lossSection,
  headline: headlineSection,
  masked: maskedSection,
  threads: threadsSection,
  overhead: overheadSection,
  memory: memorySection,
  poisson: poissonSection,
  files: filesSection,
  micro: microSection,
};

/** The whole report as a page. */
export function toMarkdown(report: Report): string {
  const { machine, threads, repeats, quick, seconds, sections } = report;
  const circumstances = Object.entries(sections).map(([name, outcome]) =>
    'skipped' in outcome
      ? [name, `skipped: ${outcome.skipped}`, '', '']
      : [name, `${outcome.seconds.toFixed(0)} s`, outcome.loadBefore.join(', '), outcome.loadAfter.join(', ')],
  );
  return `${[
    `# Bench, ${machine.date}`,
    quick ? '**A quick run with small budgets: to see that it works, not to quote.**' : '',
    `${machine.cpu}, ${machine.cores} cores, ${machine.avx512 ? 'AVX-512' : 'no AVX-512'}, ${machine.memoryGiB} GiB, ${machine.platform}; Node ${machine.node}, ${machine.rust}; sources at ${machine.git}. ${threads} threads; ${repeats} repeats of short fits, in random order. ${(seconds / 60).toFixed(1)} minutes in all. Ratios are of times measured in this run, unless a column says otherwise; every sample is in \`latest.json\`.`,
    table(['section', 'took', 'load before (1, 5 min)', 'load after'], circumstances),
    ...(Object.keys(writers) as (keyof Sections)[]).map((name) => write(name, sections[name])), // the keys just above
  ]
    .filter((part) => part !== '')
    .join('\n\n')}\n`;
}

function write<S extends keyof Sections>(name: S, outcome: Outcome<Sections[S]> | undefined): string {
  return outcome === undefined || 'skipped' in outcome ? '' : writers[name](outcome.data);
}
