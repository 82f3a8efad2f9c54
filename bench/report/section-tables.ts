import type { Files } from '../sections/files.js';
import { type Headline, rcppml } from '../sections/headline.js';
import { type Masked, rcppmlMasked } from '../sections/masked.js';
import type { Memory } from '../sections/memory.js';
import type { Micro } from '../sections/micro.js';
import type { Overhead } from '../sections/overhead.js';
import type { Poisson } from '../sections/poisson.js';
import type { Threads } from '../sections/threads.js';
import type { Spread } from '../stats.js';
import { digits, percent, table, times } from './format.js';

/** Median, and the least of the samples. */
const both = ({ median, min }: Spread, unit: string): string => `${digits(median)} ${unit} (min ${digits(min)})`;

export function headlineSection({ comparable, shape, k, rows }: Headline): string {
  const against = (theirs: number, ours: number) => times(comparable ? theirs : null, ours);
  return [
    '## The matrix that RcppML times on a GPU',
    `${shape}, k = ${k}, 32 bits, made by a seeded generator. A full iteration is the median of the times from one to the next as \`fit()\` tells of them; the last column is all of a fit. RcppML's figures are from its documentation, for a matrix of that size, not rerun.`,
    table(
      [
        '',
        'per iteration',
        `${rcppml.gpu}, ${rcppml.gpuMs} ms / ours`,
        `${rcppml.cpu}, ${rcppml.cpuMs} ms / ours`,
        '20 iterations, everything',
      ],
      rows.map(({ threads, msPerIteration, secondsOf20 }) => [
        `factorloom, ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
        `${digits(msPerIteration.median)} ms`,
        against(rcppml.gpuMs, msPerIteration.median),
        against(rcppml.cpuMs, msPerIteration.median),
        both(secondsOf20, 's'),
      ]),
    ),
  ].join('\n\n');
}

export function maskedSection({ fraction, rows }: Masked): string {
  return [
    '## Holding entries out',
    `${percent(fraction)} of all entries held out and scored; medians of the milliseconds from one iteration of the kernel to the next. With entries held out nothing is extrapolated, so the plain iteration is the one to compare with; an extrapolated one is told of once it is accepted. RcppML's cross-validation of pbmc3k, default build, one thread of a machine of this class, not rerun: ${Object.entries(
      rcppmlMasked,
    )
      .map(([k, s]) => `${s} s (k = ${k})`)
      .join(', ')}.`,
    table(
      ['', 'k', '', 'held out', 'nothing held out', 'and extrapolated', 'held out / nothing', 'RcppML / held out'],
      rows.map(({ data, k, precision, heldOut, plain, extrapolated }) => [
        data,
        String(k),
        precision,
        `${digits(heldOut.median)} ms`,
        `${digits(plain.median)} ms`,
        `${digits(extrapolated.median)} ms`,
        times(heldOut.median, plain.median),
        times(data === 'pbmc3k' ? 1000 * rcppmlMasked[k] : null, heldOut.median),
      ]),
    ),
  ].join('\n\n');
}

export function threadsSection({ rows }: Threads): string {
  return [
    '## Threads',
    'Twenty iterations of the kernel.',
    table(
      ['', 'k', '', '1 thread', 'all threads', 'speed-up', 'same bytes'],
      rows.map(({ data, k, precision, threads, one, all, identical }) => [
        data,
        String(k),
        precision,
        both(one, 's'),
        `${both(all, 's')} on ${threads}`,
        times(one.median, all.median),
        identical ? 'yes' : '**no**',
      ]),
    ),
  ].join('\n\n');
}

export function overheadSection({ rows }: Overhead): string {
  return [
    '## Overhead',
    'One layer, one iteration from a given start, warm; medians. In the first column a graph is built, checked, compiled, fitted and summarised; in the second it was compiled before; in the third the kernel is called with what it needs. Before its first instruction a kernel has waited for no more than a call on the smallest matrix and what `fit()` adds.',
    table(
      ['', 'k', 'repeats', 'graph and fit()', 'fit()', 'kernel', 'what fit() adds'],
      rows.map(({ data, k, graph, fit, kernel }) => [
        data,
        String(k),
        String(graph.samples.length),
        both(graph, 'ms'),
        both(fit, 'ms'),
        both(kernel, 'ms'),
        `${digits(fit.median - kernel.median)} ms`,
      ]),
    ),
  ].join('\n\n');
}

export function memorySection({ data, k, rows }: Memory): string {
  return [
    '## Peak memory',
    `Resident memory of a process that holds ${data} and a start and has made a small fit, the garbage of loading collected; and how much more there is at the peak of a fit of k = ${k}, as the operating system counts it. Beside it the bytes of the transpose and six panels of factors. A process for each of ${rows[0].added.samples.length} fits; medians, and the most of any.`,
    table(
      ['', 'loaded', 'a fit adds', 'the most', 'transpose + 6 panels', 'ratio'],
      rows.map(({ precision, loaded, added, expected }) => [
        precision,
        `${digits(loaded.median)} MiB`,
        `${digits(added.median)} MiB`,
        `${digits(Math.max(...added.samples))} MiB`,
        `${digits(expected)} MiB`,
        times(added.median, expected),
      ]),
    ),
  ].join('\n\n');
}

export function poissonSection({ shape, rows }: Poisson): string {
  const theirs = (k: number) =>
    rows.find((row) => row.k === k && row.program === 'scikit-learn')?.secondsToGoal?.median;
  return [
    "## Counts as Poisson's",
    `${shape}, generalized Kullback–Leibler divergence summed over all entries; one thread, one start for every program and seed. Seconds until a fit is within 1% of the best divergence that any found: of the kernel alone, and of scikit-learn's fit calls (multiplicative updates, 64 bits, a rung of 5 to 40 iterations at a time).`,
    table(
      ['k', '', 'solver', '', 'per iteration', 'to 1%', 'scikit-learn / ours', 'least divergence'],
      rows.map(({ k, program, solver, precision, msPerIteration, secondsToGoal, least }) => [
        String(k),
        program,
        solver,
        precision,
        `${digits(msPerIteration)} ms`,
        secondsToGoal === null ? 'not reached' : both(secondsToGoal, 's'),
        program === 'scikit-learn' || secondsToGoal === null ? '' : times(theirs(k) ?? null, secondsToGoal.median),
        least.toFixed(0),
      ]),
    ),
  ].join('\n\n');
}

export function filesSection({ rows }: Files): string {
  return [
    '## Files',
    'From a file that lies in memory to a matrix, in turns with the other program, which keeps its process; medians.',
    table(
      ['', 'readMatrix', '', 'it takes', 'theirs / ours'],
      rows.map(({ file, ours, by, theirs }) => [
        file,
        both(ours, 'ms'),
        by,
        both(theirs, 'ms'),
        times(theirs.median, ours.median),
      ]),
    ),
  ].join('\n\n');
}

export function microSection({ rows }: Micro): string {
  return [
    '## Kernels against the peak of this machine',
    'One thread; the peak is measured by the same program at the same moment. For the gather and the mask it is what a plain loop, compiled with the same flags, reaches.',
    table(
      ['kernel', 'k', '', 'reached', 'peak, or plain loop', 'of it'],
      rows.map(({ kernel, k, type, value, unit, peak, fraction }) => [
        kernel,
        k === 0 ? '' : String(k),
        type,
        `${digits(value)} ${unit}`,
        `${digits(peak)} ${unit}`,
        `${(100 * fraction).toFixed(0)}%`,
      ]),
    ),
  ].join('\n\n');
}
