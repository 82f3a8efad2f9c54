import { explain } from '../compiler/explain.js';
import { IoError } from '../errors.js';
import { type AnnData, type Unstructured, writeAnnData } from '../files/formats/hdf5/write-anndata.js';
import type { Rule } from '../files/formats/table-options.js';
import { SIGNAL } from '../files/watch.js';
import { annDataOf, COMPRESSION, placed } from '../files/write-matrix.js';
import { show } from '../issues.js';
import { type DenseMatrix, dense } from '../matrix.js';
import { type MatrixInput, toMatrix } from '../matrix-input.js';
import { isPath, PATH_RULE } from '../path.js';
import type { LayerFit } from '../runtime/fit.js';
import { type Kept, keptOf } from '../runtime/kept.js';
import { loadingsOf } from '../runtime/loadings.js';
import { namesIn } from '../runtime/named.js';
import { packageVersion } from './version.js';

export interface WriteH5adOptions {
  /** The input whose features and samples are those of the file. Default: the only one of the graph. */
  readonly input?: string | undefined;
  /** That input, features × samples: it becomes `X`, its labels columns of `obs` and `var`. Default: no `X`. */
  readonly data?: MatrixInput | undefined;
  /** How arrays are packed: 'none' (default), or 'gzip'. */
  readonly compression?: 'none' | 'gzip' | undefined;
  /** Stops the writing: it rejects with the signal's reason, and what was at the path stays. */
  readonly signal?: AbortSignal | undefined;
}

const OPTIONS: readonly string[] = ['input', 'data', 'compression', 'signal'];
const RULES: Readonly<Record<string, Rule>> = { compression: COMPRESSION, signal: SIGNAL };

/** What AnnData keeps of a fit is under this name in `uns`. */
const OURS = 'factorloom';

/**
 * Writes a fit to an .h5ad file, as AnnData and scanpy read it: samples × features.
 *
 * Of every layer, `obsm['X_<layer>']` is Hᵀ (samples × k) and `varm['<layer>']` its loadings in the features of the input (features × k), which
 * are W where the layer reads the input itself; both are unscaled, and `uns['factorloom']['layers']['<layer>']` has d, so that X ≈ varm · diag(d) · obsmᵀ.
 * There too are loss, objective, iterations, what an SVD took out, every other W (of other inputs, and of layers above others), and a whole H where
 * its samples aren't those of the input; samples that it doesn't have are NaN in `obsm`. With the seed and the plan beside them
 * nothing of a fit but its history is lost; `loadFit` reads what `saveFit` writes, not this.
 *
 * @param fit what `fit`, `loadFit`, `nmf`, `svd` or `pca` returned.
 * @throws IoError 'invalid-option', 'not-written', and 'unsupported' for names with '/', which AnnData has no place for.
 * @throws MissingPeerError where h5wasm isn't there.
 * @throws the signal's reason where it was stopped.
 * @example
 * const fit = await factorNet(nmfLayer(factorInput(counts, { name: 'rna' }), { name: 'parts', k: 10 })).fit();
 * await writeH5ad(fit, 'parts.h5ad', { data: counts }); // scanpy: sc.pl.embedding(adata, 'X_parts')
 */
export async function writeH5ad(fit: object, path: string, options: WriteH5adOptions = {}): Promise<void> {
  if (!isPath(path))
    throw new IoError('invalid-option', String(path), `A path must be ${PATH_RULE}; got ${show(path)}`);
  const invalid = (rule: string, got: unknown) => new IoError('invalid-option', path, `${rule}; got ${show(got)}`);
  const kept = keptOf(fit);
  if (kept === undefined) throw invalid('A fit must come from fit() or loadFit(), as it came', fit);
  if (typeof options !== 'object' || options === null) throw invalid('Options of writeH5ad must be an object', options);
  const unknown = Object.keys(options).find((name) => !OPTIONS.includes(name));
  if (unknown !== undefined) throw invalid(`writeH5ad must be given options that it has: ${OPTIONS.join(', ')}`, unknown); // biome-ignore format: one thought
  const { input, data, compression, signal } = options;
  for (const [name, value] of Object.entries({ compression, signal })) {
    const [rule, holds] = RULES[name];
    if (value !== undefined && !holds(value)) throw invalid(`${name} must be ${rule}`, value);
  }
  signal?.throwIfAborted();

  const loads = kept.plan.prepare.filter((step) => step.op === 'load' && step.source === 'input');
  const load = input === undefined && loads.length === 1 ? loads[0] : loads.find((step) => 'name' in step && step.name === input); // biome-ignore format: one thought
  if (load === undefined || !('name' in load))
    throw invalid(`input must be one of the inputs ${loads.map((step) => ('name' in step ? step.name : '')).join(', ')}`, input); // biome-ignore format: one thought
  const [rows, cols] = kept.plan.slots[Number(load.write.slice(1))].shape;
  const { rowNames, colNames } = namesIn(kept.plan, load.write);
  let own: AnnData = { features: { count: rows }, samples: { count: cols } };
  if (data !== undefined) {
    const matrix = toMatrix(data);
    if (matrix.kind === 'unusable') throw new IoError('invalid-option', path, `data must be ${matrix.rule}; got ${matrix.got}`); // biome-ignore format: one thought
    if (matrix.rows !== rows || matrix.cols !== cols)
      throw invalid(`data must be the input ${load.name}, features × samples, ${rows} × ${cols}`, `${matrix.rows} × ${matrix.cols}`); // biome-ignore format: one thought
    own = annDataOf(path, matrix, data);
  }
  const parts = await partsOf(kept, load.name, own, colNames ?? own.samples.names);
  const whole: AnnData = {
    X: own.X,
    // A fit may have been given other names than the data have.
    features: { ...own.features, names: rowNames ?? own.features.names },
    samples: { ...own.samples, names: colNames ?? own.samples.names },
    ...parts,
  };
  await placed(path, () => writeAnnData(path, whole, { packed: compression === 'gzip', signal }), signal);
}

