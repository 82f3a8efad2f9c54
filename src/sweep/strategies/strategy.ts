import type { Point } from '../points.js';
import type { Params } from '../space.js';

/**
 * Fits points on every mask, NMF layers to `budget` iterations at most (null: to their end), and gives the mean held-out
 * error of each; Infinity for one that failed on a mask.
 */
export type Ask = (points: readonly Params[], budget: number | null) => Promise<readonly number[]>;

/** A way to search a space. Points are compared that it has asked for without a budget. */
export interface Strategy {
  /** The points that it begins with, known before anything is fitted. */
  readonly first: readonly Params[];
  /**
   * What it is going to do, for the graphs of these points.
   *
   * @throws GraphError for graphs that it can't search.
   */
  plan(points: readonly Point[]): Search;
}

export interface Search {
  /** How many points it asks for at most, and with which budget, one after the other. */
  readonly rungs: readonly Rung[];
  /** The same in words, a line each. */
  readonly says: readonly string[];
  run(ask: Ask): Promise<void>;
}

export interface Rung {
  readonly points: number;
  readonly budget: number | null;
}
