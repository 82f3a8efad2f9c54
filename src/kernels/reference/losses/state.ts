import { KernelError } from '../../../errors.js';
import type { KernelParameter } from '../../../loss.js';
import { dense } from '../../../matrix.js';
import type { NmfState } from '../../kernels.js';
import type { Panel } from '../products.js';
import { drawnBy, joined, redrawnAs } from '../state.js';
import { modelOf } from './model.js';
import type { Measure, Pair, Problem } from './problem.js';

/** The order that the numbers of a state are in; another order, and that of squares, has another number. */
const LAYOUT = 101;

/** How far a fit has come. */
export interface Course {
  /** What factors are drawn to follows them, and parameters are estimated. */
  readonly problem: Problem;
  readonly pair: Pair;
  /** The measure of every accepted iterate. */
  readonly history: readonly Measure[];
}

export function stateOf({ problem, pair, history }: Course): NmfState {
  const { dispersion, zeroInflation } = problem.model.loss;
  const numbers = [
    shapeOf(problem),
    pair.W.data,
    pair.H.data,
    dispersion?.values ?? [],
    zeroInflation?.values ?? [],
    drawnBy(problem.W),
    drawnBy(problem.H),
    ...history.map(({ loss, objective }) => [loss, objective]),
  ];
  return { iterations: history.length, numbers: joined(numbers) };
}

/** @throws KernelError 'invalid-argument' for a state of another problem. */
export function courseOf(problem: Problem, { iterations, numbers }: NmfState): Course {
  const { start } = problem.args;
  const [k, m, n] = [start.H.rows, start.W.rows, start.H.cols];
  const { loss } = problem.model;
  let at = 0;
  const take = (count: number) => {
    at += count;
    return numbers.slice(at - count, at);
  };
  const shape = shapeOf(problem);
  const counts = [loss.dispersion, loss.zeroInflation].map((parameter) => parameter?.values.length ?? 0);
  const own = [k * (m + n), ...counts, drawnBy(problem.W).length, drawnBy(problem.H).length, 2 * iterations];
  const fits = numbers.length === shape.length + own.reduce((sum, x) => sum + x, 0) && numbers.every(Number.isFinite);
  if (!fits || String(take(shape.length)) !== String(shape))
    throw new KernelError('invalid-argument', 'a fit can only go on from a state of a fit with the same arguments');
  const panel = (cols: number): Panel => dense(k, cols, take(k * cols));
  const as = (parameter: KernelParameter | null): KernelParameter | null =>
    parameter === null ? null : { ...parameter, values: take(parameter.values.length) };
  const pair = { W: panel(m), H: panel(n) };
  const model = modelOf({ ...loss, dispersion: as(loss.dispersion), zeroInflation: as(loss.zeroInflation) });
  const sides = { W: redrawnAs(problem.W, take), H: redrawnAs(problem.H, take) };
  const history = Array.from({ length: iterations }, (): Measure => {
    const [ofEntries, objective] = take(2);
    return { loss: ofEntries, objective };
  });
  return { problem: { ...problem, ...sides, model }, pair, history };
}

const shapeOf = ({ args: { start } }: Problem): readonly number[] => [LAYOUT, start.H.rows, start.W.rows, start.H.cols];
