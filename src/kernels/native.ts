import { availableParallelism } from 'node:os';
import { type Addon, loadAddon, unwrap } from '../addon.js';
import { KernelError } from '../errors.js';
import type { KernelLoss } from '../loss.js';
import { dense, type Matrix } from '../matrix.js';
import { look } from '../matrix-check.js';
import { MOST_THREADS } from '../solver.js';
import type {
  CallOptions,
  EncodeArgs,
  Estimate,
  Kernels,
  KernelTerms,
  NmfArgs,
  NmfCallOptions,
  NmfResult,
  NmfState,
  StreamedNmfArgs,
  SvdArgs,
  SvdResult,
  TiedArgs,
  TiedResult,
} from './kernels.js';
import type * as Native from './native/addon.js';

/** So few numbers are looked at before a call would have begun. */
const FEW = 256;

let loaded: Kernels | undefined;

/**
 * The Rust kernels. They work on threads of their own; arrays handed to them are read in place, so they must not be
 * written to or transferred before the promise has settled.
 *
 * @throws BackendUnavailableError when they are not built, or built for another version or platform.
 */
export function loadNative(): Kernels {
  loaded ??= wrap(loadAddon());
  return loaded;
}

/** Panics in Rust on the road that every kernel takes: a test shows that it rejects with a KernelError and the process lives. */
export async function provokePanic(): Promise<number> {
  return unwrap(await loadAddon().provokePanic());
}

/**
 * The instructions that native kernels use here: 'avx512', 'avx2' or 'portable'.
 *
 * @throws BackendUnavailableError
 */
export function simdLevel(): string {
  return loadAddon().simd();
}

function wrap(addon: Addon): Kernels {
  return Object.freeze({
    backend: 'native',
    nmf: (args: NmfArgs, options: NmfCallOptions = {}) =>
      runKept(addon, args, options, (...call) => addon.nmf(fitted(args), ...call)),
    nmfStreamed: ({ X, ...args }: StreamedNmfArgs, options: NmfCallOptions = {}) =>
      runKept(addon, args, options, async (...call) => {
        let unread: { readonly error: unknown } | undefined;
        const ask = (from: number, to: number) => {
          X.panel(from, to).then(
            (panel) => feed.give(blocks([panel])[0]),
            (error: unknown) => {
              unread = { error };
              feed.fail();
            },
          );
        };
        const { rows, cols, together, listed } = X;
        const feed = new addon.Feed({ rows, cols, together, ...(listed === undefined ? {} : { listed }) }, ask);
        const own = fitted({ ...args, X: [], holdOut: null, missing: null });
        const found = await addon.nmfStreamed(own, feed, ...call);
        if (unread !== undefined) throw unread.error;
        return found;
      }),
    tied: ({ loss, ...args }: TiedArgs, options: CallOptions = {}) =>
      run(addon, options, async (cancel, threads, tell): Promise<TiedResult> => {
        const found = unwrap(await addon.tied({ ...args, X: blocks(args.X), ...lossOf(loss) }, cancel, threads, tell));
        const start = { W: args.start, H: { rows: args.start.cols, cols: args.X[0].cols } };
        return { ...toModel({ start }, found.model), projection: found.projection ?? null };
      }),
    encode: async (args: EncodeArgs, options: CallOptions = {}) => {
      const { coupling, upperBound, loss, weights, ...rest } = args;
      const more = {
        ...(coupling === null ? {} : { coupling }),
        ...(upperBound === null ? {} : { upperBound }),
        ...lossOf(loss),
        ...weightsOf(weights),
      };
      const found = unwrap(await addon.encode({ ...rest, ...more, X: blocks(args.X) }, threadsOf(options)));
      return dense(args.W.cols, args.X[0].cols, found);
    },
    svd: ({ terms, ...args }: SvdArgs, options: CallOptions = {}) =>
      run(addon, options, async (cancel, threads, tell): Promise<SvdResult> => {
        const own = { ...args, ...(terms === null ? {} : { terms }), X: blocks(args.X) };
        const found = unwrap(await addon.svd(own, cancel, threads, tell));
        const start = { W: { rows: args.start.rows, cols: args.k }, H: { rows: args.k, cols: args.X[0].cols } };
        const { center = null, scale = null, left } = found;
        return { ...toModel({ start }, found.model), center, scale, left };
      }),
    multiply: async ({ X, factor, side, estimate }, options = {}) => {
      const less = estimate === undefined ? {} : { estimate: estimateOf(estimate) };
      const found = unwrap(await addon.multiply({ X: blocks(X), factor, side, ...less }, threadsOf(options)));
      const rows = X.reduce((sum, block) => sum + block.rows, 0);
      return side === 'W' ? dense(factor.cols, X[0].cols, found) : dense(rows, factor.rows, found);
    },
    improve: async ({ terms, ...args }, options = {}) => {
      const read = terms.map(({ X, weights, partner, by }) => ({ X: blocks(X), ...weightsOf(weights), partner, by }));
      const found = unwrap(await addon.improve({ ...args, terms: read }, threadsOf(options)));
      return dense(args.factor.rows, args.factor.cols, found);
    },
    deviance: async ({ X, loss, ...estimate }, options = {}) => {
      const args = { X: blocks(X), estimate: estimateOf(estimate), loss: toldOf(loss) };
      const { loss: mean, nullLoss } = unwrap(await addon.deviance(args, threadsOf(options)));
      return { loss: mean, nullLoss };
    },
    mse: async ({ X, ...estimate }, options = {}) =>
      unwrap(await addon.mse({ X: blocks(X), estimate: estimateOf(estimate) }, threadsOf(options))),
    factorLosses: async ({ X, W, H }, options = {}) =>
      unwrap(await addon.factorLosses({ X: blocks(X), W, H }, threadsOf(options))),
    look: (values) => {
      if (values.length < FEW) return look(values);
      const { infinite, missing, gaps, negative, largest, zeros } = addon.examine(values);
      return { infinite, missing, gaps, negative, largest, zeros };
    },
  } satisfies Kernels);
}

