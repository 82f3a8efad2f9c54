import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadNative } from '../src/kernels/native.js';
import { readOptions, usage } from './cli.js';
import { type Context, cache, root, Skip } from './context.js';
import { describeMachine, load } from './machine.js';
import { cases } from './race/cases.js';
import { toMarkdown } from './report/markdown.js';
import { dataOf, type Outcome, type Report, type Sections } from './report/report.js';
import { toSvg } from './report/svg.js';
import { files } from './sections/files.js';
import { headline } from './sections/headline.js';
import { masked } from './sections/masked.js';
import { memory } from './sections/memory.js';
import { micro } from './sections/micro.js';
import { overhead } from './sections/overhead.js';
import { poisson } from './sections/poisson.js';
import { threads } from './sections/threads.js';
import { timeToLoss } from './sections/time-to-loss.js';

const { only, quick, repeats, ...options } = readOptions(process.argv.slice(2));
const began = performance.now();
const context: Context = {
  kernels: loadNative(),
  threads: options.threads,
  seeds: quick ? [1] : [1, 2, 3],
  repeats,
  quick,
  log: (line) => console.error(`${((performance.now() - began) / 1000).toFixed(0).padStart(5)} s  ${line}`),
};
const names: readonly (keyof Sections)[] = [
  'overhead',
  'threads',
  'masked',
  'headline',
  'memory',
  'loss',
  'poisson',
  'files',
  'micro',
];
const asked = (name: string) => only.length === 0 || only.includes(name);
const races = cases.filter(({ id }) => asked('loss') || only.some((name) => id.startsWith(name)));
if (!names.some(asked) && races.length === 0) {
  const known = [...names, ...cases.map(({ id }) => id)].join(', ');
  throw new Error(`nothing is called ${only.join(', ')}; there are ${known}\n${usage}`);
}

/** A section with its circumstances. One that fails is told, and leaves the others their figures. */
async function measure<S extends keyof Sections>(
  name: S,
  wanted: boolean,
  work: () => Sections[S] | Promise<Sections[S]>,
): Promise<{ readonly [_ in S]?: Outcome<Sections[S]> }> {
  if (!wanted) return {};
  const [loadBefore, from] = [load(), performance.now()];
  try {
    const data = await work();
    return named(name, { seconds: (performance.now() - from) / 1000, loadBefore, loadAfter: load(), data });
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    if (!(error instanceof Skip)) {
      process.exitCode = 1;
      console.error(error);
    }
    context.log(`${name}: skipped, ${reason}`);
    return named(name, { skipped: error instanceof Skip ? reason : `it failed: ${reason}` });
  }
}

/** TypeScript widens a computed key to string. */
const named = <S extends keyof Sections>(name: S, outcome: Outcome<Sections[S]>) =>
  ({ [name]: outcome }) as { readonly [_ in S]: Outcome<Sections[S]> };

const sections: Report['sections'] = {
  ...(await measure('overhead', asked('overhead'), () => overhead(context))),
  ...(await measure('threads', asked('threads'), () => threads(context))),
  ...(await measure('masked', asked('masked'), () => masked(context))),
  ...(await measure('headline', asked('headline'), () => headline(context))),
  ...(await measure('memory', asked('memory'), () => memory(context))),
  ...(await measure('loss', races.length > 0, () => timeToLoss(context, races))),
  ...(await measure('poisson', asked('poisson'), () => poisson(context))),
  ...(await measure('files', asked('files'), () => files(context))),
  ...(await measure('micro', asked('micro'), () => micro(context))),
};

const report: Report = {
  machine: describeMachine(),
  threads: context.threads,
  repeats,
  quick,
  seconds: (performance.now() - began) / 1000,
  sections,
};
const whole = only.length === 0 && !quick;
const folder = options.out ?? (whole ? join(root, 'bench', 'results') : join(cache, 'part'));
mkdirSync(folder, { recursive: true });
const latest = join(folder, 'latest.json');
writeFileSync(latest, `${JSON.stringify(report)}\n`);
// What is tracked is formatted.
spawnSync(process.execPath, [join(root, 'node_modules/@biomejs/biome/bin/biome'), 'format', '--write', latest], {
  cwd: root,
  stdio: 'ignore',
});
writeFileSync(join(folder, `${report.machine.date}.md`), toMarkdown(report));
const loss = dataOf(report, 'loss');
if (loss !== null) writeFileSync(join(folder, 'time-to-loss.svg'), toSvg(loss.races));
context.log(`written to ${folder}`);
