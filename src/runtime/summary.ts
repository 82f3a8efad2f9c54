import { noteText } from '../compiler/explain.js';
import type { Plan, SlotId } from '../compiler/plan.js';
import type { FactorLosses, Kernels } from '../kernels/kernels.js';
import { ESTIMATED } from '../loss.js';
import { dense } from '../matrix.js';
import { eachExplainedBy, explainedBy, factorLossesOf } from './explained.js';
import type { FitSummary, InputSummary } from './fit.js';
import { firstKnown, inputsOf } from './inputs.js';
import { lossOfInput } from './loss.js';
import { estimates, fitted, leftOf, type Product } from './reconstruct.js';
import { blocksIn, type RunState } from './state.js';
import { measuring } from './streams.js';

interface Context {
  readonly seed: number;
  readonly threads: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** When the fit began, by `performance.now()`. */
  readonly began: number;
}

/** What the only layer has measured itself, where it reads the input as it is; a loss in 32 bits is measured anew. */
function knownLosses(plan: Plan, state: RunState, slot: SlotId): { loss?: number } & Partial<FactorLosses> {
  const [step, ...more] = plan.fit;
  if (more.length > 0 || (step.op !== 'nmf' && step.op !== 'tied') || step.read !== slot) return {};
  const result = state.results.get(step.layer);
  // A layer with weights has measured what it minimised.
  if (result?.nullLoss == null || (step.op === 'nmf' && step.args.weights !== null)) return {};
  const { loss, nullLoss, factorLoss } = result;
  const known = { nullLoss, ...(factorLoss === null ? {} : { factorLoss }) };
  return step.op === 'tied' || step.args.precision === 'f64' ? { loss, ...known } : known;
}

/** Of data in memory this is known with the plan. */
const streamNotes = ({ fit }: Plan, { streams }: RunState): readonly string[] =>
  fit.flatMap((step) =>
    step.op === 'nmf' && streams.get(step.read)?.negative === true && step.args.W.nonneg && step.args.H.nonneg
      ? [noteText({ code: 'negative-data', layer: step.layer })]
      : [],
  );

/** What is worth knowing of what layers have come to. */
function foundNotes({ fit }: Plan, { results }: RunState): readonly string[] {
  const sizes = fit.flatMap((step) => {
    if (step.op !== 'nmf' && step.op !== 'tied') return [];
    const asked = step.args.loss?.dispersion;
    const found = results.get(step.layer)?.fittedLoss;
    if (asked?.estimate !== true || found?.name !== 'nb' || found.dispersion === null) return [];
    const all = found.dispersion.values.every((r) => r >= ESTIMATED.nb.most);
    return all ? [`${step.layer}: sizes as large as they may be, so no more spread than Poisson's; use loss 'kl'`] : [];
  });
  const pairs = fit.flatMap((step) => {
    const result = step.op === 'svd' && step.args.terms !== null ? results.get(step.layer) : undefined;
    const dead = result !== undefined && result.loss > 0 && result.d.every((x) => x === 0);
    return dead && step.op === 'svd' ? [`${step.layer}: all pairs have died; lower its penalties`] : [];
  });
  return [...deadNotes(results), ...pairs, ...sizes];
}

/** NMF layers of which nothing is left. */
function deadNotes(results: RunState['results']): readonly string[] {
  return [...results].flatMap(([layer, { H, nullLoss, loss, fittedLoss }]) =>
    // The null loss of others than squares is not that of zeros.
    loss > 0 && (fittedLoss !== undefined || loss === nullLoss) && H.data.every((x) => x === 0)
      ? [`${layer}: all factors have died; lower its penalties`]
      : [],
  );
}

/** What each factor of an output layer explains of each input, by input and layer, and the null losses found beside it. */
async function factorsExplained(plan: Plan, state: RunState, kernels: Kernels, { threads, signal }: Context) {
  const factors = new Map<string, [string, Float64Array][]>();
  const nullLosses = new Map<SlotId, number>();
  for (const layer of plan.output) {
    if (signal?.aborted) break;
    for (const { name, slot, ...losses } of await factorLossesOf(plan, state, layer, kernels, threads)) {
      factors.set(name, [...(factors.get(name) ?? []), [layer, eachExplainedBy(losses)]]);
      if (losses.means === undefined) nullLosses.set(slot, losses.nullLoss);
    }
  }
  return { factors, nullLosses };
}

/**
 * Loss and explained fraction of each input, reconstructed from the output, what each factor of an output layer explains,
 * and what is needed to fit again.
 */
export async function summarize(plan: Plan, state: RunState, kernels: Kernels, context: Context): Promise<FitSummary> {
  const { seed, threads, signal, began } = context;
  let found: ReadonlyMap<SlotId, Product> | undefined;
  let alone: Awaited<ReturnType<typeof factorsExplained>> | undefined;
  const inputs: [string, InputSummary][] = [];
  for (const { name, forms } of inputsOf(plan)) {
    // What a cancelled fit has measured so far is dropped by the caller.
    if (signal?.aborted) break;
    const [first] = forms;
    const known = knownLosses(plan, state, first.slot);
    const { nullLoss: ofZeros, factorLoss } = known;
    if (known.loss === undefined) found ??= await estimates(plan, state, fitted(state, plan.output));
    if (factorLoss === undefined) alone ??= await factorsExplained(plan, state, kernels, context);
    const estimate = found === undefined ? undefined : firstKnown({ name, forms }, found);
    const { slot, missing } = forms.find((form) => form.slot === estimate?.slot) ?? first;
    const [rows, cols] = plan.slots[Number(slot.slice(1))].shape;
    const stream = state.streams.get(slot);
    const against = (product: Product) => {
      const model = { W: leftOf(product), H: product.right };
      if (stream !== undefined) return measuring(stream, kernels, threads).mse(model);
      return kernels.mse({ X: blocksIn(state, slot), ...model }, { threads });
    };
    const zero = { left: dense(rows, 1), right: dense(1, cols) };
    const own = lossOfInput(plan, state, slot);
    const measured = async () => {
      const product = estimate?.value ?? zero;
      if (own !== null)
        return kernels.deviance(
          { X: blocksIn(state, slot), W: leftOf(product), H: product.right, loss: own },
          { threads },
        );
      const nullLoss = ofZeros ?? alone?.nullLosses.get(slot) ?? (await against(zero));
      return { loss: known.loss ?? (await against(product)), nullLoss };
    };
    const { loss, nullLoss } =
      known.loss === undefined || ofZeros === undefined ? await measured() : { loss: known.loss, nullLoss: ofZeros };
    const explained = explainedBy(loss, nullLoss);
    const factors = Object.freeze(
      factorLoss === undefined
        ? Object.fromEntries(alone?.factors.get(name) ?? [])
        : { [plan.output[0]]: eachExplainedBy({ nullLoss, factorLoss }) },
    );
    inputs.push([name, Object.freeze({ loss, explained, factors, rows, cols, missing })]);
  }
  const known = ({ rows, cols, missing }: InputSummary) => rows * cols - missing;
  const entries = inputs.reduce((sum, [, input]) => sum + known(input), 0);
  const squares = inputs.reduce((sum, [, input]) => sum + input.loss * known(input), 0);
  return Object.freeze({
    loss: squares / entries,
    inputs: Object.freeze(Object.fromEntries(inputs)),
    rounds: Object.freeze([...state.rounds]),
    seconds: (performance.now() - began) / 1000,
    seed,
    backend: kernels.backend,
    notes: Object.freeze([...plan.notes.map(noteText), ...streamNotes(plan, state), ...foundNotes(plan, state)]),
  });
}
