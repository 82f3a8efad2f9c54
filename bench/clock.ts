import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Random, shuffled } from './random.js';

setFlagsFromString('--expose-gc');
/** Collects garbage. */
export const collect = runInNewContext('gc') as () => void; // the flag above defines it

/** Something timed: each run returns its seconds, or whatever it measures. */
export interface Timed<T = number> {
  readonly repeats: number;
  run(): Promise<T>;
}

/**
 * Seconds of wall time. Before the clock starts the garbage of earlier runs is collected, and a little of the same work is
 * done: code and data that were put aside meanwhile are near again.
 */
export async function wall<T>(
  work: () => Promise<T>,
  warmUp: () => Promise<unknown>,
): Promise<{ readonly seconds: number; readonly value: T }> {
  collect();
  await warmUp();
  return lap(work);
}

/** Seconds of wall time, and what the work came to. */
export async function lap<T>(work: () => Promise<T>): Promise<{ readonly seconds: number; readonly value: T }> {
  const began = performance.now();
  const value = await work();
  return { seconds: (performance.now() - began) / 1000, value };
}

/**
 * Milliseconds from each iteration of a fit to the next, by a fit that tells of every one; all that happens once lies
 * before the first and after the last.
 */
export async function pace(work: (tell: () => void) => Promise<unknown>): Promise<readonly number[]> {
  const told: number[] = [];
  await work(() => told.push(performance.now()));
  return told.slice(1).map((at, i) => at - told[i]);
}

/** A task of work that has its own clock. */
export function timed(repeats: number, work: () => Promise<{ readonly seconds: number }>): Timed {
  return { repeats, run: async () => (await work()).seconds };
}

/** Every task once per round, each round in an order of its own: a slow minute hits all alike. Samples by task. */
export async function interleave<T>(tasks: readonly Timed<T>[], next: Random): Promise<T[][]> {
  const samples = tasks.map((): T[] => []);
  const rounds = Math.max(0, ...tasks.map(({ repeats }) => repeats));
  for (let round = 0; round < rounds; round++) {
    const due = [...tasks.keys()].filter((t) => tasks[t].repeats > round);
    for (const t of shuffled(due, next)) samples[t].push(await tasks[t].run());
  }
  return samples;
}
