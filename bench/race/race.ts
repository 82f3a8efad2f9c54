import type { Matrix } from '../../src/index.js';
import { scaleRows } from '../../src/matrix.js';
import { interleave, type Timed } from '../clock.js';
import { type Context, repeatsFor } from '../context.js';
import { describe } from '../data/matrices.js';
import { plainMse } from '../judge.js';
import { evaluate, fitKernel, startOf } from '../ours.js';
import type { Sklearn } from '../peers/sklearn.js';
import { random } from '../random.js';
import { median, type Spread, spread } from '../stats.js';
import type { Case } from './cases.js';
import { isPowerOfTwo, ladder } from './ladder.js';
import { ourTrajectory } from './ours.js';
import { published } from './published.js';
import { goals, type RaceResult, type Reference, type Run } from './result.js';
import { theirTrajectory } from './theirs.js';
import type { Clock, Fitted, Point, Trajectory } from './trajectory.js';

/** A trajectory from one start: what exploring it found, and which rung reaches each goal. */
interface Leg {
  readonly trajectory: Trajectory;
  readonly seed: number;
  readonly points: readonly Point[];
  /** Losses by the evaluator, of the rungs that were fitted anew. */
  readonly checked: Map<number, number>;
  readonly goals: { readonly goal: number; readonly of: Reference; readonly iterations: number | null }[];
}

/** One fit that is timed. */
interface Lap {
  readonly leg: Leg;
  readonly clock: Clock;
  readonly iterations: number;
  readonly repeats: number;
}

/** Explores every trajectory, learns the best known loss, then times whole fits that just reach each goal. */
export async function race(context: Context, one: Case, sklearn: Sklearn | null): Promise<RaceResult> {
  const { kernels, seeds, log } = context;
  const X = one.X();
  const trajectories: Trajectory[] = [];
  for (const precision of one.precisions) {
    trajectories.push(ourTrajectory(context, X, one.k, precision));
    if (sklearn !== null) trajectories.push(await theirTrajectory(context, sklearn, X, one.k, precision));
  }
  log(`${one.id}: exploring`);
  const legs: Leg[] = [];
  for (const trajectory of trajectories) {
    const limit = trajectory.program === 'factorloom' ? one.limits.ours : one.limits.theirs;
    for (const seed of trajectory.seeds)
      legs.push({
        trajectory,
        seed,
        points: await trajectory.explore(seed, ladder(one.top), limit),
        checked: new Map(),
        goals: [],
      });
  }
  const long = await longFits(context, one, X);
  const lossesOf = (seed: number) => [
    ...legs.filter((leg) => leg.seed === seed).flatMap(({ points }) => points.map(({ loss }) => loss)),
    ...long.filter((fit) => fit.seed === seed).map(({ loss }) => loss),
  ];
  const bestBySeed = seeds.map((seed) => ({ seed, loss: Math.min(...lossesOf(seed)) }));
  const best = Math.min(...bestBySeed.map(({ loss }) => loss));
  const bestOf = (seed: number) => bestBySeed.find((known) => known.seed === seed)?.loss ?? best;

  for (const leg of legs) {
    for (const of of ['all', 'seed'] as const) {
      for (const goal of goals) {
        const target = (of === 'all' ? best : bestOf(leg.seed)) * (1 + goal);
        leg.goals.push({ goal, of, iterations: await firstWithin(context, X, leg, target) });
      }
    }
  }

  const laps = legs.flatMap((leg) => lapsOf(context, leg, leg.seed === seeds[0]));
  log(`${one.id}: timing ${laps.length} fits, ${laps.reduce((sum, { repeats }) => sum + repeats, 0)} runs`);
  const losses = new Map<Lap, number>();
  const models = new Map<string, Fitted>();
  const tasks = laps.map(
    (lap): Timed => ({
      repeats: lap.repeats,
      run: async () => {
        const fitted = await lap.clock.fit(lap.leg.seed, lap.iterations);
        models.set(lap.leg.trajectory.program, fitted);
        if (!losses.has(lap)) losses.set(lap, await evaluate(kernels, X, fitted));
        return fitted.seconds;
      },
    }),
  );
  const samples = await interleave(tasks, random(one.k));
  const timed = new Map<Lap, { loss: number; seconds: Spread }>();
  for (const [l, lap] of laps.entries())
    timed.set(lap, { loss: losses.get(lap) ?? Number.NaN, seconds: spread(samples[l]) });
  for (const precision of one.precisions) if (sklearn !== null) await sklearn.forget(precision);

  return {
    id: one.id,
    label: one.label,
    shape: describe(X),
    k: one.k,
    best,
    bestBySeed,
    long,
    runs: legs.flatMap((leg) => leg.trajectory.clocks.map((clock) => toRun(leg, clock, timed))),
    published: published(one.anchor, one.k, best),
    checks: { evaluator: await evaluatorError(context, X, [...models.values()]), repeated: repeatError(timed) },
  };
}