/** The end of a call of an NMF: how it is cancelled, and what it tells and saves. */
type KeptCall = [
  cancel: Native.Cancel,
  threads: number,
  tell: Tell | undefined,
  kept: Native.Checkpoint | undefined,
  keep: ((state: NmfState) => void) | undefined,
];

/** A cancellable NMF that may be gone on with. */
function runKept(
  addon: Addon,
  args: Shapes,
  { checkpoint, ...options }: NmfCallOptions,
  call: (...call: KeptCall) => Promise<Native.NmfResult | Native.Failure>,
): Promise<NmfResult> {
  const { from = null, every = 1, save } = checkpoint ?? {};
  return run(addon, { ...options, made: from?.iterations ?? 0 }, async (cancel, threads, tell, guarded) => {
    const keep = save && guarded(save);
    const kept = keep && { every, ...(from === null ? {} : { from }) };
    const found = unwrap(await call(cancel, threads, tell, kept, keep));
    if (found.state !== undefined) keep?.(found.state);
    return toModel(args, found);
  });
}

/** Arguments of a fit as the addon reads them. */
function fitted({
  X,
  W,
  H,
  holdOut,
  missing,
  weights,
  loss,
  ...args
}: Omit<NmfArgs, 'X'> & { readonly X: readonly Matrix[] }): Native.NmfArgs {
  const sides = { W: termsOf(W), H: termsOf(H) };
  const whole = {
    ...{ ...args, ...sides, X: blocks(X) },
    ...(missing === null ? {} : { missing }),
    ...weightsOf(weights),
    ...lossOf(loss),
  };
  return holdOut === null ? whole : { ...whole, holdOut: { ...holdOut, keys: Uint32Array.from(holdOut.keys.flat()) } };
}

const estimateOf = ({ W, H, weights }: Estimate): Native.Estimate => ({ W, H, ...weightsOf(weights) });

const weightsOf = (weights: Estimate['weights']): { weights?: Native.Weights[] } =>
  weights == null ? {} : { weights: weights.map((own) => (own === null ? {} : { matrix: blocks([own])[0] })) };

