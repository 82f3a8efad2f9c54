import type { GraphConfig } from '../dsl/config.js';
import type { FactorRef } from '../dsl/expr.js';
import type { Backend } from '../kernels/select.js';
import type { Memory } from '../solver.js';
import type { Keep } from './fits/settle.js';
import type { HoldOutKind } from './held-out.js';
import type { SweepProgress } from './progress.js';
import type { ParamsOf, Space } from './space.js';

/** What a sweep searches, and how it judges. */
export interface SweepOptions<S extends Space = Space> {
  /** The values of each parameter: lists, or `range(low, high, { … })`. */
  readonly params: S;
  /** Builds the graph of a point, whatever it is; its inputs must be those of every other point. */
  readonly layerFn: (params: ParamsOf<S>) => FactorRef;
  /**
   * How points are chosen. 'grid' (default): every combination of values. 'random': `points` of them, drawn. 'tpe': `points`,
   * the first ones drawn, the others where those that came out well lie (tree-structured Parzen estimator). 'halving': every
   * combination, or `points` drawn ones, for few iterations of their NMF layers; the best 1 in `eta` go on with `eta` times as
   * many, again and again, to their end (successive halving).
   */
  readonly strategy?: 'grid' | 'random' | 'tpe' | 'halving' | undefined;
  /** How many points, ≥ 1: needed for 'random' and 'tpe', and for 'halving' unless it takes the grid. */
  readonly points?: number | undefined;
  /** For 'halving': one in how many points goes on, a whole number ≥ 2; default 3. */
  readonly eta?: number | undefined;
  /**
   * For 'halving': the least that a point gets, in iterations of each NMF layer, from 1 to the largest `maxIter`; default 10, or
   * where that is less the largest `maxIter` over `eta`. With fewer of them good points may be given up too early.
   */
  readonly minIter?: number | undefined;
  /** Masks, each with a start of its own, that every point is fitted and scored on; ≥ 1, default 3. */
  readonly reps?: number | undefined;
  /** Share of what is known that is held out of the fit and scored, in (0, 1); default 0.1. */
  readonly testFraction?: number | undefined;
  /**
   * 'entries' (default): entries of each input, zeros too; 'nonzeros': only those that are not zero; 'samples': whole samples
   * of all inputs, scored through `project`.
   */
  readonly holdOut?: HoldOutKind | undefined;
  /** Whole number ≥ 0 that all masks and starts come from; default 0. */
  readonly seed?: number | undefined;
  /** Options of the graph, as `factorNet` takes them, but for the seed. */
  readonly config?: Omit<GraphConfig, 'seed'> | undefined;
  /**
   * Least `L2` of the layers that read data of which entries are held out, ≥ 0; default 1e-3: of both factors of NMF layers. A feature
   * or sample of which few entries are left would be predicted without bounds. A layer's own L2, where larger, stays; joint training knows none.
   */
  readonly ridge?: number | undefined;
  /**
   * Ends the fit of a point on a mask early: its held-out loss is looked at after every so many iterations of its NMF layers
   * (`every`, ≥ 1, default 5), until it hasn't come down for `patience` looks in a row (≥ 1, default 4) or all have ended.
   * The row is that of the lowest, and its `looks` are what was found on the way. Default: none; the fit goes to its end.
   */
  readonly earlyStopping?: { readonly every?: number | undefined; readonly patience?: number | undefined } | undefined;
  /**
   * Says of each point how far its fits, one for each mask and start, agree on each NMF layer: cophenetic correlation and dispersion
   * of the consensus of their clusters of samples, and stability of their factors. With two `reps` at least, and held out must be
   * entries; default false. The fits of all points are kept while it is needed.
   */
  readonly diagnostics?: boolean | undefined;
  /**
   * NMF layers start from the fit of another one on the same mask: the same layer, reading the same, of its rank
   * with lower penalties (L1, L2, L21, angular), or of the next lower rank; factors that are more begin small, at random. Whom
   * each starts from depends on the points alone, and `explain()` says it. With strategy 'grid' or 'random'. Default false. Diagnostics
   * are then of whole paths, each mask's from a start of its own.
   */
  readonly warmStart?: boolean | undefined;
  /** What makes a point more complex than another, for `simplest`; default: the ranks of its layers added up. */
  readonly complexity?: ((params: ParamsOf<S>) => number) | undefined;
}

/** How a sweep is run; none of this changes a number of its result. */
export interface SweepRunOptions {
  /** Cancels the sweep: it rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined;
  /** Told of every row, as it is done. */
  readonly onProgress?: ((progress: SweepProgress) => void) | undefined;
  /** 'record' (default): a point that fails is a row with its error; 'stop': the sweep rejects with it. */
  readonly onError?: 'stop' | 'record' | undefined;
  /**
   * Fits that run at once, ≥ 1; default 1. The threads of the kernels are divided among them, so there are never more fits at
   * once than `threads`.
   */
  readonly workers?: number | undefined;
  /**
   * Where fits run. 'inline' (default): on the caller's thread, from which the native kernels go to threads of their own;
   * 'threads': each of the `workers` on a worker thread, so that the reference kernels run side by side too, and nothing of a
   * fit is done on the caller's thread. Worker threads take a moment to start, and hold a copy of the data that they share.
   */
  readonly executor?: 'inline' | 'threads' | undefined;
  /** Threads for the native kernels, ≥ 1, of all fits together; default: all cores. */
  readonly threads?: number | undefined;
  /** 'auto' (default): native where it is built, else reference. */
  readonly backend?: Backend | undefined;
  /** 'low' keeps no transpose of sparse data; default 'normal'. */
  readonly memory?: Memory | undefined;
  /**
   * A file that keeps every row as it is done, for which the package libsql must be installed. A sweep that was killed goes on
   * from it, several processes may share it, and `openSweep` reads it; rows that failed are tried again with `onError: 'stop'`.
   */
  readonly store?: string | undefined;
  /**
   * Which fits stay, for `fit` of the result: 'none' (default), those of `best` and `simplest` on every mask ('best'), or of every
   * point that was fitted to its end ('all'). They are in the folder `<store>.fits`, named by what is in them, so that a layer that
   * points share is there once; without a store in memory. What a run has kept with 'all' no other removes.
   */
  readonly keep?: Keep | undefined;
}
