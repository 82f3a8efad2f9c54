import type { Plan, SlotId } from '../../compiler/plan.js';
import { type Matrix, type RowBlocks, rowRange } from '../../matrix.js';
import { blocksIn, type RunState } from '../state.js';
import { kernelWeights, type Most, mostOf, sharesIn, weighBlock, weighRows } from '../weights.js';
import { withRows } from './blocks.js';
import { type Model, readersOf, weightsOf } from './model.js';

/** A matrix that layers read, and how much its entries count. */
export interface Datum {
  /** Times √ω of weights by feature. */
  readonly X: RowBlocks;
  /** As it is. */
  readonly given: RowBlocks;
  readonly name: string;
  readonly input: boolean;
  /** Those that are known and count. */
  readonly entries: number;
  /** ω of its part of the loss. */
  readonly weight: number;
  /** √ω of its rows; null for 1 each. */
  readonly rows: readonly number[] | null;
  /** ω of samples and entries; null for 1 each. */
  readonly weights: readonly (Matrix | null)[] | null;
  /** What those are at most; null for 1. */
  readonly most: Most | null;
  /** Each entry is known, and counts 1. */
  readonly whole: boolean;
}

/** The data of a fit, by the slots that layers read. */
export async function dataOf(plan: Plan, state: RunState): Promise<ReadonlyMap<SlotId, Datum>> {
  const own = kernelWeightsOf(plan, state);
  const data = new Map<SlotId, Datum>();
  for (const [slot, { weight, rows }] of weightsOf(plan, state)) {
    const { entries, missing, name, input } = originOf(plan, slot);
    const [matrix] = blocksIn(state, slot);
    const weights = own.get(slot) ?? null;
    data.set(slot, {
      X: [(await weighBlock(matrix, rows ?? 1)).matrix],
      given: [matrix],
      name,
      input,
      entries,
      weight,
      rows,
      weights: weights && [weights],
      most: weights && (await mostOf(weights)),
      whole: missing === 0 && weights === null,
    });
  }
  return data;
}

/** The input or condition that a slot holds, in some order of samples. */
function originOf(plan: Plan, slot: SlotId): Pick<Datum, 'entries' | 'name' | 'input'> & { missing: number } {
  const [rows, cols] = plan.slots[Number(slot.slice(1))].shape;
  const step = plan.prepare.find(({ write }) => write === slot);
  if (step === undefined || !('missing' in step)) throw new TypeError(`no data are loaded into ${slot}`);
  const { missing } = step;
  const entries = rows * cols - missing;
  if (step.op === 'align') return { ...originOf(plan, step.read), entries, missing };
  return { entries, missing, name: step.name, input: step.source === 'input' };
}

/** Weights by sample and entry; every layer that reads a matrix has the same of it. */
function kernelWeightsOf(plan: Plan, state: RunState): ReadonlyMap<SlotId, Matrix> {
  const steps = new Map(plan.fit.flatMap((step) => (step.op === 'nmf' ? [[step.layer, step]] : [])));
  const found = new Map<SlotId, Matrix>();
  for (const { layer, parts } of readersOf(plan)) {
    const weights = kernelWeights(sharesIn(state, steps.get(layer)?.args.weights ?? null));
    for (const [at, { source }] of parts.entries()) {
      const own = weights?.[at];
      if (source.kind === 'data' && own != null) found.set(source.slot, own);
    }
  }
  return found;
}

/** A model of data whose rows are multiplied by their roots, from one of the data as they are; or the other way round. */
export function inUnitsOf(
  data: ReadonlyMap<SlotId, Datum>,
  model: Model,
  by: (x: number, root: number) => number,
): Model {
  const A = new Map(model.A);
  for (const { layer, parts } of model.readers) {
    for (const { source, from, to } of parts) {
      const W = A.get(layer);
      const rows = source.kind === 'data' ? (data.get(source.slot)?.rows ?? null) : null;
      if (W !== undefined && rows !== null)
        A.set(layer, withRows(W, from, weighRows(rowRange(W, from, to), [to - from], [rows], by)));
    }
  }
  return { ...model, A };
}
