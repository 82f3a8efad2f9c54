import type { Bindings, Plan } from '../compiler/plan.js';
import { ModelFileError } from '../errors.js';
import { show } from '../issues.js';
import type { Kernels } from '../kernels/kernels.js';
import { selectKernels } from '../kernels/select.js';
import type { DenseMatrix, Matrix } from '../matrix.js';
import { afterFit } from '../runtime/after-fit.js';
import { layerFits } from '../runtime/assemble.js';
import type { FitSummary, LayerFit, ProjectOptions, ReconstructOptions } from '../runtime/fit.js';
import { type InputHash, keep, keptOf } from '../runtime/kept.js';
import { savedFitDisplayed } from '../runtime/look.js';
import { type Reported, reported } from '../runtime/reported.js';
import { restore } from '../runtime/run.js';
import type { LayerResult, RunState } from '../runtime/state.js';
import type { SeenStreams } from '../runtime/streams.js';
import { checkPath } from './check-path.js';
import { hashOfMatrix } from './hash.js';
import { type FileKind, readHashed, writeHashed } from './hashed-file.js';
import { resultOf, savedLayer, tensorsOf } from './layer-tensors.js';
import { type Manifest, readManifest, type SavedLayer } from './manifest.js';
import { readWhole } from './read-whole.js';
import type { Tensor } from './safetensors.js';
import { savedSummary, summaryOf } from './saved-summary.js';
import { packageVersion } from './version.js';

const FIT: FileKind<Manifest> = {
  word: 'factorloom',
  format: 1,
  called: 'A saved fit',
  otherwise: 'not-a-fit',
  read: readManifest,
};

/** A fit that was read from a file: what a fit holds and can be asked, its layers by name. */
export interface SavedFit extends Reported {
  readonly layers: { readonly [layer: string]: LayerFit<string> };
  readonly summary: FitSummary;
  /** What was run. */
  readonly plan: Plan;
  /** SHA-256 of each input. */
  readonly inputs: readonly InputHash[];
  /** See `GraphFit`. */
  reconstruct(input: string, options?: ReconstructOptions<string>): Promise<DenseMatrix>;
  /** See `GraphFit`. */
  project(
    data: Readonly<Record<string, unknown>>,
    options?: ProjectOptions,
  ): Promise<{ readonly [layer: string]: DenseMatrix }>;
  /** See `GraphFit`. */
  loadings(layer: string): Promise<{ readonly [input: string]: DenseMatrix }>;
}

/**
 * Writes a fit to one file: safetensors that hold every layer's W, d, H (matrices row after row, as other languages read
 * them) and history, with the plan, the summary and the hashes of the inputs beside them. The data are not in it. A file
 * that was there before stays whole until the new one is.
 *
 * @example
 * await saveFit(fit, 'model.safetensors');
 * @throws GraphError 'invalid-option' for a path that is none.
 * @throws ModelFileError 'not-saved' for what is no fit, or where the file can't be written.
 */
export async function saveFit(fit: object, path: string): Promise<void> {
  checkPath('saveFit', path);
  const kept = keptOf(fit);
  if (kept === undefined)
    throw new ModelFileError(
      'not-saved',
      path,
      `What is saved must come from fit() or loadFit(), as it came; got ${show(fit)}`,
    );
  const { plan, state, summary } = kept;
  const tensors = new Map<string, Tensor>();
  const layers: SavedLayer[] = [];
  for (const { layer } of plan.layers) {
    const result = state.results.get(layer);
    if (result === undefined) throw new ModelFileError('not-saved', path, `Layer '${layer}' has not been fitted`);
    for (const [name, tensor] of tensorsOf(result)) tensors.set(`${layer}/${name}`, tensor);
    layers.push(savedLayer(layer, result));
  }
  const inputs = 'get' in kept.inputs ? await hashesOf(plan, kept.inputs, state.streams) : kept.inputs;
  await writeHashed(
    FIT,
    path,
    { version: packageVersion(), plan, summary: savedSummary(summary), layers, inputs },
    tensors,
  );
}

/**
 * Reads a fit that `saveFit` wrote: the same numbers to the bit, ready to `reconstruct`, to `project` and to be saved again.
 * It has no `explained`, which compares layers with the data; what output layers explain is in `summary.inputs[name].factors`.
 *
 * @example
 * const { layers, project } = await loadFit('model.safetensors');
 * @throws GraphError 'invalid-option' for a path that is none.
 * @throws ModelFileError 'not-a-fit', 'damaged' (cut short or changed), 'newer-version'; 'not-read' where there is no such
 * file, or none that can be read.
 */
export async function loadFit(path: string): Promise<SavedFit> {
  checkPath('loadFit', path);
  const { manifest, tensors } = await readHashed(FIT, path, await readWhole(path, FIT.called));
  const { plan } = manifest;
  const results = new Map(
    manifest.layers.map((saved) => [saved.layer, resultOf({ path, code: 'not-a-fit' }, plan, saved, tensors)]),
  );
  return savedFit(path, manifest, results);
}

/**
 * A fit from what a file says of it, and its layers.
 *
 * @throws ModelFileError 'not-a-fit'
 */
export function savedFit(
  path: string,
  { plan, inputs, summary: saved }: Pick<Manifest, 'plan' | 'inputs' | 'summary'>,
  results: ReadonlyMap<string, LayerResult>,
  kernels: Kernels = selectKernels(),
): SavedFit {
  const summary = summaryOf(saved);
  const state = restored(path, plan, results);
  const layers = layerFits(plan, state);
  const { reconstruct, project, loadings } = afterFit(plan, state, kernels, undefined);
  const all = { plan, state, layers, summary, inputs };
  const fit = Object.freeze(
    savedFitDisplayed({ layers, summary, plan, inputs, reconstruct, project, loadings, ...reported(all) }),
  );
  keep(fit, all);
  return fit;
}

function restored(path: string, plan: Plan, results: ReadonlyMap<string, LayerResult>): RunState {
  try {
    return restore(plan, results);
  } catch (cause) {
    throw new ModelFileError('not-a-fit', path, 'The layers of a saved fit must be those of its plan', { cause });
  }
}

/** SHA-256 of each input; `hash` may know some already. */
export async function hashesOf(
  plan: Plan,
  bindings: Bindings,
  streams: SeenStreams,
  hash: (matrix: Matrix) => Promise<string> = hashOfMatrix,
): Promise<readonly InputHash[]> {
  const hashes: InputHash[] = [];
  for (const step of plan.prepare) {
    if (step.op !== 'load' || step.source !== 'input') continue;
    const matrix = bindings.get(step.write);
    const sha256 = matrix === undefined ? streams.get(step.write)?.sha256 : await hash(matrix);
    if (sha256 !== undefined) hashes.push({ name: step.name, sha256 });
  }
  return hashes;
}
