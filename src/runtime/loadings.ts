import type { Plan, SlotId } from '../compiler/plan.js';
import { type DenseMatrix, dense } from '../matrix.js';
import { firstKnown, inputsOf } from './inputs.js';
import { estimates, multiply, type Product } from './reconstruct.js';
import type { RunState } from './state.js';

/** A layer's factors in the features of an input. */
export interface Loaded {
  readonly name: string;
  /** The form of the input. */
  readonly slot: SlotId;
  /** features × k; may share memory with the layer's W. */
  readonly L: DenseMatrix;
}

/** A layer's factors in the features of each input that it is made of; `layer` is one of the plan. */
export async function loadingsOf(plan: Plan, state: RunState, layer: string): Promise<readonly Loaded[]> {
  const output = plan.layers.find((candidate) => candidate.layer === layer);
  if (output === undefined) return [];
  const [k] = plan.slots[Number(output.slots.H.slice(1))].shape;
  const each = unit(k);
  const found = await estimates(plan, state, { embeddings: new Map([[layer, each]]), linear: true });
  const loaded: Loaded[] = [];
  for (const input of inputsOf(plan)) {
    const product = firstKnown(input, found);
    if (product === undefined) continue;
    const { slot, value } = product;
    loaded.push({ name: input.name, slot, L: await times(value, each) });
  }
  return loaded;
}

/** What stays of each input when a layer's embedding is zero: the means that SVDs on the way to it have taken out. */
export async function meansBelow(
  plan: Plan,
  state: RunState,
  layer: string,
): Promise<ReadonlyMap<SlotId, DenseMatrix>> {
  const H = state.results.get(layer)?.H;
  if (H === undefined || ![...state.results.values()].some((result) => 'center' in result && result.center !== null))
    return new Map();
  const embeddings = new Map([[layer, dense(H.rows, 1)]]);
  const found = await estimates(plan, state, { embeddings, linear: false, affine: true });
  const means = new Map<SlotId, DenseMatrix>();
  for (const [slot, product] of found) {
    const mean = await multiply(product);
    if (mean.data.some((x) => x !== 0)) means.set(slot, mean);
  }
  return means;
}

/** The matrix that a product stands for; its left side where the right one is the unit matrix. */
const times = async (product: Product, unit: DenseMatrix): Promise<DenseMatrix> =>
  product.right === unit && product.left !== null ? product.left : multiply(product);

function unit(k: number): DenseMatrix {
  const out = dense(k, k);
  for (let r = 0; r < k; r++) out.data[r * (k + 1)] = 1;
  return out;
}
