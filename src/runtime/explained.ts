import type { Plan, SlotId } from '../compiler/plan.js';
import type { FactorLosses, Kernels } from '../kernels/kernels.js';
import { scaleRows } from '../matrix.js';
import { loadingsOf } from './loadings.js';
import { blocksIn, type RunState } from './state.js';

/** What a model of that loss explains of data of which a model of zeros has the other; all of nothing is nothing. */
export const explainedBy = (loss: number, nullLoss: number): number =>
  nullLoss === 0 ? Number(loss === 0) : 1 - loss / nullLoss;

export const eachExplainedBy = ({ nullLoss, factorLoss }: FactorLosses): Float64Array =>
  factorLoss.map((loss) => explainedBy(loss, nullLoss));

/** What each factor of a layer leaves of an input. */
interface LossesOfInput extends FactorLosses {
  readonly name: string;
  /** The form of the input. */
  readonly slot: SlotId;
}

/** How far each input that a layer is made of is from each of the layer's factors by itself. */
export async function factorLossesOf(
  plan: Plan,
  state: RunState,
  layer: string,
  kernels: Kernels,
  threads: number | undefined,
): Promise<readonly LossesOfInput[]> {
  const result = state.results.get(layer);
  if (result === undefined) return [];
  const H = scaleRows(result.H, result.d);
  const losses: LossesOfInput[] = [];
  for (const { name, slot, L } of await loadingsOf(plan, state, layer)) {
    const found = await kernels.factorLosses({ X: blocksIn(state, slot), W: L, H }, { threads });
    losses.push({ name, slot, ...found });
  }
  return losses;
}
