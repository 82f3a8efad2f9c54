import { dense } from '../../matrix.js';
import type { FactorTerms } from '../../objective.js';
import type { Panel } from './products.js';

/** β shrinks by η where an extrapolated iterate is rejected, else grows by γ up to β̄, which grows by γ̄ (the paper's). */
const ETA = 1.5;
const GAMMA = 1.05;
const GAMMA_LIMIT = 1.01;

/** How far factors are carried on beyond their last step (HER: Ang & Gillis 2019, algorithm 3). */
export interface Momentum {
  readonly beta: number;
  /** β̄: β does not grow beyond it. */
  readonly limit: number;
  /** The last β whose iterate was accepted; 0: none yet. */
  readonly good: number;
}

export const NO_MOMENTUM: Momentum = { beta: 0, limit: 0, good: 0 };
export const FIRST_MOMENTUM: Momentum = { beta: 0.5, limit: 1, good: 0 };

export function afterAccepted({ beta, limit }: Momentum): Momentum {
  return { beta: Math.min(limit, GAMMA * beta), limit: Math.min(1, GAMMA_LIMIT * limit), good: beta };
}

export function afterRejected({ beta, good }: Momentum): Momentum {
  return { beta: beta / ETA, limit: good > 0 ? good : beta / GAMMA, good };
}

/** to + β·(to − from), within the bounds. */
export function extrapolated(
  to: Panel,
  from: Panel,
  beta: number,
  { nonneg, upperBound }: Pick<FactorTerms, 'nonneg' | 'upperBound'>,
): Panel {
  if (beta === 0) return to;
  const beyond = to.data.map((x, p) => x + beta * (x - from.data[p]));
  const [lower, upper] = [nonneg ? 0 : Number.NEGATIVE_INFINITY, upperBound ?? Number.POSITIVE_INFINITY];
  return dense(
    to.rows,
    to.cols,
    beyond.map((x) => Math.min(Math.max(x, lower), upper)),
  );
}
