import type { Plan, SlotId } from '../compiler/plan.js';
import type { Kernels } from '../kernels/kernels.js';
import { dense, type RowBlocks, scaleRows, totalRows } from '../matrix.js';
import { loadingsOf } from './loadings.js';
import { blocksIn, type RunState } from './state.js';

/** What a model of that loss explains of data of which a model of zeros has the other; all of nothing is nothing. */
export const explainedBy = (loss: number, nullLoss: number): number =>
  nullLoss === 0 ? Number(loss === 0) : 1 - loss / nullLoss;

export const eachExplainedBy = (losses: Float64Array, nullLoss: number): Float64Array =>
  losses.map((loss) => explainedBy(loss, nullLoss));

/** The loss of a model of zeros. */
export function nullLossOf(X: RowBlocks, kernels: Kernels, threads: number | undefined): Promise<number> {
  return kernels.mse({ X, W: dense(totalRows(X), 1), H: dense(1, X[0].cols) }, { threads });
}

/** How a layer is compared with the data. */
interface Comparing {
  readonly kernels: Kernels;
  readonly threads: number | undefined;
  /** The loss of a model of zeros of what is in a slot, where it is known. */
  readonly nullLosses?: ReadonlyMap<SlotId, number>;
}

/** What each factor of a layer explains by itself of each input that the layer is made of, by the input's name. */
export async function factorsExplained(
  plan: Plan,
  state: RunState,
  layer: string,
  { kernels, threads, nullLosses }: Comparing,
): Promise<ReadonlyMap<string, Float64Array>> {
  const result = state.results.get(layer);
  const explained = new Map<string, Float64Array>();
  if (result === undefined) return explained;
  const H = scaleRows(result.H, result.d);
  for (const { name, slot, L } of await loadingsOf(plan, state, layer)) {
    const X = blocksIn(state, slot);
    const total = nullLosses?.get(slot) ?? (await nullLossOf(X, kernels, threads));
    explained.set(name, eachExplainedBy(await kernels.factorMse({ X, W: L, H }, { threads }), total));
  }
  return explained;
}
