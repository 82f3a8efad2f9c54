import type { Machine } from '../machine.js';
import type { Files } from '../sections/files.js';
import type { Headline } from '../sections/headline.js';
import type { Masked } from '../sections/masked.js';
import type { Memory } from '../sections/memory.js';
import type { Micro } from '../sections/micro.js';
import type { Overhead } from '../sections/overhead.js';
import type { Poisson } from '../sections/poisson.js';
import type { Threads } from '../sections/threads.js';
import type { TimeToLoss } from '../sections/time-to-loss.js';

/** What each section measures. */
export interface Sections {
  readonly loss: TimeToLoss;
  readonly headline: Headline;
  readonly masked: Masked;
  readonly threads: Threads;
  readonly overhead: Overhead;
  readonly memory: Memory;
  readonly poisson: Poisson;
  readonly files: Files;
  readonly micro: Micro;
}

/** A section's figures with the circumstances, or why there are none. */
export type Outcome<T> =
  | { readonly skipped: string }
  | {
      readonly seconds: number;
      readonly loadBefore: readonly number[];
      readonly loadAfter: readonly number[];
      readonly data: T;
    };

/** All that one run of the bench found: what `results/latest.json` holds. */
export interface Report {
  readonly machine: Machine;
  readonly threads: number;
  readonly repeats: number;
  readonly quick: boolean;
  readonly seconds: number;
  readonly sections: { readonly [S in keyof Sections]?: Outcome<Sections[S]> };
}

/** A section's figures, or null where it was skipped or not asked for. */
export function dataOf<S extends keyof Sections>(report: Report, section: S): Sections[S] | null {
  const outcome: Outcome<Sections[S]> | undefined = report.sections[section];
  return outcome === undefined || 'skipped' in outcome ? null : outcome.data;
}