const lossOf = (loss: NmfArgs['loss']): { loss?: Native.Loss } => (loss == null ? {} : { loss: toldOf(loss) });

const toldOf = ({ dispersion, zeroInflation, ...loss }: KernelLoss): Native.Loss => ({
  ...loss,
  ...(dispersion === null ? {} : { dispersion }),
  ...(zeroInflation === null ? {} : { zeroInflation }),
});

/** What is null in the port is left out for the addon. */
function termsOf({ upperBound, graph, target, ...terms }: KernelTerms): Native.FactorTerms {
  return {
    ...terms,
    ...(upperBound === null ? {} : { upperBound }),
    ...(graph === null ? {} : { graph: { lambda: graph.lambda, adjacency: blocks([graph.adjacency])[0] } }),
    ...(target === null ? {} : { target }),
  };
}

/** Row blocks as the addon reads them. */
function blocks(X: readonly Matrix[]): Native.Matrix[] {
  return X.map((block) => {
    if (block.kind === 'csc') {
      const { unlisted, ...listed } = block;
      return unlisted === undefined ? listed : { ...listed, unlisted };
    }
    const { kind, rows, cols, data, order = 'columns' } = block;
    return { kind, rows, cols, data, order };
  });
}

type Tell = (iteration: number, loss: number, objective: number) => void;
/** A function that is called no more once the call has settled, and whose error ends it. */
type Guard = <A extends readonly unknown[]>(tell: (...told: A) => void) => (...told: A) => void;

/** One cancellable call: every accepted iterate beyond those `made` before is told, in order, before the promise settles. */
async function run<T extends NmfResult>(
  addon: Addon,
  options: CallOptions & { readonly made?: number },
  call: (cancel: Native.Cancel, threads: number, tell: Tell | undefined, guarded: Guard) => Promise<T>,
): Promise<T> {
  const { signal, onIteration, made = 0 } = options;
  const cancel = new addon.Cancel();
  const abort = () => cancel.cancel();
  let told = made;
  let thrown: { readonly error: unknown } | undefined;
  let settled = false;
  const guarded: Guard =
    (callback) =>
    (...args) => {
      if (settled || thrown !== undefined) return;
      try {
        callback(...args);
      } catch (error) {
        thrown = { error };
        abort();
      }
    };
  const tell = guarded((iteration: number, loss: number, objective: number) => {
    told = iteration;
    onIteration?.({ iteration, loss, objective });
  });
  if (signal?.aborted) abort();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    const result = await call(cancel, threadsOf(options), onIteration === undefined ? undefined : tell, guarded);
    // The messages of the last iterates may still be on their way.
    for (let t = told; t < result.iterations; t++) tell(t + 1, result.history.loss[t], result.history.objective[t]);
    if (thrown !== undefined) throw thrown.error;
    return result;
  } finally {
    settled = true;
    signal?.removeEventListener('abort', abort);
  }
}

function threadsOf({ threads = availableParallelism() }: CallOptions): number {
  if (Number.isInteger(threads) && threads >= 1 && threads <= MOST_THREADS) return threads;
  throw new KernelError('invalid-argument', `threads must be a whole number from 1 to ${MOST_THREADS}, not ${threads}`);
}

interface Shapes {
  readonly start: Record<'W' | 'H', { readonly rows: number; readonly cols: number }>;
}

function toModel({ start }: Shapes, found: Native.NmfResult): NmfResult {
  const { W, H, d, loss, nullLoss, factorLoss, objective, stopped, kkt, lossHistory, objectiveHistory, heldOut } =
    found;
  return {
    W: dense(start.W.rows, start.W.cols, W),
    d,
    H: dense(start.H.rows, start.H.cols, H),
    loss,
    nullLoss: nullLoss ?? null,
    factorLoss: factorLoss ?? null,
    objective,
    iterations: lossHistory.length,
    stopped,
    history: { loss: lossHistory, objective: objectiveHistory },
    kkt,
    heldOut: heldOut ?? null,
    dispersion: found.dispersion ?? null,
    zeroInflation: found.zeroInflation ?? null,
  };
}