async function longFits({ kernels, threads, seeds }: Context, one: Case, X: Matrix): Promise<RaceResult['long']> {
  const found: RaceResult['long'][number][] = [];
  for (const seed of seeds) {
    const signal = AbortSignal.timeout(1000 * one.limits.long);
    const request = { X, start: startOf(X, one.k, seed), iterations: 10 * one.top, threads, precision: 'f64' } as const;
    const fit = await fitKernel(kernels, request, { signal });
    found.push({ seed, iterations: fit.iterations, loss: await evaluate(kernels, X, fit) });
  }
  return found;
}

/** The first rung whose factors are within the target. What a kernel says of itself is checked by the evaluator. */
async function firstWithin({ kernels }: Context, X: Matrix, leg: Leg, target: number): Promise<number | null> {
  for (const { iterations, loss } of leg.points) {
    if (loss > target) continue;
    if (leg.trajectory.program !== 'factorloom') return iterations;
    const known = leg.checked.get(iterations);
    const evaluated = known ?? (await evaluate(kernels, X, await leg.trajectory.clocks[0].fit(leg.seed, iterations)));
    leg.checked.set(iterations, evaluated);
    if (evaluated <= target) return iterations;
  }
  return null;
}

/** Fits that reach a goal, by every clock; and those that draw a curve, from one start. */
function lapsOf(context: Context, leg: Leg, drawn: boolean): readonly Lap[] {
  const reaching = new Set(leg.goals.flatMap(({ iterations }) => iterations ?? []));
  return leg.trajectory.clocks.flatMap((clock) =>
    leg.points
      .filter(({ iterations }) => reaching.has(iterations) || (drawn && clock.charted && isPowerOfTwo(iterations)))
      .map(({ iterations, seconds }) => {
        const repeats = repeatsFor(seconds, context);
        return { leg, clock, iterations, repeats: reaching.has(iterations) ? repeats : Math.min(2, repeats) };
      }),
  );
}

function toRun(leg: Leg, clock: Clock, timed: ReadonlyMap<Lap, { loss: number; seconds: Spread }>): Run {
  const { program, precision } = leg.trajectory;
  const rungs = [...timed]
    .filter(([lap]) => lap.leg === leg && lap.clock === clock)
    .map(([{ iterations }, found]) => ({ iterations, ...found }));
  const reached = leg.goals.map(({ goal, of, iterations }) => ({
    goal,
    of,
    iterations,
    seconds: rungs.find((rung) => rung.iterations === iterations)?.seconds ?? null,
  }));
  const { iterations, loss } = leg.points[leg.points.length - 1];
  const { name, threads, charted } = clock;
  return {
    program,
    precision,
    clock: name,
    threads,
    charted,
    seed: leg.seed,
    reached,
    rungs,
    final: { iterations, loss },
  };
}

/** The evaluator against the definition, on one model of each program. */
async function evaluatorError({ kernels }: Context, X: Matrix, models: readonly Fitted[]): Promise<number> {
  const errors = [0];
  for (const { W, d, H } of models) {
    const plain = plainMse(X, W, d === undefined ? H : scaleRows(H, d));
    errors.push(Math.abs((await evaluate(kernels, X, { W, ...(d && { d }), H })) / plain - 1));
  }
  return Math.max(...errors);
}

/** How far timed fits of equal iterations from one start differ in loss from what exploring found there. */
function repeatError(timed: ReadonlyMap<Lap, { loss: number }>): number {
  const errors = [...timed].map(([{ leg, iterations }, { loss }]) => {
    const explored = leg.points.find((point) => point.iterations === iterations)?.loss ?? loss;
    return Math.abs(loss / explored - 1);
  });
  return Math.max(0, ...errors);
}

/** Median over the starts of the seconds to a goal; null where half of them did not get there. */
export function secondsTo(runs: readonly Run[], goal: number, of: Reference): number | null {
  const seconds = runs.map(
    (run) => run.reached.find((found) => found.goal === goal && found.of === of)?.seconds?.median ?? Infinity,
  );
  const middle = median(seconds);
  return Number.isFinite(middle) ? middle : null;
}
