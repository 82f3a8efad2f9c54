import { noteText } from '../compiler/explain.js';
import type { Plan, SlotId } from '../compiler/plan.js';
import type { Kernels } from '../kernels/kernels.js';
import { totalRows } from '../matrix.js';
import { eachExplainedBy, explainedBy, factorsExplained, nullLossOf } from './explained.js';
import type { FitSummary, InputSummary } from './fit.js';
import { firstKnown, inputsOf } from './inputs.js';
import { estimates, fitted, leftOf, type Product } from './reconstruct.js';
import { blocksIn, type RunState } from './state.js';

interface Context {
  readonly seed: number;
  readonly threads: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** When the fit began, by `performance.now()`. */
  readonly began: number;
}

interface Known {
  readonly loss?: number;
  readonly nullLoss?: number;
  readonly factorLoss?: Float64Array;
}

/** What the only layer has measured itself, where it reads the input as it is; a loss in 32 bits is measured anew. */
function knownLosses(plan: Plan, state: RunState, slot: SlotId): Known {
  const [step, ...more] = plan.fit;
  if (more.length > 0 || (step.op !== 'nmf' && step.op !== 'tied') || step.read !== slot) return {};
  const result = state.results.get(step.layer);
  // A layer with weights has measured what it minimised.
  if (result?.nullLoss == null || (step.op === 'nmf' && step.args.weights !== null)) return {};
  const { loss, nullLoss, factorLoss } = result;
  const known = { nullLoss, ...(factorLoss === null ? {} : { factorLoss }) };
  return step.op === 'tied' || step.args.precision === 'f64' ? { loss, ...known } : known;
}

/** Layers of which nothing is left. */
function deadNotes({ results }: RunState): readonly string[] {
  return [...results].flatMap(([layer, { H, nullLoss, loss }]) =>
    loss > 0 && loss === nullLoss && H.data.every((x) => x === 0)
      ? [`${layer}: all factors have died; lower its penalties`]
      : [],
  );
}

/**
 * Loss and explained fraction of each input, reconstructed from the output, what each factor of an output layer explains,
 * and what is needed to fit again.
 */
export async function summarize(plan: Plan, state: RunState, kernels: Kernels, context: Context): Promise<FitSummary> {
  const { seed, threads, signal, began } = context;
  let found: ReadonlyMap<SlotId, Product> | undefined;
  const nullLosses = new Map<SlotId, number>();
  const factors = new Map<string, [string, Float64Array][]>();
  const measured: (Omit<InputSummary, 'factors'> & { readonly name: string })[] = [];
  for (const input of inputsOf(plan)) {
    // What a cancelled fit has measured so far is dropped by the caller.
    if (signal?.aborted) break;
    const [first] = input.forms;
    const known = knownLosses(plan, state, first.slot);
    if (known.loss === undefined) found ??= await estimates(plan, state, fitted(state, plan.output));
    const estimate = found === undefined ? undefined : firstKnown(input, found);
    const { slot, missing } = input.forms.find((form) => form.slot === estimate?.slot) ?? first;
    const X = blocksIn(state, slot);
    const nullLoss = known.nullLoss ?? (await nullLossOf(X, kernels, threads));
    nullLosses.set(slot, nullLoss);
    const against = ({ value }: { readonly value: Product }) =>
      kernels.mse({ X, W: leftOf(value), H: value.right }, { threads });
    const loss = known.loss ?? (estimate === undefined ? nullLoss : await against(estimate));
    const { name } = input;
    const explained = explainedBy(loss, nullLoss);
    measured.push({ name, loss, explained, rows: totalRows(X), cols: X[0].cols, missing });
    if (known.factorLoss !== undefined)
      factors.set(name, [[plan.output[0], eachExplainedBy(known.factorLoss, nullLoss)]]);
  }
  for (const layer of factors.size > 0 ? [] : plan.output) {
    if (signal?.aborted) break;
    for (const [name, each] of await factorsExplained(plan, state, layer, { kernels, threads, nullLosses }))
      factors.set(name, [...(factors.get(name) ?? []), [layer, each]]);
  }
  const known = ({ rows, cols, missing }: Omit<InputSummary, 'factors'>) => rows * cols - missing;
  const entries = measured.reduce((sum, input) => sum + known(input), 0);
  const squares = measured.reduce((sum, input) => sum + input.loss * known(input), 0);
  const inputs = measured.map(({ name, ...rest }): [string, InputSummary] => [
    name,
    Object.freeze({ ...rest, factors: Object.freeze(Object.fromEntries(factors.get(name) ?? [])) }),
  ]);
  return Object.freeze({
    loss: squares / entries,
    inputs: Object.freeze(Object.fromEntries(inputs)),
    rounds: Object.freeze([...state.rounds]),
    seconds: (performance.now() - began) / 1000,
    seed,
    backend: kernels.backend,
    notes: Object.freeze([...plan.notes.map(noteText), ...deadNotes(state)]),
  });
}
