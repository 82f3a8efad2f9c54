import type { Spread } from '../stats.js';

/** Shares above the best known loss that a fit is timed to. */
export const goals = [0.01, 0.001, 0.0001] as const;

/** The best known loss of all starts, or of the start at hand: a lucky basin shows as the difference. */
export type Reference = 'all' | 'seed';

/** When a fit got within a goal: the first rung of the ladder, timed as a fit of that many iterations. */
export interface Reached {
  readonly goal: number;
  readonly of: Reference;
  readonly iterations: number | null;
  readonly seconds: Spread | null;
}

export interface Rung {
  readonly iterations: number;
  readonly loss: number;
  readonly seconds: Spread;
}

/** One way of timing one program from one start. */
export interface Run {
  readonly program: string;
  readonly precision: 'f64' | 'f32';
  readonly clock: string;
  readonly threads: number;
  readonly charted: boolean;
  readonly seed: number;
  readonly reached: readonly Reached[];
  readonly rungs: readonly Rung[];
  /** The last rung explored. */
  readonly final: { readonly iterations: number; readonly loss: number };
}

/** Seconds that a figure beside the project gives for the same work, on another machine. */
export interface Published {
  readonly tool: string;
  /** Median over its seeds, per goal; null where half of them did not get there. */
  readonly seconds: readonly { readonly goal: number; readonly seconds: number | null }[];
  readonly finalLoss: number;
}

export interface RaceResult {
  readonly id: string;
  readonly label: string;
  readonly shape: string;
  readonly k: number;
  readonly best: number;
  readonly bestBySeed: readonly { readonly seed: number; readonly loss: number }[];
  /** Our long fits, which look for the best known loss. */
  readonly long: readonly { readonly seed: number; readonly iterations: number; readonly loss: number }[];
  readonly runs: readonly Run[];
  readonly published: readonly Published[];
  readonly checks: {
    /** Relative difference of the evaluator to the plain definition. */
    readonly evaluator: number;
    /** Largest relative difference between a timed fit's loss and that of the same iterations explored. */
    readonly repeated: number;
  };
}
