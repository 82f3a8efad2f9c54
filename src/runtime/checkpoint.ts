import type { NmfState } from '../kernels/kernels.js';
import type { DenseMatrix } from '../matrix.js';
import type { Round } from './fit.js';
import type { LayerResult } from './state.js';

/** The layer that a fit is at work on, and where. */
export interface InWork {
  readonly layer: string;
  /** Which of its random starts it goes on from. */
  readonly restart: number;
  readonly state: NmfState;
}

/** How far joint training has come: the factors after its last round, by layer. */
export interface JointWork {
  readonly A: ReadonlyMap<string, DenseMatrix>;
  readonly E: ReadonlyMap<string, DenseMatrix>;
  readonly rounds: readonly Round[];
}

/** How far a fit has come. */
export interface Reached {
  readonly seed: number;
  /** The layers that are finished, each by itself. */
  readonly results: ReadonlyMap<string, LayerResult>;
  /** null between layers, and before the first state of one. */
  readonly inWork: InWork | null;
  /** null before its first round. */
  readonly joint: JointWork | null;
}

/** Where a fit leaves how far it has come, and finds it again. */
export interface Checkpoints {
  /** Accepted iterates of a layer, or rounds of joint training, from one state to the next, ≥ 1. */
  readonly every: number;
  /** What an earlier run of the same fit has left; null: nothing. */
  read(): Promise<Reached | null>;
  /** What was there before stays whole until all is written. */
  write(reached: Reached): Promise<void>;
}

/** Leaves behind how far one run has come, while it goes on. */
export interface Keeper {
  readonly every: number;
  /** What the run begins with. */
  readonly reached: Reached;
  /** Takes what is to be written, in the place of what still waits. @throws what writing has failed with. */
  save(found: Omit<Reached, 'seed'>): void;
  /** All is written. @throws what writing has failed with. */
  settled(): Promise<void>;
}

/**
 * Begins where an earlier run was, or with nothing, which is then written at once: a place that can't be written to is
 * told before the work, and a seed that was drawn is kept.
 */
export async function openKeeper(checkpoints: Checkpoints, seed: () => number): Promise<Keeper> {
  const { every } = checkpoints;
  let reached = await checkpoints.read();
  if (reached === null) {
    reached = { seed: seed(), results: new Map(), inWork: null, joint: null };
    await checkpoints.write(reached);
  }
  const begin = reached;
  let waiting: Reached | null = null;
  let writing: Promise<void> | null = null;
  let failed: { readonly error: unknown } | null = null;
  /** One file at a time; of those that wait only the last is written. It never rejects. */
  const writeAll = async () => {
    try {
      for (let next = waiting; next !== null; next = waiting) {
        waiting = null;
        await checkpoints.write(next);
      }
    } catch (error) {
      failed = { error };
    }
    writing = null;
  };
  const check = () => {
    if (failed !== null) throw failed.error;
  };
  return {
    every,
    reached: begin,
    save(found) {
      check();
      waiting = { ...found, seed: begin.seed, results: new Map(found.results) };
      writing ??= writeAll();
    },
    async settled() {
      await writing;
      check();
    },
  };
}
