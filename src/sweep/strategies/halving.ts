import { GraphError } from '../../errors.js';
import { longestIn } from '../merge.js';
import type { Point } from '../points.js';
import { gridPoints, nameOfPoint, type Params, type Space } from '../space.js';
import { drawnText, randomPoints } from './random.js';
import type { Ask, Rung, Search, Strategy } from './strategy.js';

export interface HalvingOptions {
  /** Points to draw; undefined: the grid. */
  readonly points: number | undefined;
  readonly seed: number;
  readonly eta: number;
  readonly minIter: number | undefined;
}

/** Iterations before which held-out errors say little of what they come to: at first, too high a rank looks best. */
const FEW = 10;

const AT = 'crossValidateGraph';

/**
 * Successive halving (Jamieson & Talwalkar 2016) on iterations: all points get few of them, of each rung the best 1 in
 * `eta` go on with `eta` times as many, to their end. Rungs wait for all of their points, so nothing depends on which
 * is done first.
 */
export function halving(space: Space, options: HalvingOptions): Strategy {
  const { points, seed, eta, minIter } = options;
  const first = points === undefined ? gridPoints(space) : randomPoints(space, points, seed);
  return {
    first,
    plan(made) {
      const { layer, maxIter: most } = longestOf(made);
      if (minIter !== undefined && minIter > most)
        throw new GraphError([
          {
            ...{ code: 'invalid-option', of: AT, option: 'minIter', got: minIter, at: AT },
            rule: `at most the largest maxIter of the layers, ${most} of layer '${layer}'`,
          },
        ]);
      const rungs = rungsOf(first.length, most, { eta, least: minIter ?? Math.max(1, Math.min(FEW, most / eta)) });
      return search(first, rungs, points === undefined ? [] : [drawnText(space, points)]);
    },
  };
}

function search(first: readonly Params[], rungs: readonly Rung[], drawn: readonly string[]): Search {
  const take = ({ points, budget }: Rung) =>
    `${points} ${points === 1 ? 'point' : 'points'} ${budget === null ? 'to the end' : `to iteration ${budget} of NMF layers`}`;
  return {
    rungs,
    says: [...drawn, `halving: ${rungs.map(take).join(', the best ')}`],
    async run(ask: Ask) {
      let left = first;
      for (const { points, budget } of rungs) {
        left = left.slice(0, points);
        if (left.length === 0) return;
        left = ranked(left, await ask(left, budget));
      }
    },
  };
}

/** Points by rising loss, those that failed left out; equals by what they are, so that their order counts for nothing. */
function ranked(points: readonly Params[], losses: readonly number[]): readonly Params[] {
  return points
    .map((params, p) => ({ params, loss: losses[p], name: nameOfPoint(params) }))
    .filter(({ loss }) => loss < Infinity)
    .sort((a, b) => a.loss - b.loss || (a.name < b.name ? -1 : 1))
    .map(({ params }) => params);
}

/** As many rungs as there are iterations to save, and points to choose from. */
function rungsOf(points: number, most: number, { eta, least }: { readonly eta: number; readonly least: number }) {
  const rungs: Rung[] = [{ points, budget: null }];
  for (let by = eta; most / by >= least && points * eta > by; by *= eta)
    rungs.unshift({ points, budget: Math.ceil(most / by) });
  return rungs.map(({ budget }, r): Rung => ({ points: Math.ceil(points / eta ** r), budget }));
}

/** The NMF layer of any point that takes most iterations. @throws GraphError where none can be cut. */
function longestOf(points: readonly Point[]) {
  const plans = points.flatMap(({ compiled }) => (compiled === null ? [] : [compiled.plan]));
  const said = { code: 'incompatible-options', of: AT, at: AT } as const;
  if (plans.some(({ joint }) => joint !== null))
    throw new GraphError([
      {
        ...said,
        options: { strategy: 'halving', 'config.training': 'joint' },
        rule: 'Points can only be compared before their end where each layer is fitted by itself',
        cure: "leave training out, or take strategy 'random' or 'tpe'",
      },
    ]);
  const longest = longestIn(plans);
  if (longest === undefined)
    throw new GraphError([
      {
        ...said,
        options: { strategy: 'halving' },
        rule: 'Only NMF layers that W and H are free in can be left and gone on with',
        cure: "take strategy 'grid', 'random' or 'tpe'",
      },
    ]);
  return longest;
}
