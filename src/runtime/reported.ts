import type { FitReportOptions } from '../report-options.js';
import type { Kept } from './kept.js';

/** What can be put on a page. */
export interface Reported {
  /**
   * Writes the fit as one page of HTML that needs neither network nor script: the graph and its plan, the data, losses, and of
   * each layer its factors by name, as tables and pictures, and its options; seed, versions, and what took how long. Tips come
   * under the pointer where scripts run. A file that was there before stays whole until the new one is.
   *
   * Drawing needs the packages `vega` and `vega-lite`, and for pictures that are images for their size `@resvg/resvg-js` and `dejavu-fonts-ttf`.
   *
   * @param path the file, in a folder that is there.
   * @param options `title`; `groups`, a label for each sample; `layers` to show one by one; `top`, how many of each factor's
   * strongest features and samples, 1 to 100, default 8.
   * @throws GraphError 'invalid-option' for the path and the options, 'unknown-option'; 'invalid-data' for groups that aren't one
   * for each sample.
   * @throws MissingPeerError 'missing-peer', with the line that installs what is needed.
   * @throws ReportError 'not-written' where the file can't be written: nothing is left there.
   * @example
   * await fit.report('fit.html', { groups: tissue });
   */
  report(path: string, options?: FitReportOptions): Promise<void>;
}

/** The one way up from here: what a fit looks like is known above it, and loaded when it is asked for. */
export const reported = (kept: Kept): Reported => ({
  report: async (path, options) => {
    const { reportFit } = await import('../report/fit-report.js');
    await reportFit(kept, path, options);
  },
});
