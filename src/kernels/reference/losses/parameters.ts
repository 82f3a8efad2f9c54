import { ESTIMATED, type KernelLoss, type KernelParameter } from '../../../loss.js';
import { byDispersion } from '../../../loss-values.js';
import type { Pause } from '../pause.js';
import { dotColumns } from '../products.js';
import { type Model, modelOf } from './model.js';
import type { Measured, Pair } from './problem.js';

/** Most that log r moves in one step. */
const FARTHEST = Math.log(10);
const HALVINGS = 12;

/** Calls for each entry with its estimate and the group of a parameter that it is in. */
async function eachEntry(
  { data }: Measured,
  pair: Pair,
  by: KernelParameter['by'],
  pause: Pause,
  call: (group: number, weight: number, x: number, mu: number, i: number, j: number) => void,
): Promise<void> {
  for (let j = 0; j < data.cols; j++) {
    const { at, x, weight } = data.column(j);
    x.forEach((own, p) => {
      const i = at[p];
      call(by === 'global' ? 0 : by === 'row' ? i : j, weight[p], own, dotColumns(pair.W, i, pair.H, j), i, j);
    });
    if (pause.due()) await pause.turn();
  }
}

/** The loss with its parameters estimated anew, given the factors: J never rises. */
export async function estimated(problem: Measured, pair: Pair, pause: Pause): Promise<Model> {
  const { dispersion } = problem.model.loss;
  const model = dispersion?.estimate === true ? await disperse(problem, dispersion, pair, pause) : problem.model;
  const { zeroInflation } = model.loss;
  return zeroInflation?.estimate === true ? inflate({ ...problem, model }, zeroInflation, pair, pause) : model;
}

const withDispersion = (loss: KernelLoss, parameter: KernelParameter, values: Float64Array): Model =>
  modelOf({ ...loss, dispersion: { ...parameter, values } });

/** Σ ω·cost of each group. */
async function costsOf(
  problem: Measured,
  model: Model,
  by: KernelParameter['by'],
  size: number,
  pair: Pair,
  pause: Pause,
) {
  const costs = new Float64Array(size);
  await eachEntry(problem, pair, by, pause, (group, weight, x, mu, i, j) => {
    costs[group] += weight * model.cost(x, mu, i, j);
  });
  return costs;
}

/** One Newton step of each group on its likelihood, in log r or in θ, halved until it lowers what it should. */
async function disperse(problem: Measured, parameter: KernelParameter, pair: Pair, pause: Pause): Promise<Model> {
  const { model } = problem;
  const { loss } = model;
  const { by, values } = parameter;
  const [size, isSize] = [values.length, loss.name === 'nb'];
  const { least, most } = ESTIMATED[isSize ? 'nb' : 'gp'];
  const [slope, bend, before] = [new Float64Array(size), new Float64Array(size), new Float64Array(size)];
  await eachEntry(problem, pair, by, pause, (group, weight, x, mu, i, j) => {
    const of = byDispersion(loss.name, x, Math.max(mu, x > 0 ? loss.floor : 0), values[group]);
    const share = weight * model.share(x, mu, i, j);
    slope[group] += share * of.slope;
    bend[group] += share * of.curvature;
    before[group] += weight * model.cost(x, mu, i, j);
  });
  const steps = slope.map((g, at) => {
    const step = bend[at] > 0 ? -g / bend[at] : -Math.sign(g) * (isSize ? FARTHEST : Infinity);
    if (!isSize) return Math.min(Math.max(values[at] + step, least), most) - values[at];
    const to = Math.log(values[at]) + Math.min(Math.max(step, -FARTHEST), FARTHEST);
    return Math.min(Math.max(to, Math.log(least)), Math.log(most)) - Math.log(values[at]);
  });
  const now = values.slice();
  const open = steps.map((step) => Number(step !== 0));
  for (let halving = 0, t = 1; halving <= HALVINGS && open.includes(1); halving++, t /= 2) {
    const tried = now.map((x, at) =>
      open[at] === 0 ? x : Math.min(Math.max(isSize ? x * Math.exp(t * steps[at]) : x + t * steps[at], least), most),
    );
    const costs = await costsOf(problem, withDispersion(loss, parameter, tried), by, size, pair, pause);
    for (let at = 0; at < size; at++) {
      if (open[at] === 0 || !(costs[at] <= before[at])) continue;
      now[at] = tried[at];
      open[at] = 0;
    }
  }
  return withDispersion(loss, parameter, now);
}

/** One step of expectation–maximisation: π is the mean chance of a group's entries to be zeros of the other kind. */
async function inflate(problem: Measured, parameter: KernelParameter, pair: Pair, pause: Pause): Promise<Model> {
  const { model } = problem;
  const { by, values } = parameter;
  const [other, all] = [new Float64Array(values.length), new Float64Array(values.length)];
  await eachEntry(problem, pair, by, pause, (group, weight, x, mu, i, j) => {
    other[group] += weight * (1 - model.share(x, mu, i, j));
    all[group] += weight;
  });
  const { most } = ESTIMATED.zeroInflation;
  const next = values.map((x, at) => (all[at] > 0 ? Math.min(other[at] / all[at], most) : x));
  return modelOf({ ...model.loss, zeroInflation: { ...parameter, values: next } });
}
