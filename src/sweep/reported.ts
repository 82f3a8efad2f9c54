import type { Plan } from '../compiler/plan.js';
import type { SweepReportOptions } from '../report-options.js';
import type { Choice } from './choice.js';
import type { Looks } from './fit-point.js';
import type { Masking } from './replicate.js';
import type { SweepRow } from './rows.js';
import type { Work } from './shared-steps.js';
import type { Params } from './space.js';
import type { Left } from './table.js';

/** All that is told of a sweep. */
export interface Swept {
  /** Undefined: no point is done. */
  readonly choice: Choice<Params> | undefined;
  readonly left: Left;
  readonly reason: string | undefined;
  readonly rows: readonly SweepRow[];
  /** Rows that there are when all are done. */
  readonly of: number;
  readonly reps: number;
  readonly masking: Masking;
  readonly ridge: number;
  readonly looks: Looks | null;
  readonly backend: string;
  /** The version of this package that the sweep was run by. */
  readonly version: string;
  /** Wall time of the run, and what it has cost; null where it is not known, the rows being of several runs. */
  readonly seconds: number | null;
  readonly work: Work | null;
  /** The graph of the best point; undefined where nobody knows it. */
  readonly plan: () => Promise<Plan | undefined>;
}

/** What can be put on a page. */
export interface Reported {
  /**
   * Writes the sweep as one page of HTML that needs neither network nor script: what was chosen and why, the points with their
   * errors, as a table and as pictures, the graph of the best where it is known, every row and why some failed; masks, seed,
   * versions, and what it has cost. Tips come under the pointer where scripts run. A file that was there before stays whole until
   * the new one is. Drawing needs what the report of a fit needs.
   *
   * @param path the file, in a folder that is there.
   * @param options `title`.
   * @throws GraphError 'invalid-option' for the path and the options, 'unknown-option'.
   * @throws MissingPeerError 'missing-peer', with the line that installs what is needed.
   * @throws ReportError 'not-written' where the file can't be written: nothing is left there.
   * @throws ModelFileError of `openSweep`, for a fit of the best point that is not as it was written.
   * @example
   * const found = await crossValidateRank(X, { k: [2, 4, 6, 8], seed: 1 });
   * await found.report('ranks.html');
   */
  report(path: string, options?: SweepReportOptions): Promise<void>;
}

/** The one way up from here: what a sweep looks like is known above it, and loaded when it is asked for. */
export const reported = (swept: Swept): Reported => ({
  report: async (path, options) => {
    const { reportSweep } = await import('../report/sweep-report.js');
    await reportSweep(swept, path, options);
  },
});
