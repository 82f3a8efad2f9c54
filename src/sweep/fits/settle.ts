import { ModelFileError, SweepStoreError } from '../../errors.js';
import type { Choice } from '../choice.js';
import { type Diagnostics, diagnose, diagnosticsIn } from '../diagnose.js';
import { isFitted, type SweepRow } from '../rows.js';
import type { Params } from '../space.js';
import type { Archive } from './archive.js';
import { layersIn } from './kept-fit.js';

/** Which fits stay when a sweep is over. */
export type Keep = 'none' | 'best' | 'all';

/** A fit that is wanted. */
interface Wanted {
  readonly point: number;
  readonly replicate: number;
}

interface Settling {
  readonly archive: Archive;
  readonly keep: Keep;
  readonly diagnostics: boolean;
  readonly rows: readonly SweepRow[];
  readonly choice: Choice<Params>;
  /** What a fit, and a diagnosis, is kept under. */
  readonly fitName: (point: number, replicate: number) => string;
  readonly diagnosisName: (point: number, replicates: readonly number[]) => string;
  /** Fits again what is not there. */
  readonly refit: (points: readonly number[], replicate: number) => Promise<void>;
}

/** Masks that a point was fitted on to its end, ascending. */
export const fittedOn = (rows: readonly SweepRow[], point: number): readonly number[] =>
  rows
    .filter((row) => row.point === point && row.budget === null && isFitted(row))
    .map(({ replicate }) => replicate)
    .sort((a, b) => a - b);

/**
 * What is done once all rows are there: points are diagnosed, and the fits that stay are seen to be there. Where rows were known
 * before and their fits are not, these are made again, to the same bits. What is returned removes what doesn't stay.
 */
export async function settle(settling: Settling) {
  const { archive, choice, keep, rows, fitName } = settling;
  const found = settling.diagnostics ? await diagnoseAll(settling) : new Map<number, Diagnostics>();
  const chosen = keep === 'none' ? [] : keep === 'best' ? [choice.best, choice.simplest] : choice.points;
  const wanted = [...new Set(chosen.map(({ point }) => point))].flatMap((point) =>
    fittedOn(rows, point).map((replicate) => ({ point, replicate })),
  );
  await ensure(settling, wanted);
  const stay = new Set(wanted.map(({ point, replicate }) => fitName(point, replicate)));
  const all = choice.points.flatMap(({ point }) => fittedOn(rows, point).map((r) => fitName(point, r)));
  return {
    diagnostics: found,
    prune: () =>
      prune(
        archive,
        all.filter((name) => !stay.has(name)),
      ),
  };
}

/** Makes fits that are not there, and says of those that are that they stay, if all do. */
async function ensure({ archive, keep, fitName, refit }: Settling, wanted: readonly Wanted[]): Promise<void> {
  const absent = new Map<number, number[]>();
  for (const { point, replicate } of wanted) {
    const name = fitName(point, replicate);
    const kept = await archive.fits.get(name);
    const names = Object.values(kept?.manifest.layers ?? {});
    const there = kept !== undefined && (await Promise.all(names.map(archive.layers.has))).every(Boolean);
    if (!there) absent.set(replicate, [...(absent.get(replicate) ?? []), point]);
    else if (keep === 'all' && !kept.manifest.stays)
      await archive.fits.put(name, { ...kept, manifest: { ...kept.manifest, stays: true } });
  }
  for (const [replicate, points] of absent) await refit(points, replicate);
}

async function diagnoseAll(settling: Settling): Promise<ReadonlyMap<number, Diagnostics>> {
  const { choice, rows } = settling;
  const found = new Map<number, Diagnostics>();
  for (const { point } of choice.points) {
    const replicates = fittedOn(rows, point);
    if (replicates.length < 2) continue;
    found.set(point, diagnosticsIn(await diagnosed(settling, point, replicates)));
    // Others have their turn between points.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return found;
}

/** As often as what is looked at may be removed meanwhile by others that are through: they have diagnosed it, or it is refitted. */
const TRIES = 5;

async function diagnosed(settling: Settling, point: number, replicates: readonly number[]) {
  const { archive, diagnosisName, fitName } = settling;
  const name = diagnosisName(point, replicates);
  for (let tries = 0; tries < TRIES; tries++) {
    const known = await archive.diagnoses.get(name);
    if (known !== undefined) return known;
    const made = await tryToDiagnose(settling, point, replicates, name);
    if (made === undefined) continue;
    await archive.diagnoses.put(name, made);
    return made;
  }
  const rule =
    'What a sweep has kept was removed again and again while it was in use; run it again when others are through';
  throw new SweepStoreError('not-written', archive.fits.placeOf(fitName(point, replicates[0])), rule);
}

/** Undefined where a fit was removed meanwhile. */
async function tryToDiagnose(settling: Settling, point: number, replicates: readonly number[], name: string) {
  const { archive, fitName } = settling;
  await ensure(
    settling,
    replicates.map((replicate) => ({ point, replicate })),
  );
  const fits = [];
  let plan: Parameters<typeof diagnose>[1] | undefined;
  for (const replicate of replicates) {
    const kept = await archive.fits.get(fitName(point, replicate));
    const results = kept && (await layersIn(archive, kept));
    if (results === undefined) return undefined;
    plan = kept?.manifest.plan;
    fits.push(results);
  }
  if (plan === undefined) throw new TypeError('a diagnosis must be of two fits');
  return diagnose(name, plan, fits);
}

/** Removes fits that don't stay, and then layers that no fit names any more. */
async function prune({ fits, layers, diagnoses }: Archive, names: readonly string[]): Promise<void> {
  for (const { tidy } of [fits, layers, diagnoses]) await tidy();
  for (const name of names) {
    const kept = await fits.get(name);
    if (kept !== undefined && !kept.manifest.stays) await fits.remove(name);
  }
  const needed = new Set<string>();
  try {
    for (const name of await fits.names())
      for (const layer of Object.values((await fits.get(name))?.manifest.layers ?? {})) needed.add(layer);
  } catch (error) {
    // Somebody's fit that can't be read may need any layer: all of them stay.
    if (error instanceof ModelFileError) return;
    throw error;
  }
  for (const name of await layers.names()) if (!needed.has(name)) await layers.remove(name);
}
