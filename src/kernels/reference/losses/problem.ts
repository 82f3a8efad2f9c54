import { KernelError } from '../../../errors.js';
import { deviancesPerLoss, type KernelLoss } from '../../../loss.js';
import { penalty, type StepTerms } from '../../../objective.js';
import type { NmfArgs } from '../../kernels.js';
import { blocksOf } from '../blocks.js';
import type { Pause } from '../pause.js';
import { dotColumns, type Panel } from '../products.js';
import { drawn, type FactorSide, sideOf, solveTerms, sumsOf } from '../sides.js';
import { type Data, dataOf } from './data.js';
import { along, type LineProblem } from './line.js';
import { type Facts, factsOf, type Model, modelOf } from './model.js';

/** Data, and what estimates of them are measured by. */
export interface Measured {
  readonly data: Data;
  readonly facts: Facts;
  /** The loss with its parameters as they are now. */
  readonly model: Model;
}

/** What is to be minimised. */
export interface Problem extends Measured {
  readonly args: NmfArgs;
  readonly W: FactorSide;
  readonly H: FactorSide;
}

/** Both factors as panels: W is k × features, H is k × samples. */
export interface Pair {
  readonly W: Panel;
  readonly H: Panel;
}

export interface Measure {
  /** Mean deviance. */
  readonly loss: number;
  readonly objective: number;
}

export async function pose(args: NmfArgs, loss: KernelLoss, pause: Pause): Promise<Problem> {
  const data = dataOf(blocksOf(args.X, args.precision), args.weights);
  const facts = await factsOf(data, loss, pause);
  return { args, W: sideOf(args.W, 'W'), H: sideOf(args.H, 'H'), data, facts, model: modelOf(loss) };
}

/** The same, with what factors are drawn to as it should be for these. */
export const redrawn = (problem: Problem, { W, H }: Pair): Problem => ({
  ...problem,
  W: drawn(problem.W, W, H),
  H: drawn(problem.H, H, W),
});

/** Root of the mean square of what is fitted. */
const rms = ({ facts }: Problem): number => Math.sqrt(facts.squares / facts.entries);

/** What each column of a factor minimises while its partner stands still. */
export function linesOf(problem: Problem, side: 'W' | 'H', from: Panel, partner: Panel): (j: number) => LineProblem {
  const [own, other] = side === 'W' ? [problem.W, problem.H] : [problem.H, problem.W];
  const { termsOf, columns } = solveTerms(own, other, from, partner, rms(problem));
  const { data, model } = problem;
  const by = model.loss.penalties;
  const k = from.rows;
  const bounds = { nonneg: own.terms.nonneg, upper: own.terms.upperBound ?? Number.POSITIVE_INFINITY };
  return (j) => ({
    partner,
    line: side === 'W' ? data.row(j) : data.column(j),
    model: along(model, side, j),
    terms: times(termsOf(j), by),
    added: columns === null ? new Float64Array(k) : columns.added.data.subarray(j * k, (j + 1) * k).map((x) => by * x),
    bounds,
  });
}

const times = ({ ridge, linear, coupling }: StepTerms, by: number): StepTerms => ({
  ridge: ridge.map((x) => by * x),
  linear: linear.map((x) => by * x),
  coupling: coupling?.map((x) => by * x) ?? null,
});

/** Mean deviance and J. */
export async function measure(problem: Problem, pair: Pair, pause: Pause): Promise<Measure> {
  const { loss, objective } = await misfit(problem, pair, pause);
  return checked({ loss, objective: objective + penaltyOf(problem, pair) });
}

/** @throws KernelError 'non-finite' */
export function checked(measure: Measure): Measure {
  if (!Number.isFinite(measure.objective) || !Number.isFinite(measure.loss))
    throw new KernelError('non-finite', 'the objective left the range of numbers');
  return measure;
}

/** Mean deviance and J without penalties, entry by entry. */
export async function misfit({ data, model, facts }: Measured, pair: Pair, pause: Pause): Promise<Measure> {
  let [loss, costs] = [0, 0];
  for (let j = 0; j < data.cols; j++) {
    const { at, x, weight } = data.column(j);
    x.forEach((own, p) => {
      const mu = dotColumns(pair.W, at[p], pair.H, j);
      loss += weight[p] * model.value(own, mu, at[p], j);
      costs += weight[p] * model.cost(own, mu, at[p], j);
    });
    if (pause.due()) await pause.turn();
  }
  return { loss: (deviancesPerLoss(model.loss) * loss) / facts.entries, objective: costs };
}

/** κ times the penalties. */
export function penaltyOf(problem: Problem, { W, H }: Pair): number {
  const [w, h] = [sumsOf(problem.W, W), sumsOf(problem.H, H)];
  return problem.model.loss.penalties * penalty(problem.W.terms, problem.H.terms, w, h, rms(problem));
}
