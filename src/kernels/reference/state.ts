import { KernelError } from '../../errors.js';
import { dense } from '../../matrix.js';
import type { NmfState } from '../kernels.js';
import type { Momentum } from './extrapolate.js';
import type { Measure, Place, Problem } from './problem.js';
import type { Panel } from './products.js';
import type { FactorSide } from './sides.js';

/** The order that the numbers of a state are in; another order gets another number. */
const LAYOUT = 1;

/** How far a fit has come. */
export interface Course {
  /** What factors are drawn to follows them. */
  readonly problem: Problem;
  readonly place: Place;
  readonly momentum: Momentum;
  /** The next step begins from the accepted pair. */
  readonly plain: boolean;
  readonly gamma: number;
  /** The measure of every accepted iterate. */
  readonly history: readonly Measure[];
}

export function stateOf({ problem, place, momentum, plain, gamma, history }: Course): NmfState {
  const numbers = [
    shapeOf(problem),
    ...[place.W, place.nextW, place.H, place.solvedH].map(({ data }) => data),
    ...[problem.W, problem.H].map(drawnBy),
    [momentum.beta, momentum.limit, momentum.good, Number(plain), gamma],
    ...history.map(({ squares, objective }) => [squares, objective]),
  ];
  return { iterations: history.length, numbers: joined(numbers) };
}

/** Lists of numbers, one after the other. */
export function joined(lists: readonly ArrayLike<number>[]): Float64Array {
  const all = new Float64Array(lists.reduce((sum, list) => sum + list.length, 0));
  let at = 0;
  for (const list of lists) {
    all.set(list, at);
    at += list.length;
  }
  return all;
}

/** @throws KernelError 'invalid-argument' for a state of another problem. */
export function courseOf(problem: Problem, { iterations, numbers }: NmfState): Course {
  const { start } = problem.args;
  const [k, m, n] = [start.H.rows, start.W.rows, start.H.cols];
  let at = 0;
  const take = (count: number) => {
    at += count;
    return numbers.slice(at - count, at);
  };
  const panel = (cols: number): Panel => dense(k, cols, take(k * cols));
  const shape = shapeOf(problem);
  const length =
    shape.length + 2 * k * (m + n) + drawnBy(problem.W).length + drawnBy(problem.H).length + 5 + 2 * iterations;
  const fits = numbers.length === length && numbers.every(Number.isFinite);
  if (!fits || String(take(shape.length)) !== String(shape))
    throw new KernelError('invalid-argument', 'a fit can only go on from a state of a fit with the same arguments');
  const [W, nextW, H, solvedH] = [panel(m), panel(m), panel(n), panel(n)];
  const [ofW, ofH] = [redrawnAs(problem.W, take), redrawnAs(problem.H, take)];
  const [beta, limit, good, plain, gamma] = take(5);
  const history = Array.from({ length: iterations }, (): Measure => {
    const [squares, objective] = take(2);
    return { squares, objective, heldLoss: Number.NaN };
  });
  return {
    problem: { ...problem, W: ofW, H: ofH },
    place: { W, nextW, H, solvedH, measure: history[iterations - 1] },
    momentum: { beta, limit, good },
    plain: plain === 1,
    gamma,
    history,
  };
}

const shapeOf = ({ args: { start } }: Problem): readonly number[] => [LAYOUT, start.H.rows, start.W.rows, start.H.cols];

/** The numbers of what a factor is drawn to that follow the factors. */
export const drawnBy = ({ attract }: FactorSide): readonly number[] =>
  attract === null ? [] : [attract.weight, attract.by];

export function redrawnAs(side: FactorSide, take: (count: number) => Float64Array): FactorSide {
  if (side.attract === null) return side;
  const [weight, by] = take(2);
  return { ...side, attract: { ...side.attract, weight, by } };
}
