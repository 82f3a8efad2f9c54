import { randomInt } from 'node:crypto';
import { compile } from '../compiler/compile.js';
import { explain } from '../compiler/explain.js';
import { toMermaid } from '../compiler/mermaid.js';
import type { Compiled, Plan } from '../compiler/plan.js';
import { nodeOf } from '../dsl/build.js';
import { checkOptions } from '../dsl/check-options.js';
import type { GraphConfig } from '../dsl/config.js';
import type { EmbeddingGuard, InputsOf, LayerMap, LayersOf, ModalityOf, NoLayers, Ref } from '../dsl/expr.js';
import { fitOptions } from '../dsl/schemas.js';
import { checkpointFile } from '../io/checkpoint-file.js';
import { type Backend, quickestKernels, selectKernels } from '../kernels/select.js';
import { afterFit } from '../runtime/after-fit.js';
import { layerFits } from '../runtime/assemble.js';
import { type Keeper, openKeeper } from '../runtime/checkpoint.js';
import type { GraphFit, Progress } from '../runtime/fit.js';
import { keep } from '../runtime/kept.js';
import { fitDisplayed } from '../runtime/look.js';
import { withPartial } from '../runtime/partial.js';
import { reported } from '../runtime/reported.js';
import { run } from '../runtime/run.js';
import { lookThrough, type SeenStreams } from '../runtime/streams.js';
import { summarize } from '../runtime/summary.js';
import type { Memory } from '../solver.js';
import { netDisplayed } from './look.js';

export interface FitOptions {
  /** Cancels the fit within one iteration: it rejects with `signal.reason`; `partialFit(reason)` is what it had reached. */
  readonly signal?: AbortSignal | undefined;
  /** Told of every accepted iterate of every layer, those of raced starts too. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Threads for the native kernels, ≥ 1; default: all cores. The result is bitwise the same for any number. */
  readonly threads?: number | undefined;
  /** 'low' keeps no transpose of sparse data: slower, the same bits; default 'normal'. */
  readonly memory?: Memory | undefined;
  /** 'auto' (default): native where it is built, else reference. */
  readonly backend?: Backend | undefined;
  /** Leaves behind how far the fit has come, and goes on from there; default: neither. */
  readonly checkpoint?: CheckpointOptions | undefined;
}

/**
 * A file that a fit can go on from after its process has died, to bitwise the result that it would have had: the same call
 * on the same data, with any number of threads. The file is written beside its place and renamed, while the fit goes on;
 * when the fit is done it holds all layers, and the same call returns them.
 */
export interface CheckpointOptions {
  /** The file. One of another fit is refused, never overwritten. */
  readonly path: string;
  /**
   * Accepted iterations of an NMF layer from one writing to the next, a whole number ≥ 1; default 10. Where writing takes
   * longer than that, the next begins when it is done. Finished layers are always written.
   */
  readonly every?: number | undefined;
  /** False begins anew, whatever is at `path`, and replaces it; default true. */
  readonly resume?: boolean | undefined;
}

/** A compiled graph, ready to be looked at and to be fitted as often as wanted. */
export interface FactorNet<L extends LayerMap = NoLayers, I extends string = string, O extends string = never> {
  /** What will run, as JSON. */
  readonly plan: Plan;
  /** The plan as text: shapes, kernels, multiply-adds and bytes per step. */
  explain(): string;
  /** The plan as a Mermaid flowchart. */
  toMermaid(): string;
  /**
   * Fits every layer, upstream first, each to its own convergence.
   *
   * @throws GraphError for what is wrong with the numbers of an input that is streamed, and IoError for its file.
   * @throws KernelError when the numbers leave their range, memory runs out, or a kernel fails.
   * @throws BackendUnavailableError for `backend: 'native'` where that isn't built.
   * @throws GraphError 'unknown-option', 'invalid-option' for these options.
   * @throws ModelFileError for a `checkpoint`: 'other-fit' (the message and `differs` say in what), 'damaged',
   * 'newer-version', 'not-a-checkpoint' for the file that is there, 'not-saved' where it can't be written: before the fit,
   * or within `every` iterations of the failure, with the last whole checkpoint still in its place.
   */
  fit(options?: FitOptions): Promise<GraphFit<L, I, O>>;
}

