import { costOf } from '../compiler/cost.js';
import type { Compiled, FitStep, LayerStep, Plan, SlotId } from '../compiler/plan.js';
import { type Floats, type Matrix, storedValues } from '../matrix.js';
import { RACE } from '../runtime/layer.js';

const names = new WeakMap<Floats | Uint32Array, string>();
let count = 0;

/** An array by name: the same for the same array. */
function nameOfArray(values: Floats | Uint32Array): string {
  const known = names.get(values) ?? String(++count);
  names.set(values, known);
  return known;
}

/**
 * Gives the arrays of a matrix a name, where they have none: a matrix that is made again has that of the one before. Others
 * that the same sweep meets must have others.
 */
export function nameArrays(matrix: Matrix, name: string): void {
  const own = matrix.kind === 'dense' ? [] : [matrix.indptr, matrix.indices];
  for (const [at, values] of [storedValues(matrix), ...own].entries())
    if (!names.has(values)) names.set(values, `${at} of ${name}`);
}

/** A matrix by name: matrices with the same one hold the same numbers in the same places. */
export function nameOf(matrix: Matrix): string {
  const { rows, cols } = matrix;
  const size = `${nameOfArray(storedValues(matrix))} ${rows}x${cols}`;
  if (matrix.kind === 'dense') return `${size} ${matrix.order ?? 'columns'}`;
  const { indptr, indices, unlisted = 'zero' } = matrix;
  return `${size} ${nameOfArray(indptr)} ${nameOfArray(indices)} ${unlisted}`;
}

/** What a layer is fitted from, to the last number. */
interface Content {
  readonly step: LayerStep;
  /** What it reads. */
  readonly read: string;
  /** Arguments as text, matrices by what they hold. */
  readonly textOf: (args: object) => string;
  /** All of it as one string: layers of two plans of the same replicate with the same one have the same result. */
  readonly key: string;
}

/**
 * What each layer of a plan is fitted from; names of layers are not part of it.
 *
 * @param starts where layers start from, for those that start from another one, as text.
 */
export function layerContents(
  { plan, bindings }: Compiled,
  seed: number,
  starts: ReadonlyMap<string, string> = new Map(),
): ReadonlyMap<string, Content> {
  const slots = new Map<SlotId, string>();
  const layers = new Map<string, Content>();
  const at = (slot: SlotId): string => slots.get(slot) ?? slot;
  const textOf = (args: object) => JSON.stringify(args, (_, value: unknown) => (isSlot(value) ? at(value) : value));
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
    else if (step.op === 'embed') slots.set(step.write, `embed(${layers.get(step.layer)?.key})`);
    else {
      const [read, start] = [at(step.read), starts.get(step.layer)];
      const key = `${step.op}(${read} ${textOf(step.args)} ${seed}${start === undefined ? '' : ` from ${start}`})`;
      layers.set(step.layer, { step, read, textOf, key });
      slots.set(step.write.W, `W(${key})`);
      slots.set(step.write.H, `H(${key})`);
    }
  }
  return layers;
}

/** The keys of the contents of layers, by name. */
export const layerKeys = (...of: Parameters<typeof layerContents>): ReadonlyMap<string, string> =>
  new Map([...layerContents(...of)].map(([layer, { key }]) => [layer, key]));

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

export const isLayer = (step: FitStep): step is LayerStep =>
  step.op === 'nmf' || step.op === 'tied' || step.op === 'svd';

/** The NMF layer of some plans that may take the most iterations, the first of several; undefined where there is none. */
export function longestIn(plans: readonly Plan[]): { readonly layer: string; readonly maxIter: number } | undefined {
  const steps = plans.flatMap(({ fit }) => fit.flatMap((step) => (step.op === 'nmf' ? [step] : [])));
  const [first, ...others] = steps.map(({ layer, args: { maxIter } }) => ({ layer, maxIter }));
  return others.reduce<typeof first | undefined>(
    (most, one) => (one.maxIter > (most?.maxIter ?? 0) ? one : most),
    first,
  );
}

/** Iterations of races between the random starts of a layer. */
export const racesOf = ({ op, args }: LayerStep): number =>
  op === 'svd' || args.restarts === 1 ? 0 : args.restarts * Math.min(RACE, args.maxIter);

/** Multiply-adds of one iteration of each layer, by name. */
export function iterationCosts(plan: Plan): ReadonlyMap<string, number> {
  return new Map(plan.fit.filter(isLayer).map((step) => [step.layer, costOf(step, plan).multiplyAdds]));
}
