import { type By, type CountLoss, ESTIMATED, type LossOption, type LossParameter, powerOf } from '../loss.js';
import type { PlannedLoss, PlannedParameter } from './plan.js';

/** What a plan keeps of a loss; null: squares. */
export function plannedLoss(option: LossOption | undefined): PlannedLoss | null {
  const loss = typeof option === 'string' ? { name: option } : option;
  if (loss === undefined || loss.name === 'mse') return null;
  const plain = { power: 0, delta: 0, dispersion: null, zeroInflation: null };
  if (loss.name === 'tweedie') return { name: loss.name, ...plain, power: 'power' in loss ? loss.power : 0 };
  if (loss.name === 'huber') return { name: loss.name, ...plain, delta: 'delta' in loss ? loss.delta : 0 };
  if (loss.name !== 'nb' && loss.name !== 'gp') return { name: loss.name, ...plain };
  // A loss of this name that is given in words has no options.
  const { dispersion = 'global', zeroInflation } = loss as CountLoss;
  return {
    name: loss.name,
    ...plain,
    dispersion: parameterOf(dispersion, ESTIMATED[loss.name].from),
    zeroInflation: zeroInflation === undefined ? null : parameterOf(zeroInflation, ESTIMATED.zeroInflation.from),
  };
}

function parameterOf(parameter: LossParameter, from: number): PlannedParameter {
  if (typeof parameter === 'string') return { by: parameter, estimate: true, values: [from] };
  if (typeof parameter === 'number') return { by: 'global', estimate: false, values: [parameter] };
  const [by, list]: readonly [By, ArrayLike<number>] =
    'row' in parameter ? ['row', parameter.row] : ['column', parameter.column];
  return { by, estimate: false, values: Array.from(list) };
}

/** Whether 32 bits will do. */
export const fits32 = (loss: PlannedLoss): boolean => powerOf(loss) === 1;
