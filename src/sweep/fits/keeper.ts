import { mkdir } from 'node:fs/promises';
import { SweepStoreError } from '../../errors.js';
import type { Kernels } from '../../kernels/kernels.js';
import { type Choice, withDiagnostics } from '../choice.js';
import type { Point } from '../points.js';
import type { SweepRow } from '../rows.js';
import type { Params } from '../space.js';
import { graphOf, type Identity } from '../store/identity.js';
import { fileArchive, folderOf, memoryArchive } from './archive.js';
import { type Asked, asked } from './ask.js';
import { type FitParts, keepFit } from './kept-fit.js';
import { type NamedPoint, namesIn } from './names.js';
import { type Keep, settle } from './settle.js';

interface KeeperOptions {
  readonly store: string | undefined;
  /** Of the sweep in the store; null where there is none. */
  readonly identity: Identity | null;
  readonly keep: Keep;
  readonly diagnostics: boolean;
  readonly kernels: Kernels;
}

interface Done {
  readonly points: readonly Point[];
  readonly rows: readonly SweepRow[];
  readonly choice: Choice<Params>;
  readonly reps: number;
  readonly refit: (points: readonly Point[], replicate: number) => Promise<void>;
}

interface Settled {
  readonly choice: Choice<Params>;
  readonly asked: Asked;
  /** Removes what doesn't stay, once nobody is at work. */
  prune(): Promise<void>;
}

/** Keeps what comes of fits beside the rows of a run. */
export interface Keeper {
  /** Given each fit before its row counts; null: none is wanted. */
  readonly keep: ((point: Point, replicate: number, fit: FitParts) => Promise<void>) | null;
  /** Told when all rows are there. */
  settle(done: Done): Promise<Settled>;
}

/** @throws SweepStoreError 'not-written' where there is no folder to be had. */
export async function createKeeper({ store, identity, keep, diagnostics, kernels }: KeeperOptions): Promise<Keeper> {
  const wanted = keep !== 'none' || diagnostics;
  const archive = store === undefined ? memoryArchive() : fileArchive(folderOf(store));
  if (wanted && store !== undefined) await makeFolder(folderOf(store));
  const names = namesIn(identity);
  const known = new Map<number, NamedPoint>();
  /** A store outlives the code that its graphs are; what is in memory does not. */
  const named = async (point: Point): Promise<NamedPoint> => {
    const before = known.get(point.index);
    const now = before ?? { params: point.params, graph: identity === null ? null : await graphOf(point) };
    known.set(point.index, now);
    return now;
  };
  return {
    keep: wanted
      ? async (point, replicate, fit) => keepFit(archive, names.fit(await named(point), replicate), keep === 'all', fit)
      : null,

    async settle({ points, rows, choice, reps, refit }) {
      const all: NamedPoint[] = [];
      for (const point of points) all.push(await named(point));
      const naming = {
        fitName: (point: number, replicate: number) => names.fit(all[point], replicate),
        diagnosisName: (point: number, replicates: readonly number[]) => names.diagnosis(all[point], replicates),
      };
      const own = asked({ archive, rows, reps, kernels, ...naming });
      if (!wanted) return { choice, asked: own, prune: async () => undefined };
      const { diagnostics: found, prune } = await settle({
        ...{ archive, keep, diagnostics, rows, choice, ...naming },
        refit: (places, replicate) =>
          refit(
            places.map((place) => points[place]),
            replicate,
          ),
      });
      return { choice: withDiagnostics(choice, found), asked: own, prune };
    },
  };
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SweepStoreError('not-written', folder, `Fits must be kept in a folder beside the store; got ${reason}`, {
      cause,
    });
  }
}
