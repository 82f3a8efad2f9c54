import { randomInt } from 'node:crypto';
import { compile } from '../compiler/compile.js';
import { explain } from '../compiler/explain.js';
import { toMermaid } from '../compiler/mermaid.js';
import type { Compiled, Plan } from '../compiler/plan.js';
import { nodeOf } from '../dsl/build.js';
import { checkOptions } from '../dsl/check-options.js';
import type { GraphConfig } from '../dsl/config.js';
import type { EmbeddingGuard, InputsOf, LayerMap, LayersOf, NoLayers, Ref } from '../dsl/expr.js';
import { fitOptions } from '../dsl/schemas.js';
import { type Backend, quickestKernels, selectKernels } from '../kernels/select.js';
import type { Memory } from '../solver.js';
import { afterFit } from './after-fit.js';
import { layerFits } from './assemble.js';
import type { GraphFit, Progress } from './fit.js';
import { keep } from './kept.js';
import { withPartial } from './partial.js';
import { run } from './run.js';
import { summarize } from './summary.js';

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
}

/** A compiled graph, ready to be looked at and to be fitted as often as wanted. */
export interface FactorNet<L extends LayerMap = NoLayers, I extends string = string> {
  /** What will run, as JSON. */
  readonly plan: Plan;
  /** The plan as text: shapes, kernels, multiply-adds and bytes per step. */
  explain(): string;
  /** The plan as a Mermaid flowchart. */
  toMermaid(): string;
  /**
   * Fits every layer, upstream first, each to its own convergence.
   *
   * @throws KernelError when the numbers leave their range, memory runs out, or a kernel fails.
   * @throws BackendUnavailableError for `backend: 'native'` where that isn't built.
   * @throws GraphError 'unknown-option', 'invalid-option' for these options.
   */
  fit(options?: FitOptions): Promise<GraphFit<L, I>>;
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
): FactorNet<LayersOf<E>, InputsOf<E>> {
  const compiled = compile(nodeOf(output), config, quickestKernels().look);
  const net = {
    plan: compiled.plan,
    explain: () => explain(compiled.plan),
    toMermaid: () => toMermaid(compiled.plan),
    fit: (options: FitOptions = {}) => fitCompiled(compiled, options),
  };
  // The expression's types say which layers and inputs the plan holds; a fit finds them by name.
  return Object.freeze(net) as FactorNet<LayersOf<E>, InputsOf<E>>;
}

/** Runs a plan on its data and puts the fit together. */
export async function fitCompiled(compiled: Compiled, options: FitOptions): Promise<GraphFit> {
  checkOptions(fitOptions, options, 'fit');
  const { plan, bindings } = compiled;
  const { signal, onProgress, threads, memory } = options;
  const seed = plan.seed ?? randomInt(2 ** 32);
  const kernels = selectKernels(options.backend);
  const began = performance.now();
  signal?.throwIfAborted();
  const state = await run(plan, bindings, { kernels, seed, signal, onProgress, threads, memory });
  const layers = layerFits(plan, state);
  const last = plan.layers[plan.layers.length - 1].layer;
  const cancelled = () => withPartial(signal?.reason, { layers, stoppedIn: state.cancelledIn ?? last, seed });
  if (signal?.aborted) throw cancelled();
  const summary = await summarize(plan, state, kernels, { seed, threads, signal, began });
  if (signal?.aborted) throw cancelled();
  const made = { ...layers, summary };
  for (const [name, value] of Object.entries(afterFit(plan, state, kernels, threads)))
    Object.defineProperty(made, name, { value });
  keep(made, { plan, state, layers, summary, inputs: bindings });
  // Layers are keyed by the names in the plan, which are those of the expression's types.
  return Object.freeze(made) as unknown as GraphFit;
}