type Parts = Required<Pick<AnnData, 'embeddings' | 'loadings' | 'unstructured'>>;

/** What is written of each layer. */
async function partsOf(
  { plan, state, layers, summary }: Kept,
  input: string,
  { samples }: AnnData,
  names: readonly string[] | undefined,
): Promise<Parts> {
  const embeddings: Record<string, DenseMatrix> = {};
  const loadings: Record<string, DenseMatrix> = {};
  const facts: Record<string, Unstructured> = {};
  for (const { layer } of plan.layers) {
    const own = layers[layer];
    const loaded = (await loadingsOf(plan, state, layer)).find(({ name }) => name === input)?.L;
    const embedding = ofSamples(own.H, names, samples.count);
    if (loaded !== undefined) loadings[layer] = loaded;
    if (embedding !== undefined) embeddings[`X_${layer}`] = embedding;
    facts[layer] = factsOf(own, input, loaded, embedding);
  }
  const { loss, seed, backend } = summary;
  const known = { version: packageVersion(), input, loss, seed: BigInt(seed), backend, plan: explain(plan) };
  return { embeddings, loadings, unstructured: { [OURS]: { ...known, layers: facts } } };
}

/** The columns of H that are the samples of the input, by name where both have names; undefined where they can't be told. */
function ofSamples(H: DenseMatrix, names: readonly string[] | undefined, count: number): DenseMatrix | undefined {
  const { rows, cols, colNames, data } = H;
  const same = names === undefined || colNames === undefined ? cols === count : undefined;
  if (same !== undefined || names === undefined || colNames === undefined) return same ? H : undefined;
  if (cols === count && names.every((name, j) => name === colNames[j])) return H;
  const places = new Map(colNames.map((name, j) => [name, j]));
  if (!names.some((name) => places.has(name))) return undefined;
  const out = dense(rows, count, new Float64Array(rows * count).fill(Number.NaN));
  for (const [j, name] of names.entries()) {
    const from = places.get(name);
    if (from !== undefined) out.data.set(data.subarray(from * rows, (from + 1) * rows), j * rows);
  }
  return out;
}

/** All of a layer that isn't elsewhere in the file. */
function factsOf(
  { method, W, d, H, center, scale, Wcondition, dispersion, zeroInflation, ...told }: LayerFit<string>,
  input: string,
  loaded: DenseMatrix | undefined,
  embedding: DenseMatrix | undefined,
): Unstructured {
  const { loss, objective, kkt, iterations, restart, converged } = told;
  const known = (name: string, value: Unstructured | null | undefined) =>
    value === null || value === undefined ? {} : { [name]: value };
  const parts = isMatrix(W) ? [] : Object.entries(W).filter(([name, part]) => name !== input || !isSame(part, loaded));
  const rest = isMatrix(W) ? (isSame(W, loaded) ? undefined : W) : nonEmpty(parts);
  return {
    ...{ method, d, loss, objective, kkt },
    ...{ iterations: BigInt(iterations), restart: BigInt(restart), converged: BigInt(converged) },
    ...known('W', rest),
    // Samples of its own, or in an order of its own.
    ...(embedding === H ? {} : { H, ...known('samples', H.colNames) }),
    ...known('Wcondition', Wcondition),
    ...known('center', byPart(center)),
    ...known('scale', byPart(scale)),
    ...known('dispersion', dispersion),
    ...known('zeroInflation', zeroInflation),
  };
}

const isMatrix = (W: LayerFit<string>['W']): W is DenseMatrix => 'kind' in W && typeof W.kind === 'string';

const isSame = (a: DenseMatrix, b: DenseMatrix | undefined): boolean =>
  b !== undefined && a.rows === b.rows && a.cols === b.cols && a.data.every((x, i) => Object.is(x, b.data[i]));

function nonEmpty(parts: readonly (readonly [string, Unstructured])[]): Unstructured | undefined {
  return parts.length === 0 ? undefined : Object.fromEntries(parts);
}

/** Numbers, or those of each part that has some. */
function byPart(own: LayerFit<string>['center']): Unstructured | null | undefined {
  if (own === null || own instanceof Float64Array) return own;
  return nonEmpty(Object.entries(own).flatMap(([name, part]) => (part === null ? [] : [[name, part] as const])));
}
