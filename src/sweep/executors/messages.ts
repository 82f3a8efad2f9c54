import { GraphError, KernelError, type KernelErrorCode } from '../../errors.js';
import type { GraphIssue } from '../../issues.js';
import type { LayerResult } from '../../runtime/state.js';
import type { Memory } from '../../solver.js';
import type { Fitted, Looks, Task } from '../fit-point.js';
import type { Left, Steps, Wanted } from '../shared-steps.js';

/** What a worker is for, said when it is started. */
export interface WorkerSetup {
  readonly backend: 'native' | 'reference';
  readonly threads: number | undefined;
  readonly looks: Looks | null;
  readonly keeps: boolean;
  readonly memory: Memory | undefined;
}

/**
 * What a worker is told. It makes one fit at a time, and asks for one layer at a time: each 'want' is answered by 'known' or
 * 'failed', and before that perhaps by 'make'; while it makes one it may ask for those that this one starts from.
 */
export type Order =
  | { readonly say: 'fit'; readonly task: Task }
  /** The layer that is wanted isn't known: it is to be fitted, from where it was left. */
  | { readonly say: 'make'; readonly from: Left | null }
  | { readonly say: 'known'; readonly result: LayerResult }
  | { readonly say: 'failed'; readonly error: SentError }
  /** For good. */
  | { readonly say: 'abort' };

/** What a worker tells. */
export type Report =
  | { readonly say: 'ready' }
  | { readonly say: 'want'; readonly by: keyof Steps; readonly key: string; readonly wanted: Wanted }
  /** Of a layer that is being made. */
  | { readonly say: 'left'; readonly left: Left }
  | { readonly say: 'made'; readonly result: LayerResult }
  | { readonly say: 'unmade'; readonly error: SentError }
  /** Of a fit. */
  | { readonly say: 'fitted'; readonly fit: Fitted }
  | { readonly say: 'unfitted'; readonly error: SentError };

/** An error in a message, which leaves out its class and its fields. */
export type SentError =
  | { readonly is: 'graph'; readonly issues: readonly GraphIssue[] }
  | {
      readonly is: 'kernel';
      readonly code: KernelErrorCode;
      readonly message: string;
      readonly layer: string | undefined;
      readonly cause: SentError | null;
    }
  | { readonly is: 'other'; readonly error: unknown; readonly code: unknown };

export function sentError(error: unknown): SentError {
  if (error instanceof GraphError) return { is: 'graph', issues: error.issues };
  if (error instanceof KernelError) {
    const { code, message, layer, cause } = error;
    return { is: 'kernel', code, message, layer, cause: cause === undefined ? null : sentError(cause) };
  }
  return { is: 'other', error, code: error instanceof Error && 'code' in error ? error.code : undefined };
}

export function receivedError(sent: SentError): unknown {
  if (sent.is === 'graph') return new GraphError(sent.issues);
  if (sent.is === 'kernel') {
    const cause = sent.cause === null ? {} : { cause: receivedError(sent.cause) };
    const error = new KernelError(sent.code, '', {
      ...cause,
      ...(sent.layer === undefined ? {} : { layer: sent.layer }),
    });
    // It names the layer already.
    error.message = sent.message;
    return error;
  }
  const { error, code } = sent;
  return error instanceof Error && code !== undefined ? Object.assign(error, { code }) : error;
}
