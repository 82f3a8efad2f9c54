import { show } from '../issues.js';
import type { InputScore } from './score.js';
import type { Params } from './space.js';

/** What kept a point from being fitted or scored. */
export interface RowError {
  /** Of the issue, or the kernel's error; 'error' for any other. */
  readonly code: string;
  readonly message: string;
}

interface RowOf<P> {
  /** Place of the point among those of the sweep, from 0. */
  readonly point: number;
  readonly params: P;
  /** The mask, from 0. */
  readonly replicate: number;
  /** Iterations that an NMF layer could take, where `halving` gave it fewer than its own `maxIter`; null: all. */
  readonly budget: number | null;
}

/** A look at a fit on its way, with `earlyStopping`. */
export interface Look {
  /** Iterations that its NMF layers had made, each as many unless it had ended. */
  readonly iteration: number;
  /** Mean squared error over all entries that were held out, reconstructed from the output of the graph. */
  readonly testLoss: number;
  /** The same over all entries that were fitted. */
  readonly trainLoss: number;
}

export interface FittedRow<P = Params> extends RowOf<P> {
  readonly error: null;
  /** Mean squared error over all entries that were held out, reconstructed from the output of the graph. */
  readonly testLoss: number;
  /** The same over all entries that were fitted. */
  readonly trainLoss: number;
  readonly inputs: { readonly [input: string]: InputScore };
  /** Of all layers together. */
  readonly iterations: number;
  /** Whether every layer has converged. */
  readonly converged: boolean;
  /** With `earlyStopping` what each look has found, in order, those after the lowest too; empty without. */
  readonly looks: readonly Look[];
  /** Wall time; of layers that points share, that of the point that came first. */
  readonly seconds: number;
}

export interface FailedRow<P = Params> extends RowOf<P> {
  readonly error: RowError;
  readonly seconds: number;
}

/** One point on one mask. */
export type SweepRow<P = Params> = FittedRow<P> | FailedRow<P>;

export const isFitted = <P>(row: SweepRow<P>): row is FittedRow<P> => row.error === null;

/** An error as a row keeps it. */
export function rowError(error: unknown): RowError {
  const message = error instanceof Error ? error.message : show(error);
  const own = error instanceof Error && 'code' in error ? error.code : undefined;
  const [issue] = error instanceof Error && 'issues' in error && Array.isArray(error.issues) ? error.issues : [];
  const code = typeof issue?.code === 'string' ? issue.code : typeof own === 'string' ? own : 'error';
  return Object.freeze({ code, message });
}
