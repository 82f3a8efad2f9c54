import { setMaxListeners } from 'node:events';
import { KernelError, SweepWorkerError } from '../errors.js';
import { pointText } from '../issues.js';
import type { Kernels } from '../kernels/kernels.js';
import { createPause } from '../kernels/reference/pause.js';
import { type Executor, sharesOf } from './executors/executor.js';
import { inlineExecutor } from './executors/inline.js';
import { threadsExecutor } from './executors/threads.js';
import type { StartStep, Task } from './fit-point.js';
import type { FitParts } from './fits/kept-fit.js';
import type { Ledger, RowId } from './ledger.js';
import { layerKeys } from './merge.js';
import type { SweepRunOptions } from './options.js';
import type { Inputs, Point } from './points.js';
import { compileOn, type Fitting, type Masking, nameData, type Replicate, replicateOf } from './replicate.js';
import { type RowError, rowError, type SweepRow } from './rows.js';
import { SharedSteps, type Work } from './shared-steps.js';
import { chainOf, type OnMask, pathsTo, startStep } from './warm-start.js';

/** How long it is waited for rows that others are at. */
const PATIENCE_MS = 50;

/** What runs points on masks. */
export interface Engine {
  /**
   * A row for each point on each mask, in that order: all points on the first mask, then on the next. With a budget NMF layers
   * end at that iteration, and are gone on with when their point is asked for again, with more; points that the next call
   * doesn't ask for are let go.
   */
  evaluate(points: readonly Point[], budget: number | null): Promise<readonly SweepRow[]>;
  /** Fits points on a mask again, whose rows are known and whose fits are not, and keeps those. */
  refit(points: readonly Point[], replicate: number): Promise<void>;
  readonly work: () => Work;
  /** Ends what fits: nothing is evaluated afterwards. */
  close(): Promise<void>;
}

interface EngineOptions {
  readonly inputs: Inputs;
  readonly masking: Masking;
  readonly reps: number;
  readonly fitting: Fitting;
  readonly kernels: Kernels;
  readonly run: SweepRunOptions;
  readonly ledger: Ledger;
  /** Given each fit to keep before its row counts; null: none is kept. */
  readonly keep: ((point: Point, replicate: number, fit: FitParts) => Promise<void>) | null;
  /** Told of every row, as it is done. */
  readonly onRow: (row: SweepRow) => void;
}

/** The graph of a point on a mask and the keys of its layers, or why there is none. */
type Compiled = (OnMask & { readonly error: null }) | { readonly error: RowError };

/** A failed row, or what is to be fitted. */
type Prepared =
  | { readonly task: Omit<Task, 'budget'>; readonly error: null }
  | { readonly task: null; readonly error: RowError };

