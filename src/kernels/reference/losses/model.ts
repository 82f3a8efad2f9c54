import { KernelError } from '../../../errors.js';
import {
  beyondLoss,
  chanceOfOwn,
  deviancesPerLoss,
  domainOf,
  entryLoss,
  inflatedZero,
  isLikelihood,
  type KernelLoss,
  type KernelParameter,
} from '../../../loss.js';
import type { Pause } from '../pause.js';
import type { Data } from './data.js';

/** A loss with the parameters of every entry. */
export interface Model {
  readonly loss: KernelLoss;
  /** ℓ, with zero inflation. */
  value(x: number, mu: number, i: number, j: number): number;
  /** Of ℓ without it. */
  slope(x: number, mu: number, i: number, j: number): number;
  curvature(x: number, mu: number, i: number, j: number): number;
  /** What part of an entry has to do with its estimate: 1 − τ of a zero, else 1. */
  share(x: number, mu: number, i: number, j: number): number;
  /** What J counts of an entry: ℓ, or −log P(x). */
  cost(x: number, mu: number, i: number, j: number): number;
}

/** The value of a parameter for entry (i, j); `none` where the loss has no such. */
export function parameterAt(parameter: KernelParameter | null, none: number): (i: number, j: number) => number {
  if (parameter === null) return () => none;
  const { by, values } = parameter;
  return by === 'global' ? () => values[0] : by === 'row' ? (i) => values[i] : (_, j) => values[j];
}

export function modelOf(loss: KernelLoss): Model {
  const entry = entryLoss(loss);
  const dispersion = parameterAt(loss.dispersion, 0);
  const pi = parameterAt(loss.zeroInflation, 0);
  const whole = isLikelihood(loss);
  const value = (x: number, mu: number, i: number, j: number) => {
    const own = entry.value(x, mu, dispersion(i, j));
    return x === 0 ? inflatedZero(own, pi(i, j)) : own;
  };
  return {
    loss,
    value,
    slope: (x, mu, i, j) => entry.slope(x, mu, dispersion(i, j)),
    curvature: (x, mu, i, j) => entry.curvature(x, mu, dispersion(i, j)),
    share: (x, mu, i, j) =>
      x === 0 && loss.zeroInflation !== null ? chanceOfOwn(entry.value(0, mu, dispersion(i, j)), pi(i, j)) : 1,
    cost: (x, mu, i, j) => value(x, mu, i, j) + (whole ? beyondLoss(loss, x, dispersion(i, j), pi(i, j)) : 0),
  };
}

/** What is known of data, as far as a loss asks. */
export interface Facts {
  /** Entries that are known and count more than nothing. */
  readonly entries: number;
  readonly weight: number;
  /** Σ ω·x */
  readonly sum: number;
  /** Σ ω·x² */
  readonly squares: number;
}

/**
 * Counts entries, and holds them to the loss.
 *
 * @throws KernelError 'invalid-argument' for an entry that the loss forbids, and where nothing is known.
 */
export async function factsOf({ cols, column }: Data, loss: KernelLoss, pause: Pause): Promise<Facts> {
  const domain = domainOf(loss);
  let [entries, weight, sum, squares] = [0, 0, 0, 0];
  for (let j = 0; j < cols; j++) {
    const line = column(j);
    line.x.forEach((x, p) => {
      if (!Number.isFinite(x) || domain?.holds(x) === false) {
        const rule = domain?.rule ?? 'finite numbers';
        throw new KernelError('invalid-argument', `data of loss '${loss.name}' must be ${rule}; got ${x} at row ${line.at[p]}, column ${j}`); // biome-ignore format: one thought
      }
      sum += line.weight[p] * x;
      squares += line.weight[p] * x * x;
      weight += line.weight[p];
    });
    entries += line.x.length;
    if (pause.due()) await pause.turn();
  }
  if (entries === 0) throw new KernelError('invalid-argument', 'no entry of the data is known');
  return { entries, weight, sum, squares };
}

/** Mean deviance, and that of the best constant. */
export async function deviancesOf(
  data: Data,
  model: Model,
  estimate: (i: number, j: number) => number,
  facts: Facts,
  pause: Pause,
): Promise<{ readonly loss: number; readonly nullLoss: number }> {
  const { name } = model.loss;
  const constant =
    name === 'huber' || name === 'mae' ? await lowerMedian(data, facts, pause) : facts.sum / facts.weight;
  let [loss, nullLoss] = [0, 0];
  for (let j = 0; j < data.cols; j++) {
    const { at, x, weight } = data.column(j);
    x.forEach((own, p) => {
      loss += weight[p] * model.value(own, estimate(at[p], j), at[p], j);
      nullLoss += weight[p] * model.value(own, constant, at[p], j);
    });
    if (pause.due()) await pause.turn();
  }
  const per = deviancesPerLoss(model.loss) / facts.entries;
  if (!Number.isFinite(loss) || !Number.isFinite(nullLoss))
    throw new KernelError('non-finite', 'the loss left the range of numbers');
  return { loss: per * loss, nullLoss: per * nullLoss };
}

/** The least entry at or below which lies half of the weight. */
async function lowerMedian({ cols, column }: Data, { weight: all }: Facts, pause: Pause): Promise<number> {
  const entries: { readonly x: number; readonly weight: number }[] = [];
  for (let j = 0; j < cols; j++) {
    const { x, weight } = column(j);
    x.forEach((own, p) => {
      entries.push({ x: own, weight: weight[p] });
    });
    if (pause.due()) await pause.turn();
  }
  entries.sort((a, b) => a.x - b.x);
  let below = 0;
  for (const { x, weight } of entries) {
    below += weight;
    if (below >= all / 2) return x;
  }
  return entries[entries.length - 1].x;
}
