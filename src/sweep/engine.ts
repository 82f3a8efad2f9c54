import { availableParallelism } from 'node:os';
import type { Kernels } from '../kernels/kernels.js';
import { type FitContext, fitPoint, keysOf, type Task } from './fit-point.js';
import type { Ledger } from './ledger.js';
import type { SweepRunOptions } from './options.js';
import type { Inputs, Point } from './points.js';
import { compileOn, type Fitting, type Masking, type Replicate, replicateOf } from './replicate.js';
import { type RowError, rowError, type SweepRow } from './rows.js';
import { SharedSteps, type Work } from './shared-steps.js';

/** How long it is waited for rows that others are at. */
const PATIENCE_MS = 50;

/** What runs points on masks. */
export interface Engine {
  /** A row for each point on each mask, in that order: all points on the first mask, then on the next. */
  evaluate(points: readonly Point[]): Promise<readonly SweepRow[]>;
  readonly work: () => Work;
}

interface EngineOptions {
  readonly inputs: Inputs;
  readonly masking: Masking;
  readonly reps: number;
  readonly fitting: Fitting;
  readonly kernels: Kernels;
  readonly run: SweepRunOptions;
  readonly ledger: Ledger;
  /** Told of every row, as it is done. */
  readonly onRow: (row: SweepRow) => void;
}

/** A failed row, or what is to be fitted. */
type Prepared =
  | { readonly point: Point; readonly task: Task; readonly error: null }
  | { readonly point: Point; readonly task: null; readonly error: RowError };

export function createEngine(options: EngineOptions): Engine {
  const { inputs, masking, reps, fitting, kernels, run, ledger, onRow } = options;
  const { signal, workers = 1, threads, memory, onError = 'record' } = run;
  const steps = new SharedSteps();
  const context: FitContext = { kernels, steps, threads: eachOf(threads, workers), memory, signal };

  const prepared = (point: Point, replicate: Replicate): Prepared => {
    if (point.error !== null) return { point, task: null, error: point.error };
    try {
      const masked = compileOn(point, replicate, fitting);
      return { point, task: { point, replicate, masked, keys: keysOf(masked, replicate) }, error: null };
    } catch (error) {
      if (onError === 'stop') throw error;
      return { point, task: null, error: rowError(error) };
    }
  };

  const rowOf = async ({ point, task, error }: Prepared, replicate: Replicate): Promise<SweepRow> => {
    const began = performance.now();
    const failed = (cause: RowError): SweepRow => {
      const { index, params } = point;
      const seconds = (performance.now() - began) / 1000;
      return Object.freeze({ point: index, params, replicate: replicate.index, error: cause, seconds });
    };
    if (task === null) return failed(error);
    try {
      return await fitPoint(task, context);
    } catch (cause) {
      if (signal?.aborted || onError === 'stop') throw cause;
      return failed(rowError(cause));
    } finally {
      steps.release(task.keys.values());
    }
  };

  /** What a mask leaves of all points, once somebody wants to fit one. */
  const readied = (points: readonly Point[], r: number) => {
    let made: Promise<{ readonly replicate: Replicate; readonly all: ReadonlyMap<number, Prepared> }> | undefined;
    const unknown = new Map(points.entries());
    const make = async () => {
      const replicate = await replicateOf(r, inputs, masking);
      const all = new Map([...unknown].map(([at, point]) => [at, prepared(point, replicate)]));
      for (const { task } of all.values()) if (task !== null) steps.expect(task.keys.values());
      return { replicate, all };
    };
    return {
      get: () => {
        made ??= make();
        return made;
      },
      /** The row of a point has come from elsewhere. */
      done: async (at: number) => {
        if (made === undefined) unknown.delete(at);
        const task = (await made)?.all.get(at)?.task;
        if (task != null) steps.release(task.keys.values());
      },
    };
  };

  const madeRow = async (
    point: Point,
    at: number,
    r: number,
    ready: ReturnType<typeof readied>,
  ): Promise<SweepRow | null> => {
    signal?.throwIfAborted();
    const id = { params: point.params, replicate: r };
    const claim = await ledger.claim(id);
    if (claim === 'busy') return null;
    if (claim !== 'yours') {
      await ready.done(at);
      return Object.freeze({ ...claim, point: point.index, params: point.params });
    }
    try {
      const { replicate, all } = await ready.get();
      const own = all.get(at);
      if (own === undefined) throw new TypeError('a row that is known is not made again');
      const row = await rowOf(own, replicate);
      await ledger.record(id, row);
      return row;
    } catch (error) {
      await ledger.drop(id);
      throw error;
    }
  };

  return {
    work: () => steps.work,
    async evaluate(points) {
      const rows: SweepRow[] = [];
      await ledger.enter(points);
      for (let r = 0; r < reps; r++) {
        const ready = readied(points, r);
        const own = await pooled(points, workers, async (point, at) => {
          const row = await madeRow(point, at, r, ready);
          if (row !== null) onRow(row);
          return row;
        });
        rows.push(...own);
      }
      return rows;
    },
  };
}

/** Threads for each of some workers; undefined where all may take all. */
function eachOf(threads: number | undefined, workers: number): number | undefined {
  if (workers === 1) return threads;
  return Math.max(1, Math.floor((threads ?? availableParallelism()) / workers));
}

/**
 * What `work` makes of each of a list, so many at once, in the order of the list; the first failure ends it. What it can't
 * do yet, null, is tried again after the others.
 */
async function pooled<T, R>(
  list: readonly T[],
  workers: number,
  work: (one: T, at: number) => Promise<R | null>,
): Promise<readonly R[]> {
  const out = new Map<number, R>();
  const waiting = list.map((_, at) => at);
  let failed = false;
  const runner = async () => {
    let idle = 0;
    while (!failed) {
      const at = waiting.shift();
      if (at === undefined) return;
      try {
        const made = await work(list[at], at);
        if (made === null) {
          waiting.push(at);
          // All that is left is with others: they are given time.
          if (++idle >= waiting.length) await new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
        } else {
          idle = 0;
          out.set(at, made);
        }
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: Math.min(workers, list.length) }, runner));
  const bad = ends.find((end) => end.status === 'rejected');
  if (bad !== undefined) throw bad.reason;
  return list.flatMap((_, at) => {
    const made = out.get(at);
    return made === undefined ? [] : [made];
  });
}
