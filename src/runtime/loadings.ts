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

/** The matrix that a product stands for; its left side where the right one is the unit matrix. */
const times = async (product: Product, unit: DenseMatrix): Promise<DenseMatrix> =>
  product.right === unit && product.left !== null ? product.left : multiply(product);

function unit(k: number): DenseMatrix {
  const out = dense(k, k);
  for (let r = 0; r < k; r++) out.data[r * (k + 1)] = 1;
  return out;
}
