import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Plan } from '../compiler/plan.js';
import { ModelFileError } from '../errors.js';
import { selectKernels } from '../kernels/select.js';
import { type DenseMatrix, dense, transpose } from '../matrix.js';
import { afterFit } from '../runtime/after-fit.js';
import { layerFits } from '../runtime/assemble.js';
import type { FitSummary, LayerFit, ProjectOptions, ReconstructOptions } from '../runtime/fit.js';
import { type InputHash, keep, keptOf } from '../runtime/kept.js';
import { restore } from '../runtime/run.js';
import type { LayerResult, RunState } from '../runtime/state.js';
import { checkPath } from './check-path.js';
import { hashOf, hashOfMatrix } from './hash.js';
import { type Manifest, readManifest, type SavedLayer } from './manifest.js';
import { fromBytes, type Tensor, toBytes } from './safetensors.js';
import { writeWhole } from './write-whole.js';

/** The format that this version writes; it reads this one and those before it. */
const FORMAT = 1;

/** A fit that was read from a file: what a fit holds and can be asked, its layers by name. */
export interface SavedFit {
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
    throw new ModelFileError('not-saved', path, 'What is saved must come from fit() or loadFit(), as it came');
  const { plan, state, summary } = kept;
  const tensors = new Map<string, Tensor>();
  const layers: SavedLayer[] = [];
  for (const { layer } of plan.layers) {
    const result = state.results.get(layer);
    if (result === undefined) throw new ModelFileError('not-saved', path, `Layer '${layer}' has not been fitted`);
    for (const [name, tensor] of tensorsOf(result)) tensors.set(`${layer}/${name}`, tensor);
    const { loss, nullLoss, objective, iterations, stopped, kkt, restart, roots } = result;
    layers.push({ layer, loss, nullLoss, objective, iterations, stopped, kkt, restart, roots });
  }
  const inputs = 'get' in kept.inputs ? await hashesOf(plan, kept.inputs) : kept.inputs;
  const body = [...tensors.values()].map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  const { version } = createRequire(import.meta.url)('../../package.json') as { version: string }; // our own package.json
  const manifest: Manifest = { format: FORMAT, version, plan, summary, layers, inputs };
  const text = JSON.stringify(manifest);
  const sha256 = await hashOf([new TextEncoder().encode(text), ...body]);
  try {
    await writeWhole(path, toBytes({ tensors, metadata: { factorloom: text, sha256 } }));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ModelFileError('not-saved', path, `The file can't be written: ${reason}`, { cause: error });
  }
}

/**
 * Reads a fit that `saveFit` wrote: the same numbers to the bit, ready to `reconstruct`, to `project` and to be saved again.
 *
 * @example
 * const { layers, project } = await loadFit('model.safetensors');
 * @throws GraphError 'invalid-option' for a path that is none.
 * @throws ModelFileError 'not-a-fit', 'damaged' (cut short or changed), 'newer-version'; what the system throws where there
 * is no such file.
 */
export async function loadFit(path: string): Promise<SavedFit> {
  checkPath('loadFit', path);
  const { manifest, tensors } = await readWhole(path);
  const { plan, summary, inputs } = manifest;
  const results = new Map(manifest.layers.map((saved) => [saved.layer, resultOf(path, plan, saved, tensors)]));
  const state = restored(path, plan, results);
  const layers = layerFits(plan, state);
  const { reconstruct, project, loadings } = afterFit(plan, state, selectKernels(), undefined);
  const fit = Object.freeze({ layers, summary, plan, inputs, reconstruct, project, loadings });
  keep(fit, { plan, state, layers, summary, inputs });
  return fit;
}

function restored(path: string, plan: Plan, results: ReadonlyMap<string, LayerResult>): RunState {
  try {
    return restore(plan, results);
  } catch (cause) {
    throw new ModelFileError('not-a-fit', path, 'The layers of a saved fit must be those of its plan', { cause });
  }
}

