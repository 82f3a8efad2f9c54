import type { Label } from './labels.js';

/** What a report of a fit shows. */
export interface FitReportOptions {
  /** Default: what was factorized. */
  readonly title?: string | undefined;
  /**
   * What each sample belongs to, at most 255 different labels; null, undefined and NaN: not known. Default: nothing. Layers that
   * have as many samples are shown by group.
   */
  readonly groups?: ArrayLike<Label> | undefined;
  /** The layers that are shown one by one; default: all. */
  readonly layers?: readonly string[] | undefined;
  /** The strongest features and samples of each factor, a whole number from 1 to 100; default 8. */
  readonly top?: number | undefined;
}

/** What a report of a sweep shows. */
export interface SweepReportOptions {
  /** Default: the parameters that were swept. */
  readonly title?: string | undefined;
}
