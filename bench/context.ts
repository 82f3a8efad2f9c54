import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Kernels } from '../src/kernels/kernels.js';

/** What every section is told. */
export interface Context {
  readonly kernels: Kernels;
  readonly threads: number;
  readonly seeds: readonly number[];
  /** Runs of what takes up to a second; see `repeatsFor`. */
  readonly repeats: number;
  /** Small budgets: to see that it works, not to quote. */
  readonly quick: boolean;
  log(line: string): void;
}

/** A section, or a part of it, that can't be measured here. */
export class Skip extends Error {}

export const allThreads = availableParallelism();

export const root = fileURLToPath(new URL('..', import.meta.url));

/** Virtual environment and matrices on their way to children; not tracked, for it lies in node_modules. */
export const cache = fileURLToPath(new URL('../node_modules/.cache/bench/', import.meta.url));

/** Short fits are repeated more; long ones 3 times above a second, once above four, where the starts are the repeats. */
export function repeatsFor(seconds: number, { repeats }: Context): number {
  if (seconds > 4) return 1;
  if (seconds > 1) return Math.min(3, repeats);
  return seconds < 0.1 ? 3 * repeats : repeats;
}