export function createEngine(options: EngineOptions): Engine {
  const { inputs, masking, reps, fitting, kernels, run, ledger, keep, onRow } = options;
  const { workers = 1, threads, memory, onError = 'record' } = run;
  const executors = { inline: inlineExecutor, threads: threadsExecutor };
  const { looks } = fitting;
  // Each kernel listens to it while it runs.
  const signal = run.signal && AbortSignal.any([run.signal]);
  if (signal !== undefined) setMaxListeners(0, signal);
  const steps = new SharedSteps(looks === null ? 'furthest' : 'all');
  const shares = sharesOf(threads, workers);
  const executor: Executor = executors[run.executor ?? 'inline']({
    ...{ kernels, looks, keeps: keep !== null },
    ...{ memory, signal, shares },
  });

  const compiled = (point: Point, replicate: Replicate): Compiled => {
    if (point.error !== null) return { error: point.error };
    try {
      const masked = compileOn(point, replicate, fitting);
      return { masked, keys: layerKeys(masked, replicate.seed, pathsTo(point)), error: null };
    } catch (error) {
      if (onError === 'stop') throw error;
      return { error: rowError(error) };
    }
  };

  /** @param on the graph of any point on the same mask. */
  const prepared = (point: Point, replicate: Replicate, on: (point: Point) => Compiled): Prepared => {
    const own = on(point);
    if (own.error !== null) return { task: null, error: own.error };
    const starts = new Map<string, readonly StartStep[]>();
    for (const layer of point.starts.keys()) {
      const path: StartStep[] = [];
      for (const from of chainOf(point, layer)) {
        const other = on(from.point);
        if (other.error !== null) return { task: null, error: other.error };
        path.push(startStep(own, layer, from, other));
      }
      starts.set(layer, path);
    }
    const name = `${pointText(point.params)} on mask ${replicate.index}`;
    return { task: { name, replicate, masked: own.masked, keys: own.keys, starts }, error: null };
  };

  const rowOf = async (
    { task, error }: Prepared,
    point: Point,
    { replicate, budget }: RowId,
  ): Promise<{ readonly row: SweepRow; readonly parts: FitParts | null }> => {
    const began = performance.now();
    const own = { point: point.index, params: point.params, replicate };
    const failed = (cause: RowError) => {
      const seconds = (performance.now() - began) / 1000;
      return { row: Object.freeze({ ...own, budget, error: cause, seconds }), parts: null };
    };
    if (task === null) return failed(error);
    try {
      const { fit, parts } = await executor.fit({ ...task, budget }, steps);
      const frozen = { inputs: Object.freeze(fit.inputs), looks: Object.freeze(fit.looks) };
      return { row: Object.freeze({ ...own, ...fit, ...frozen }), parts };
    } catch (cause) {
      if (signal?.aborted || onError === 'stop' || cause instanceof SweepWorkerError) throw cause;
      return failed(rowError(cause));
    }
  };

  /** What a mask leaves of points, from when somebody wants to fit one until all who do are done. */
  const maskOf = (r: number) => {
    let replicate: Promise<Replicate> | undefined;
    let preparing: Promise<void> | undefined;
    const graphs = new Map<number, Compiled>();
    const ready = new Map<number, Prepared>();
    /** What is kept of layers, for points that may be gone on with too; data come again under the same names. */
    const held = new Map<number, readonly string[]>();
    let wanted = new Map<number, Point>();
    const release = (index: number) => {
      ready.delete(index);
      steps.release(held.get(index) ?? []);
      held.delete(index);
    };
    /** All at once: what they share is kept for the last of them. */
    const prepareAll = async () => {
      replicate ??= replicateOf(r, inputs, masking).then(executor.placed);
      const made = await replicate;
      nameData(made);
      const on = (point: Point): Compiled => {
        const graph = graphs.get(point.index) ?? compiled(point, made);
        graphs.set(point.index, graph);
        return graph;
      };
      const pause = createPause();
      for (const point of wanted.values()) {
        if (ready.has(point.index)) continue;
        const one = prepared(point, made, on);
        ready.set(point.index, one);
        if (!held.has(point.index)) {
          const keys = keysNeeded(one);
          held.set(point.index, keys);
          steps.expect(keys);
        }
        if (pause.due()) await pause.turn();
        signal?.throwIfAborted();
      }
    };
    return {
      want(points: readonly Point[]) {
        wanted = new Map(points.map((point) => [point.index, point]));
        for (const index of [...held.keys()]) if (!wanted.has(index)) release(index);
      },
      async get({ index }: Point): Promise<Prepared> {
        if (!ready.has(index)) {
          preparing ??= prepareAll().finally(() => {
            preparing = undefined;
          });
        }
        await preparing;
        const own = ready.get(index);
        if (own === undefined) throw new TypeError('a point must be wanted before it is fitted');
        return own;
      },
      /** The row of a point is there, whoever has made it. */
      done({ index }: Point, budget: number | null) {
        wanted.delete(index);
        if (budget === null) release(index);
        if (wanted.size > 0) return;
        // Made again for those that are gone on with, by then.
        replicate = undefined;
        graphs.clear();
        ready.clear();
      },
    };
  };
  const masks = Array.from({ length: reps }, (_, r) => maskOf(r));

  const madeRow = async (point: Point, id: RowId): Promise<SweepRow | null> => {
    signal?.throwIfAborted();
    const mask = masks[id.replicate];
    const claim = await ledger.claim(id);
    if (claim === 'busy') return null;
    if (claim !== 'yours') {
      mask.done(point, id.budget);
      return Object.freeze({ ...claim, point: point.index, params: point.params });
    }
    try {
      const { row, parts } = await rowOf(await mask.get(point), point, id);
      if (parts !== null) await keep?.(point, id.replicate, parts);
      await ledger.record(id, row);
      mask.done(point, id.budget);
      return row;
    } catch (error) {
      await ledger.drop(id);
      throw error;
    }
  };

  return {
    work: () => steps.work,
    close: () => executor.close(),
    async evaluate(points, budget) {
      const rows: SweepRow[] = [];
      await ledger.enter(points);
      for (const mask of masks) mask.want(points);
      for (const replicate of masks.keys()) {
        const own = await pooled(points, executor.slots, async (point) => {
          const row = await madeRow(point, { params: point.params, replicate, budget });
          if (row !== null) onRow(row);
          return row;
        });
        rows.push(...own);
      }
      return rows;
    },
    async refit(points, replicate) {
      const mask = masks[replicate];
      mask.want(points);
      await pooled(points, executor.slots, async (point) => {
        signal?.throwIfAborted();
        const { task, error } = await mask.get(point);
        if (task === null) throw new KernelError('invalid-argument', error.message);
        const { parts } = await executor.fit({ ...task, budget: null }, steps);
        if (parts !== null) await keep?.(point, replicate, parts);
        mask.done(point, null);
        return point;
      });
    },
  };
}

/** The keys of its layers, and of all that these start from. */
function keysNeeded({ task }: Prepared): readonly string[] {
  if (task === null) return [];
  const others = [...task.starts.values()].flatMap((path) => path.map(({ key }) => key));
  return [...new Set([...task.keys.values(), ...others])];
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
