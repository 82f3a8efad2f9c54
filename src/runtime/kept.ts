import type { Bindings, Plan } from '../compiler/plan.js';
import type { FitSummary, LayerFit } from './fit.js';
import type { RunState } from './state.js';

/** An input as a saved fit remembers it. */
export interface InputHash {
  readonly name: string;
  readonly sha256: string;
}

/** What a fit is made of, for those who save it. */
export interface Kept {
  readonly plan: Plan;
  readonly state: RunState;
  readonly layers: Readonly<Record<string, LayerFit<string>>>;
  readonly summary: FitSummary;
  /** The data, or what is remembered of them. */
  readonly inputs: Bindings | readonly InputHash[];
}

const fits = new WeakMap<object, Kept>();

export function keep(fit: object, kept: Kept): void {
  fits.set(fit, kept);
}

/** What a fit is made of; undefined for anything else. */
export const keptOf = (fit: unknown): Kept | undefined =>
  typeof fit === 'object' && fit !== null ? fits.get(fit) : undefined;