async function readWhole(path: string) {
  const bytes = await readFile(path);
  const fault = (code: 'not-a-fit' | 'damaged', rule: string, cause?: unknown) =>
    new ModelFileError(code, path, `A saved fit must be a whole safetensors file written by saveFit; ${rule}`, {
      cause,
    });
  let file: ReturnType<typeof fromBytes>;
  try {
    file = fromBytes(bytes);
  } catch (error) {
    throw fault('damaged', error instanceof Error ? error.message : String(error), error);
  }
  const { tensors, metadata } = file;
  const { factorloom: text, sha256 } = metadata;
  if (text === undefined || sha256 === undefined) throw fault('not-a-fit', 'it holds tensors of something else');
  const body = [...tensors.values()].map(({ data }) => new Uint8Array(data.buffer));
  if ((await hashOf([new TextEncoder().encode(text), ...body])) !== sha256)
    throw fault('damaged', 'it was changed after it was written');
  const manifest = readManifest(text, FORMAT);
  if (manifest === 'newer')
    throw new ModelFileError(
      'newer-version',
      path,
      `A saved fit must be of format ${FORMAT} or before; update factorloom`,
    );
  if (manifest === 'unknown') throw fault('not-a-fit', 'what it says of itself is not what saveFit writes');
  return { manifest, tensors };
}

/** Everything of a layer that is many numbers. */
function tensorsOf(result: LayerResult): readonly (readonly [string, Tensor])[] {
  const line = (data: Float64Array): Tensor => ({ shape: [data.length], data: data.slice() });
  const optional = (name: string, values: Float64Array | null) =>
    values === null ? [] : [[name, line(values)] as const];
  return [
    ['W', byRows(result.W)],
    ['d', line(result.d)],
    ['H', byRows(result.H)],
    ['loss-history', line(result.history.loss)],
    ['objective-history', line(result.history.objective)],
    ...optional('projection', 'projection' in result ? result.projection : null),
    ...optional('center', 'center' in result ? result.center : null),
    ...optional('scale', 'scale' in result ? result.scale : null),
    ...optional('energy', result.energy ?? null),
  ];
}

const byRows = (matrix: DenseMatrix): Tensor => ({
  shape: [matrix.rows, matrix.cols],
  data: transpose(matrix).data,
});

function resultOf(path: string, plan: Plan, saved: SavedLayer, tensors: ReadonlyMap<string, Tensor>): LayerResult {
  const { layer, roots = null, ...scalars } = saved;
  const output = plan.layers.find((candidate) => candidate.layer === layer);
  const find = (name: string) => tensors.get(`${layer}/${name}`);
  const demand = (tensor: Tensor | undefined, shape: readonly number[]): Float64Array => {
    if (tensor?.data instanceof Float64Array && String(tensor.shape) === String(shape)) return tensor.data;
    throw new ModelFileError('not-a-fit', path, `The tensors of layer '${layer}' must have the shapes of its plan`);
  };
  const shape = (slot: string | undefined) => plan.slots[Number(slot?.slice(1))]?.shape ?? [0, 0];
  const [m, k] = shape(output?.slots.W);
  const n = shape(output?.slots.H)[1];
  const matrix = (name: string, rows: number, cols: number) =>
    transpose(dense(cols, rows, demand(find(name), [rows, cols])));
  const history = {
    loss: demand(find('loss-history'), [saved.iterations]),
    objective: demand(find('objective-history'), [saved.iterations]),
  };
  const energy = find('energy') === undefined ? {} : { energy: demand(find('energy'), [k]) };
  const model = {
    ...scalars,
    roots,
    W: matrix('W', m, k),
    d: demand(find('d'), [k]),
    H: matrix('H', k, n),
    history,
    ...energy,
  };
  const line = (name: string, length: number) => (find(name) === undefined ? null : demand(find(name), [length]));
  if (output?.method === 'svd') return { ...model, heldOut: null, center: line('center', m), scale: line('scale', m) };
  return { ...model, heldOut: null, projection: line('projection', k) };
}

async function hashesOf(plan: Plan, bindings: ReadonlyMap<string, Parameters<typeof hashOfMatrix>[0]>) {
  const hashes: InputHash[] = [];
  for (const step of plan.prepare) {
    const matrix = step.op === 'load' && step.source === 'input' ? bindings.get(step.write) : undefined;
    if (step.op === 'load' && matrix !== undefined)
      hashes.push({ name: step.name, sha256: await hashOfMatrix(matrix) });
  }
  return hashes;
}
