import type { SweepRow } from './rows.js';

/** How far a sweep has come. */
export interface SweepProgress {
  /** The row that is new. */
  readonly row: SweepRow;
  /** Rows that are done, and of how many. */
  readonly done: number;
  readonly of: number;
  /** Seconds since the sweep began, and what is left at this pace. */
  readonly seconds: number;
  readonly left: number;
}
