import type { Plan, PlannedLoss, PlannedParameter, SlotId } from '../compiler/plan.js';
import { KernelError } from '../errors.js';
import { FLOOR, type KernelLoss, type KernelParameter, penaltyScale } from '../loss.js';
import { type RowBlocks, totalRows } from '../matrix.js';
import type { RunState } from './state.js';
import { eachStored } from './weights.js';

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

/**
 * The loss that an input is measured in through the graph: that of the layers that read it; null: squares, which it is where
 * they differ, or have parameters and are several.
 */
export function lossOfInput({ prepare, fit, slots }: Plan, { results }: RunState, slot: SlotId): KernelLoss | null {
  const found: { readonly loss: KernelLoss; readonly rows: readonly [from: number, to: number] }[] = [];
  for (const step of fit) {
    if (step.op !== 'nmf' && step.op !== 'svd' && step.op !== 'tied') continue;
    const stack = [...prepare, ...fit].find((each) => each.op === 'stackRows' && each.write === step.read);
    const reads = stack?.op === 'stackRows' ? stack.reads : [step.read];
    if (!reads.includes(slot)) continue;
    const loss = results.get(step.layer)?.fittedLoss;
    if (loss === undefined) return null;
    const height = (id: SlotId) => slots[Number(id.slice(1))].shape[0];
    const top = reads.slice(0, reads.indexOf(slot)).reduce((sum, id) => sum + height(id), 0);
    found.push({ loss, rows: [top, top + height(slot)] });
  }
  if (found.length === 0) return null;
  const [{ loss, rows }] = found;
  if (found.length === 1) return ofRows(loss, [rows]);
  const said = ({ name, power, delta }: KernelLoss) => `${name} ${power} ${delta}`;
  const alike = found.every((each) => said(each.loss) === said(loss) && each.loss.dispersion === null);
  return alike ? loss : null;
}
