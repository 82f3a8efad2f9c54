import { costOf } from '../compiler/cost.js';
import type { Compiled, FitStep, LayerStep, Plan, SlotId } from '../compiler/plan.js';
import { type Floats, type Matrix, storedValues } from '../matrix.js';

const numbers = new WeakMap<Floats | Uint32Array, number>();
let count = 0;

/** An array by name: the same for the same array. */
function nameOfArray(values: Floats | Uint32Array): number {
  const known = numbers.get(values) ?? ++count;
  numbers.set(values, known);
  return known;
}

/** A matrix by name: matrices with the same one hold the same numbers in the same places. */
function nameOf(matrix: Matrix): string {
  const { rows, cols } = matrix;
  const size = `${nameOfArray(storedValues(matrix))} ${rows}x${cols}`;
  if (matrix.kind === 'dense') return `${size} ${matrix.order ?? 'columns'}`;
  const { indptr, indices, unlisted = 'zero' } = matrix;
  return `${size} ${nameOfArray(indptr)} ${nameOfArray(indices)} ${unlisted}`;
}

/**
 * What each layer of a plan is fitted from, to the last number, as one string: layers of two plans of the same replicate with
 * the same string have the same result. Names of layers are not part of it.
 */
export function layerKeys({ plan, bindings }: Compiled, seed: number): ReadonlyMap<string, string> {
  const slots = new Map<SlotId, string>();
  const layers = new Map<string, string>();
  const at = (slot: SlotId): string => slots.get(slot) ?? slot;
  for (const step of plan.prepare) {
    if (step.op === 'load') {
      const matrix = bindings.get(step.write);
      slots.set(step.write, matrix === undefined ? step.write : `#${nameOf(matrix)} ${step.layout} ${step.precision}`);
    } else if (step.op === 'align') slots.set(step.write, `align(${at(step.read)} ${step.from.join()})`);
    else slots.set(step.write, `stack(${step.reads.map(at).join()})`);
  }
  for (const step of plan.fit) {
    if (step.op === 'stackRows') slots.set(step.write, `stack(${step.reads.map(at).join()})`);
    else if (step.op === 'add') slots.set(step.write, `add(${step.align ?? false} ${step.reads.map(at).join()})`);
    else if (step.op === 'embed') slots.set(step.write, `embed(${layers.get(step.layer)})`);
    else {
      const key = layerKey(step, seed, at);
      layers.set(step.layer, key);
      slots.set(step.write.W, `W(${key})`);
      slots.set(step.write.H, `H(${key})`);
    }
  }
  return layers;
}

/** The layers that each layer of a plan is fitted from, those below them too. */
export function layersBelow({ fit }: Plan): ReadonlyMap<string, readonly string[]> {
  const slots = new Map<SlotId, readonly string[]>();
  const layers = new Map<string, readonly string[]>();
  const at = (slot: SlotId): readonly string[] => slots.get(slot) ?? [];
  for (const step of fit) {
    if (step.op === 'embed') slots.set(step.write, [...(layers.get(step.layer) ?? []), step.layer]);
    else if (step.op === 'stackRows' || step.op === 'add') slots.set(step.write, step.reads.flatMap(at));
    else {
      const below = [...new Set(at(step.read))];
      layers.set(step.layer, below);
      for (const slot of [step.write.W, step.write.H]) slots.set(slot, [...below, step.layer]);
    }
  }
  return layers;
}

/** Matrices among the arguments of a step are slots. */
const isSlot = (value: unknown): value is SlotId => typeof value === 'string' && /^%\d+$/.test(value);

function layerKey({ op, read, args }: LayerStep, seed: number, at: (slot: SlotId) => string): string {
  const own = JSON.stringify(args, (_, value: unknown) => (isSlot(value) ? at(value) : value));
  return `${op}(${at(read)} ${own} ${seed})`;
}

export const isLayer = (step: FitStep): step is LayerStep =>
  step.op === 'nmf' || step.op === 'tied' || step.op === 'svd';

/** Multiply-adds of one iteration of each layer, by name. */
export function iterationCosts(plan: Plan): ReadonlyMap<string, number> {
  return new Map(plan.fit.filter(isLayer).map((step) => [step.layer, costOf(step, plan).multiplyAdds]));
}