/**
 * Compiles the graph that leads to `output`: checks it whole, and lowers it to a plan.
 *
 * @example
 * const net = factorNet(nmfLayer(factorInput(X, { name: 'rna' }), { name: 'parts', k: 10 }), { seed: 1 });
 * console.log(net.explain());
 * const { parts } = await net.fit();
 * @throws GraphError with every fault in the graph.
 */
export function factorNet<E extends Ref>(
  output: E & EmbeddingGuard<E>,
  config: GraphConfig = {},
): FactorNet<LayersOf<E>, InputsOf<E>, ModalityOf<E>> {
  const compiled = compile(nodeOf(output), config, quickestKernels().look);
  const net = {
    plan: compiled.plan,
    explain: () => explain(compiled.plan),
    toMermaid: () => toMermaid(compiled.plan),
    fit: (options: FitOptions = {}) => fitCompiled(compiled, options),
  };
  // The expression's types say which layers and inputs the plan holds; a fit finds them by name.
  return Object.freeze(netDisplayed(net)) as FactorNet<LayersOf<E>, InputsOf<E>, ModalityOf<E>>;
}

/** One that is drawn is one of R's too. */
const seedOf = ({ seed }: Plan): number => seed ?? randomInt(2 ** 31);

async function keeperOf(
  compiled: Compiled,
  streams: SeenStreams,
  options: CheckpointOptions | undefined,
  backend: string,
) {
  if (options === undefined) return undefined;
  const { path, every = 10, resume = true } = options;
  const checkpoints = await checkpointFile(compiled, streams, { path, every, resume, backend });
  return openKeeper(checkpoints, () => seedOf(compiled.plan));
}

/** What comes of a run once all is written that it leaves behind; its own error goes before one of writing. */
async function kept<T>(keeper: Keeper | undefined, work: () => Promise<T>): Promise<T> {
  try {
    const result = await work();
    await keeper?.settled();
    return result;
  } catch (error) {
    await keeper?.settled().catch(() => undefined);
    throw error;
  }
}

/** Runs a plan on its data and puts the fit together. */
export async function fitCompiled(compiled: Compiled, options: FitOptions): Promise<GraphFit> {
  checkOptions(fitOptions, options, 'fit');
  const { plan, bindings } = compiled;
  const { signal, onProgress, threads, memory } = options;
  const kernels = selectKernels(options.backend);
  const began = performance.now();
  signal?.throwIfAborted();
  const streams = await lookThrough(compiled, kernels, signal);
  const keeper = await keeperOf(compiled, streams, options.checkpoint, kernels.backend);
  const seed = keeper?.reached.seed ?? seedOf(plan);
  const state = await kept(keeper, () =>
    run(plan, bindings, { kernels, seed, signal, onProgress, threads, memory, keeper, streams }),
  );
  const layers = layerFits(plan, state);
  const last = plan.layers[plan.layers.length - 1].layer;
  const cancelled = () => withPartial(signal?.reason, { layers, stoppedIn: state.cancelledIn ?? last, seed });
  if (signal?.aborted) throw cancelled();
  const summary = await summarize(plan, state, kernels, { seed, threads, signal, began });
  if (signal?.aborted) throw cancelled();
  const made = { ...layers, summary };
  const all = { plan, state, layers, summary, inputs: bindings };
  for (const [name, value] of Object.entries({ ...afterFit(plan, state, kernels, threads), ...reported(all) }))
    Object.defineProperty(made, name, { value });
  keep(made, all);
  // Layers are keyed by the names in the plan, which are those of the expression's types.
  return Object.freeze(fitDisplayed(made)) as unknown as GraphFit;
}
