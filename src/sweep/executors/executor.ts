import { availableParallelism } from 'node:os';
import type { Kernels } from '../../kernels/kernels.js';
import type { Memory } from '../../solver.js';
import type { Fitted, Looks, Task } from '../fit-point.js';
import type { Replicate } from '../replicate.js';
import type { Steps } from '../shared-steps.js';

/** Where fits of points are made. Nothing in their numbers depends on it. */
export interface Executor {
  /** Fits at once, at most. */
  readonly slots: number;
  /** What a mask leaves of the data, where all fits can read it. */
  placed(replicate: Replicate): Replicate;
  /** Fits a point, of whose layers others may know some; a cancelled one rejects with the reason. */
  fit(task: Task, steps: Steps): Promise<Fitted>;
  /** Ends all that was begun: nothing of it is left once this has resolved. */
  close(): Promise<void>;
}

/** What makes one fit at a time. */
export type Fitter = Pick<Executor, 'fit' | 'close'>;

export interface ExecutorOptions {
  readonly kernels: Kernels;
  readonly looks: Looks | null;
  /** Whether fits are to be kept beside their rows. */
  readonly keeps: boolean;
  readonly memory: Memory | undefined;
  readonly signal: AbortSignal | undefined;
  /** Threads for the kernels of each fit that is made at the same time, as `sharesOf` has them. */
  readonly shares: readonly (number | undefined)[];
}

/**
 * Threads divided among so many fits, as evenly as can be: at least one each, so there are no more fits than threads.
 * undefined: all cores, for the only fit.
 */
export function sharesOf(threads: number | undefined, workers: number): readonly (number | undefined)[] {
  if (workers === 1) return [threads];
  const all = threads ?? availableParallelism();
  const slots = Math.min(workers, all);
  return Array.from({ length: slots }, (_, at) => Math.floor(all / slots) + (at < all % slots ? 1 : 0));
}

/** Fitters taken in turn, each by one fit at a time. */
export function inTurn(fitters: readonly Fitter[]): Pick<Executor, 'slots' | 'fit' | 'close'> {
  const free = [...fitters];
  return {
    slots: fitters.length,
    async fit(task, steps) {
      const fitter = free.shift();
      if (fitter === undefined) throw new TypeError('there must be no more fits at once than slots');
      try {
        return await fitter.fit(task, steps);
      } finally {
        free.unshift(fitter);
      }
    },
    close: async () => {
      await Promise.all(fitters.map((fitter) => fitter.close()));
    },
  };
}
