import type { LayerFit } from './fit.js';

/** What a cancelled fit had reached: the layers that were finished, and the one that was cut short at its best iterate. */
export interface PartialFit {
  readonly layers: { readonly [layer: string]: LayerFit<string> };
  /** The layer that was being fitted. */
  readonly stoppedIn: string;
  readonly seed: number;
}

/** The reason a fit was cancelled with, carrying what it had reached; a reason that is no object can't carry it. */
export function withPartial(reason: unknown, partial: PartialFit): unknown {
  if (typeof reason === 'object' && reason !== null) {
    Reflect.defineProperty(reason, 'partial', { value: partial, configurable: true, writable: true });
  }
  return reason;
}

/**
 * What a cancelled fit had reached, from the error it rejected with; undefined for any other error, for a reason that is
 * no object, and for a signal that was aborted before the fit began. Fits that are cancelled by one signal share its
 * reason: it then holds what the last of them had reached.
 *
 * @example
 * net.fit({ signal: AbortSignal.timeout(1000) }).catch((error) => partialFit(error)?.layers);
 */
export function partialFit(error: unknown): PartialFit | undefined {
  if (typeof error !== 'object' || error === null || !('partial' in error)) return undefined;
  // `withPartial` is the only one to put this there.
  return error.partial as PartialFit;
}
