import { GraphError } from '../../errors.js';
import type { SavedFit } from '../../io/model-file.js';
import type { GraphIssue } from '../../issues.js';
import type { Kernels } from '../../kernels/kernels.js';
import type { DenseMatrix } from '../../matrix.js';
import { consensusIn } from '../diagnose.js';
import { isFitted, type SweepRow } from '../rows.js';
import { nameOfPoint, type Params } from '../space.js';
import type { Archive } from './archive.js';
import { readFit } from './kept-fit.js';
import { fittedOn } from './settle.js';

/** What can be asked of a sweep once rows are there; P: the parameters of a point. */
export interface Asked<P = Params> {
  /**
   * The fit of a point on a mask, as it was scored: its layers (W, d, H), `project`, `reconstruct`, `loadings`, and `saveFit` takes
   * it. What was held out is missing from what it was fitted to, and from the losses in its summary.
   *
   * @param params the values of the point, as in `best`.
   * @param replicate the mask, from 0 (default) to `reps` − 1.
   * @throws GraphError 'unknown-point'; 'invalid-option' for the mask; 'not-kept' where the fit was not (see `keep`).
   * @throws ModelFileError 'damaged', 'not-a-fit', 'newer-version', 'not-read' for a file that isn't as it was written.
   *
   * @example
   * const { layers, project } = await cv.fit(cv.best);
   */
  fit(params: P, replicate?: number): Promise<SavedFit>;
  /**
   * The consensus C of an NMF layer's samples over the masks of a point (samples × samples, symmetric, in [0, 1]): C_ij is the share
   * of fits in which samples i and j have most of the same factor. It carries the names of the samples.
   *
   * @throws GraphError 'unknown-point'; 'invalid-option' for the layer; 'not-kept' without `diagnostics`.
   * @throws ModelFileError as `fit` does.
   *
   * @example
   * const C = await cv.consensus(cv.best, 'parts');
   */
  consensus(params: P, layer: string): Promise<DenseMatrix>;
}

interface Known {
  /** Undefined: nothing is kept. */
  readonly archive: Archive | undefined;
  readonly rows: readonly SweepRow[];
  readonly reps: number;
  /** That fits are asked with; undefined: the quickest there are. */
  readonly kernels: Kernels | undefined;
  /** What a fit, and a diagnosis, is kept under. */
  readonly fitName: (point: number, replicate: number) => string;
  readonly diagnosisName: (point: number, replicates: readonly number[]) => string;
}

export function asked({ archive, rows, reps, kernels, fitName, diagnosisName }: Known): Asked {
  const places = new Map(rows.map(({ params, point }) => [nameOfPoint(params), { point, params }]));
  const known = (of: string, params: unknown) => {
    const found = typeof params === 'object' && params !== null ? places.get(nameOfPoint(params as Params)) : undefined; // whatever it holds is compared
    if (found === undefined) throw refused({ code: 'unknown-point', of, params, at: of });
    return found;
  };
  return {
    async fit(given, replicate = 0) {
      const { point, params } = known('fit', given);
      if (!Number.isInteger(replicate) || replicate < 0 || replicate >= reps) {
        const rule = `the place of a mask, from 0 to ${reps - 1}`;
        throw refused({ code: 'invalid-option', of: 'fit', option: 'replicate', rule, got: replicate, at: 'fit' });
      }
      const found = archive && (await readFit(archive, fitName(point, replicate), kernels));
      if (found !== undefined) return found;
      const row = rows.find((one) => one.point === point && one.replicate === replicate && one.budget === null);
      const cure =
        row === undefined
          ? 'it was not fitted to its end there'
          : isFitted(row)
            ? "run the sweep with keep: 'best', for the points that are chosen, or with keep: 'all'"
            : `it failed there (${row.error.message})`;
      throw refused({ code: 'not-kept', what: `fit on mask ${replicate}`, params, cure, at: 'fit' });
    },
    async consensus(given, layer) {
      const { point, params } = known('consensus', given);
      const replicates = fittedOn(rows, point);
      const kept = await archive?.diagnoses.get(diagnosisName(point, replicates));
      if (kept === undefined) {
        const cure =
          replicates.length < 2
            ? 'it must have been fitted on two masks or more'
            : 'run the sweep with diagnostics: true';
        throw refused({ code: 'not-kept', what: 'consensus', params, cure, at: 'consensus' });
      }
      const C = consensusIn(kept, layer);
      if (C !== undefined) return C;
      const rule = `one of the NMF layers ${Object.keys(kept.manifest.layers).join(', ')}`;
      throw refused({ code: 'invalid-option', of: 'consensus', option: 'layer', rule, got: layer, at: 'consensus' });
    },
  };
}

const refused = (issue: GraphIssue) => new GraphError([issue]);
