import type { Plan } from '../../compiler/plan.js';
import { contentName, type Kept, LAYERS } from '../../io/kept-file.js';
import { resultOf, savedLayer, tensorsOf } from '../../io/layer-tensors.js';
import type { RowManifest } from '../../io/manifest.js';
import { type SavedFit, savedFit } from '../../io/model-file.js';
import { savedSummary } from '../../io/saved-summary.js';
import { packageVersion } from '../../io/version.js';
import type { Kernels } from '../../kernels/kernels.js';
import type { FitSummary } from '../../runtime/fit.js';
import type { InputHash } from '../../runtime/kept.js';
import type { LayerResult } from '../../runtime/state.js';
import type { Archive } from './archive.js';

/** What the fit of a point on a mask leaves to be kept. */
export interface FitParts {
  readonly plan: Plan;
  readonly results: ReadonlyMap<string, LayerResult>;
  readonly summary: FitSummary;
  /** Of what was fitted: what is held out is missing. */
  readonly inputs: readonly InputHash[];
}

/** Keeps a fit; one that `stays` is not removed when its sweep is over. */
export async function keepFit(
  archive: Archive,
  name: string,
  stays: boolean,
  { plan, results, summary, inputs }: FitParts,
): Promise<void> {
  const layers: [layer: string, name: string][] = [];
  for (const [layer, result] of results) {
    const { layer: _, ...manifest } = savedLayer(layer, result);
    const kept = { manifest, tensors: new Map(tensorsOf(result)) };
    const own = await contentName(LAYERS, kept);
    if (!(await archive.layers.has(own))) await archive.layers.put(own, kept);
    layers.push([layer, own]);
  }
  const manifest = { name, stays, version: packageVersion(), plan, inputs, summary: savedSummary(summary) };
  await archive.fits.put(name, {
    manifest: { ...manifest, layers: Object.fromEntries(layers) },
    tensors: new Map(),
  });
}

/** The layers of a fit that was kept; undefined: not all of them are there. */
export async function layersIn(
  archive: Archive,
  { manifest: { plan, layers } }: Kept<RowManifest>,
): Promise<ReadonlyMap<string, LayerResult> | undefined> {
  const results = new Map<string, LayerResult>();
  for (const [layer, name] of Object.entries(layers)) {
    const kept = await archive.layers.get(name);
    if (kept === undefined) return undefined;
    // Copies: whoever is given them may write to them.
    const tensors = [...kept.tensors].map(
      ([part, { shape, data }]) => [`${layer}/${part}`, { shape, data: data.slice() }] as const,
    );
    const origin = { path: archive.layers.placeOf(name), code: 'not-a-fit' } as const;
    results.set(layer, resultOf(origin, plan, { ...kept.manifest, layer }, new Map(tensors)));
  }
  return results;
}

/**
 * A fit that was kept; undefined: there is none, or not all of it.
 *
 * @throws ModelFileError for a file that isn't as it was written.
 */
export async function readFit(
  archive: Archive,
  name: string,
  kernels: Kernels | undefined,
): Promise<SavedFit | undefined> {
  const kept = await archive.fits.get(name);
  const results = kept && (await layersIn(archive, kept));
  return results && savedFit(archive.fits.placeOf(name), kept.manifest, results, kernels);
}
