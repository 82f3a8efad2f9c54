import type { Matrix } from '../../src/index.js';
import { interleave, lap, timed } from '../clock.js';
import type { Context } from '../context.js';
import { aml, orNull, pbmc3k } from '../data/matrices.js';
import { graphOf, kernelArgs, runGraph, startOf } from '../ours.js';
import { random } from '../random.js';
import { type Spread, spread } from '../stats.js';

export interface Overhead {
  readonly rows: readonly {
    readonly data: string;
    readonly k: number;
    /** Milliseconds from the matrix to a fitted one-layer graph, one iteration. */
    readonly graph: Spread;
    /** Of these, from `fit()` on: the graph was compiled before. */
    readonly fit: Spread;
    /** The same by the kernel alone. */
    readonly kernel: Spread;
  }[];
}

/** So small that plumbing is all there is. */
const four = (): Matrix => ({
  kind: 'dense',
  rows: 4,
  cols: 4,
  data: Float64Array.from({ length: 16 }, (_, p) => (p * 7) % 5),
});

/** What a graph costs beyond its kernel: input checks, compiling, the summary. */
export async function overhead({ kernels, threads, quick }: Context): Promise<Overhead> {
  const cases = [
    { data: 'warming up', X: four, k: 2, repeats: 50 },
    { data: '4 × 4', X: four, k: 2, repeats: 100 },
    { data: 'aml', X: aml, k: 6, repeats: 100 },
    { data: 'pbmc3k', X: pbmc3k, k: 10, repeats: 20 },
  ];
  const rows: Overhead['rows'][number][] = [];
  for (const { data, X: make, k, repeats } of cases) {
    const X = orNull(make);
    if (X === null) continue;
    const request = { X, start: startOf(X, k, 1), iterations: 1, threads, precision: 'f64' } as const;
    const args = kernelArgs(request);
    const net = graphOf(request);
    const count = quick ? Math.ceil(repeats / 10) : repeats;
    const works = [
      () => runGraph(request),
      () => net.fit({ threads, backend: 'native' }),
      () => kernels.nmf(args, { threads }),
    ];
    const laps = works.map((work) => timed(count, () => lap<unknown>(work)));
    const [graph, fit, kernel] = (await interleave(laps, random(1))).map(milliseconds);
    rows.push({ data, k, graph, fit, kernel });
  }
  return { rows: rows.slice(1) };
}

const milliseconds = (seconds: readonly number[]): Spread => spread(seconds.map((s) => 1000 * s));
