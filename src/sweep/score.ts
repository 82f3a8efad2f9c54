import { alignColumns } from '../align.js';
import type { Plan, SlotId } from '../compiler/plan.js';
import { GraphError, KernelError } from '../errors.js';
import type { Kernels, MseArgs } from '../kernels/kernels.js';
import type { KernelLoss } from '../loss.js';
import { dense, type Matrix, storedValues } from '../matrix.js';
import { firstKnown, inputsOf } from '../runtime/inputs.js';
import { beyondDeviance, lossOfInput, ofNewSamples } from '../runtime/loss.js';
import { project } from '../runtime/project.js';
import { estimates, fitted, leftOf, type Product } from '../runtime/reconstruct.js';
import { restore } from '../runtime/run.js';
import { blocksIn, type RunState } from '../runtime/state.js';
import type { Split } from './held-out.js';

/**
 * Mean squared errors of an input reconstructed from the output of the graph, or mean deviances where the layers that read
 * it have another loss; for 'nb' and 'gp' means of −2·log P, so that fits with other parameters can be compared.
 */
export interface InputScore {
  /** Over the entries that were held out; null where none was. */
  readonly testLoss: number | null;
  /** Over those that were fitted. */
  readonly trainLoss: number;
  /** How many were held out. */
  readonly heldOut: number;
  /** How many were fitted. */
  readonly fitted: number;
}

interface Context {
  readonly kernels: Kernels;
  readonly threads: number | undefined;
}

/** How well each input comes back through the whole graph: the entries that were held out, and the others. */
export async function scoreEntries(
  plan: Plan,
  state: RunState,
  splits: ReadonlyMap<string, Split>,
  context: Context,
): Promise<ReadonlyMap<string, InputScore>> {
  const scores = new Map<string, InputScore>();
  for (const { name, X, W, H, loss, aligned, train } of await trained(plan, state, splits, context)) {
    const own = splits.get(name)?.test;
    if (own === undefined) continue;
    const test = aligned === null ? own : alignColumns(own, aligned);
    const heldOut = knownIn([test]);
    const testLoss = heldOut === 0 ? null : await lossBy(loss, { X: [test], W, H }, context);
    scores.set(name, { testLoss, trainLoss: train, heldOut, fitted: knownIn(X) });
  }
  return scores;
}

/** The mean squared error of a model, or the mean deviance of a loss; where that has parameters, the mean of −2·log P. */
async function lossBy(loss: KernelLoss | null, model: MseArgs, { kernels, threads }: Context): Promise<number> {
  if (loss === null) return kernels.mse(model, { threads });
  const { loss: deviance } = await kernels.deviance({ ...model, loss }, { threads });
  return deviance + (await beyondDeviance(loss, model.X, knownIn(model.X)));
}

/** Each input, its estimate W·H through the whole graph, and the loss over what was fitted. */
async function trained(plan: Plan, state: RunState, splits: ReadonlyMap<string, Split>, context: Context) {
  const found = await estimates(plan, state, fitted(state, plan.output));
  const all = [];
  for (const input of inputsOf(plan)) {
    if (!splits.has(input.name)) continue;
    const known = firstKnown(input, found);
    const slot = known?.slot ?? input.forms[0].slot;
    const X = blocksIn(state, slot);
    const estimate: Product = known?.value ?? { left: dense(X[0].rows, 1), right: dense(1, X[0].cols) };
    const [W, H] = [leftOf(estimate), estimate.right];
    const step = plan.prepare.find(({ write }) => write === slot);
    const aligned = step?.op === 'align' ? step.from : null;
    const loss = lossOfInput(plan, state, slot);
    all.push({ name: input.name, X, W, H, loss, aligned, train: await lossBy(loss, { X, W, H }, context) });
  }
  return all;
}

/** How well the samples that were held out come back from their projection, and the others from their embedding. */
export async function scoreSamples(
  plan: Plan,
  state: RunState,
  splits: ReadonlyMap<string, Split>,
  heldOut: ReadonlyMap<SlotId, Matrix>,
  context: Context & { readonly signal: AbortSignal | undefined },
): Promise<ReadonlyMap<string, InputScore>> {
  const { kernels, threads, signal } = context;
  const fits = await trained(plan, state, splits, context);
  const projected = await project(plan, state, heldOut, kernels, { threads, signal });
  const results = [...state.results].flatMap(([layer, result]) => {
    const H = projected.get(layer);
    return H === undefined ? [] : [[layer, { ...result, H }] as const];
  });
  const led = restore(plan, new Map(results));
  const found = await estimates(plan, led, fitted(led, plan.output));
  const out = new Map<string, InputScore>();
  for (const input of inputsOf(plan)) {
    const own = fits.find(({ name }) => name === input.name);
    const [split, known] = [splits.get(input.name), firstKnown(input, found)];
    if (own === undefined || split === undefined || known === undefined) continue;
    const X = [split.test];
    const heldOut = knownIn(X);
    const [W, H] = [leftOf(known.value), known.value.right];
    const loss = own.loss === null ? null : ofNewSamples(own.loss);
    const testLoss = heldOut === 0 ? null : await lossBy(loss, { X, W, H }, context);
    out.set(input.name, { testLoss, trainLoss: own.train, heldOut, fitted: knownIn(own.X) });
  }
  return out;
}

/** Entries that are not missing. */
export function knownIn(blocks: readonly Matrix[]): number {
  let count = 0;
  for (const block of blocks) {
    const values = storedValues(block);
    let gaps = 0;
    for (let p = 0; p < values.length; p++) if (Number.isNaN(values[p])) gaps++;
    const all = block.kind === 'csc' && block.unlisted === 'missing' ? values.length : block.rows * block.cols;
    count += all - gaps;
  }
  return count;
}

/**
 * Means over the entries of all inputs: of those held out, and of those fitted.
 *
 * @throws GraphError 'nothing-held-out' where none is left to be scored, once samples are brought together.
 */
export function totals(scores: ReadonlyMap<string, InputScore>): {
  readonly testLoss: number;
  readonly trainLoss: number;
} {
  const all = [...scores.values()];
  if (all.every(({ heldOut }) => heldOut === 0)) {
    const [[input, { fitted }] = ['', { fitted: 0 }]] = scores;
    throw new GraphError([{ code: 'nothing-held-out', input, entries: fitted, at: `input '${input}'` }]);
  }
  const mean = (of: (score: InputScore) => readonly [loss: number | null, entries: number]) => {
    const entries = all.reduce((sum, score) => sum + of(score)[1], 0);
    return all.reduce((sum, score) => sum + (of(score)[0] ?? 0) * of(score)[1], 0) / entries;
  };
  const losses = {
    testLoss: mean(({ testLoss, heldOut }) => [testLoss, heldOut]),
    trainLoss: mean(({ trainLoss, fitted }) => [trainLoss, fitted]),
  };
  if (!Number.isFinite(losses.testLoss) || !Number.isFinite(losses.trainLoss))
    throw new KernelError('non-finite', 'the loss through the whole graph left the range of numbers');
  return losses;
}
