import { transpose } from '../../../matrix.js';
import type { CallOptions, Iterate, Stopped, SvdArgs, SvdResult } from '../../kernels.js';
import type { Blocks } from '../blocks.js';
import type { FeatureMoments } from '../centered.js';
import { complete } from '../orthogonal.js';
import type { Measure } from './measure.js';
import { fixSigns, type Ritz } from './ritz.js';

/** A search, and X as the reference reads it. */
export interface Search extends SvdArgs {
  readonly blocks: Blocks;
}

export function tell({ onIteration }: CallOptions, history: readonly Measure[], entries: number): void {
  const { squares, objective } = history[history.length - 1];
  const iterate: Iterate = { iteration: history.length, loss: squares / entries, objective };
  onIteration?.(iterate);
}

/** How a search ended. */
export interface Ended {
  readonly last: Measure;
  readonly history: readonly Measure[];
  readonly kkt: number;
  readonly stopped: Stopped;
  readonly left: Float64Array;
  readonly moments: Pick<FeatureMoments, 'center' | 'scale'>;
  /** That are known. */
  readonly entries: number;
}

/** Vectors that are zero are replaced by others at right angles to all. */
export function orthonormalResult(best: Ritz, ended: Ended): SvdResult {
  complete(best.U);
  complete(best.V);
  fixSigns(best);
  return resultOf(best, ended);
}

export function resultOf({ U, sigma, V }: Ritz, ended: Ended): SvdResult {
  const { last, history, kkt, stopped, left, moments, entries } = ended;
  return {
    W: U,
    d: sigma,
    H: transpose(V),
    loss: last.squares / entries,
    nullLoss: null,
    factorLoss: null,
    objective: last.objective,
    iterations: history.length,
    stopped,
    history: {
      loss: Float64Array.from(history, ({ squares }) => squares / entries),
      objective: Float64Array.from(history, ({ objective }) => objective),
    },
    kkt,
    heldOut: null,
    center: moments.center,
    scale: moments.scale,
    left,
  };
}
