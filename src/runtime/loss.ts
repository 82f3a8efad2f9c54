import type { LayerStep, Plan, PlannedLoss, PlannedParameter, SlotId } from '../compiler/plan.js';
import { KernelError } from '../errors.js';
import { beyondLoss, FLOOR, type KernelLoss, type KernelParameter, penaltyScale } from '../loss.js';
import { type RowBlocks, totalRows } from '../matrix.js';
import { inputsOf } from './inputs.js';
import type { RunState } from './state.js';
import { columnsOf, eachStored, rowsOf } from './weights.js';

/** Losses other than squares, from the plan to the kernels and back to what is told of an input. */

/** The loss of a layer, with what it takes from the data: floors and penalties in units of their mean size. */
export async function kernelLoss(planned: PlannedLoss, X: RowBlocks): Promise<KernelLoss> {
  let [sum, known] = [0, 0];
  for (const block of X) {
    let gaps = 0;
    await eachStored(block, (x) => {
      if (Number.isNaN(x)) gaps++;
      else sum += Math.abs(x);
    });
    const listed = block.kind === 'csc' && block.unlisted === 'missing';
    known += (listed ? block.values.length : block.rows * block.cols) - gaps;
  }
  const mean = sum / known;
  const { dispersion, zeroInflation } = planned;
  const size = { global: 1, row: totalRows(X), column: X[0].cols };
  const filled = (parameter: PlannedParameter | null): KernelParameter | null => {
    if (parameter === null) return null;
    const { by, estimate, values } = parameter;
    return { by, estimate, values: estimate ? new Float64Array(size[by]).fill(values[0]) : Float64Array.from(values) };
  };
  const at = dispersion === null ? 0 : median(dispersion.values);
  const penalties = penaltyScale(planned, mean, at);
  if (!(penalties > 0 && penalties < Infinity)) {
    const rule = `data of loss '${planned.name}' must have a mean at which its variance is a number`;
    throw new KernelError('non-finite', `${rule}; got ${mean}: multiply the data by a power of ten first`);
  }
  return {
    ...planned,
    floor: mean > 0 ? FLOOR * mean : FLOOR,
    penalties,
    dispersion: filled(dispersion),
    zeroInflation: filled(zeroInflation),
  };
}

const median = (values: ArrayLike<number>): number =>
  Float64Array.from(values).sort()[Math.floor((values.length - 1) / 2)];

/** A loss with its parameters as a fit has found them. */
export function fittedLoss(
  loss: KernelLoss,
  found: {
    readonly dispersion?: Float64Array | null | undefined;
    readonly zeroInflation?: Float64Array | null | undefined;
  },
): KernelLoss {
  const as = (parameter: KernelParameter | null, values: Float64Array | null | undefined): KernelParameter | null =>
    parameter === null ? null : { by: parameter.by, estimate: false, values: values ?? parameter.values };
  return {
    ...loss,
    dispersion: as(loss.dispersion, found.dispersion),
    zeroInflation: as(loss.zeroInflation, found.zeroInflation),
  };
}

/** The same of samples that were not in the fit: what was by sample is the median. */
export const ofNewSamples = (loss: KernelLoss): KernelLoss =>
  withParameters(loss, (parameter) =>
    parameter.by === 'column'
      ? { ...parameter, by: 'global', values: Float64Array.of(median(parameter.values)) }
      : parameter,
  );

/** The same of some of the rows, range by range. */
export const ofRows = (loss: KernelLoss, ranges: readonly (readonly [from: number, to: number])[]): KernelLoss =>
  withParameters(loss, (parameter) =>
    parameter.by === 'row'
      ? { ...parameter, values: Float64Array.from(ranges.flatMap(([from, to]) => Array.from(parameter.values.subarray(from, to)))) } // biome-ignore format: one thought
      : parameter,
  );

const withParameters = (loss: KernelLoss, made: (parameter: KernelParameter) => KernelParameter): KernelLoss => ({
  ...loss,
  dispersion: loss.dispersion && made(loss.dispersion),
  zeroInflation: loss.zeroInflation && made(loss.zeroInflation),
});

/** A layer that reads a slot, and the rows of what it reads that are the slot's. */
interface Reader {
  readonly step: LayerStep;
  readonly rows: readonly [from: number, to: number];
}

function readersOf({ prepare, fit, slots }: Plan, slot: SlotId): readonly Reader[] {
  const height = (id: SlotId) => slots[Number(id.slice(1))].shape[0];
  return fit.flatMap((step): readonly Reader[] => {
    if (step.op !== 'nmf' && step.op !== 'svd' && step.op !== 'tied') return [];
    const stack = [...prepare, ...fit].find((each) => each.op === 'stackRows' && each.write === step.read);
    const reads = stack?.op === 'stackRows' ? stack.reads : [step.read];
    if (!reads.includes(slot)) return [];
    const top = reads.slice(0, reads.indexOf(slot)).reduce((sum, id) => sum + height(id), 0);
    return [{ step, rows: [top, top + height(slot)] }];
  });
}

const worded = (loss: Pick<KernelLoss, 'name' | 'power' | 'delta'> | null | undefined): string =>
  loss == null
    ? "'mse'"
    : `'${loss.name}'${loss.power > 0 ? ` of power ${loss.power}` : ''}${loss.delta > 0 ? ` of delta ${loss.delta}` : ''}`;

/**
 * The loss that an input is measured in through the graph: that of the layers that read it; null: squares, which it is where
 * they differ, or have parameters and are several.
 */
export function lossOfInput(plan: Plan, { results }: RunState, slot: SlotId): KernelLoss | null {
  const readers = readersOf(plan, slot);
  const losses = readers.map(({ step }) => results.get(step.layer)?.fittedLoss);
  const [loss] = losses;
  if (loss === undefined) return null;
  if (readers.length === 1) return ofRows(loss, [readers[0].rows]);
  return losses.every((each) => worded(each) === worded(loss) && each?.dispersion === null) ? loss : null;
}

/** The losses of the layers that read each input, as words: what has the same can be compared. */
export function lossWords(plan: Plan): ReadonlyMap<string, string> {
  return new Map(
    inputsOf(plan).map(({ name, forms }) => {
      const steps = forms.flatMap(({ slot }) => readersOf(plan, slot).map(({ step }) => step));
      const words = steps.map((step) => worded(step.op === 'svd' ? undefined : step.args.loss));
      return [name, [...new Set(words)].sort().join(' and ')];
    }),
  );
}

/**
 * What −2·log P of an entry has beyond its deviance, on average: with it fits whose parameters differ can be compared, which by
 * the deviance alone favours those that expect the most spread. 0 for losses without parameters, and for nb of data that are not whole.
 */
export async function beyondDeviance(loss: KernelLoss, X: RowBlocks, known: number): Promise<number> {
  const { dispersion, zeroInflation } = loss;
  if (dispersion === null) return 0;
  const at = (parameter: KernelParameter | null, i: number, j: number) =>
    parameter === null ? 0 : parameter.values[{ global: 0, row: i, column: j }[parameter.by]];
  let [sum, whole, top] = [0, true, 0];
  for (const block of X) {
    const [rowOf, columnOf] = [rowsOf(block), columnsOf(block)];
    await eachStored(block, (x, p) => {
      if (!(x > 0)) return;
      whole &&= Number.isInteger(x);
      const [i, j] = [top + rowOf(p), columnOf(p)];
      sum += beyondLoss(loss, x, at(dispersion, i, j), at(zeroInflation, i, j));
    });
    top += block.rows;
  }
  return whole ? (2 * sum) / known : 0;
}
