import type { Matrix } from '../../src/index.js';
import { scaleRows } from '../../src/matrix.js';
import type { Context } from '../context.js';
import { bestScale } from '../judge.js';
import { evaluate, type Start, startOf } from '../ours.js';
import type { Sklearn } from '../peers/sklearn.js';
import type { Point, Trajectory } from './trajectory.js';

/**
 * scikit-learn's fits, from our starts, H scaled as our kernel scales it. Its coordinate descent carries nothing but W
 * and H from one iteration to the next, so exploring goes on from where the last rung ended; timed fits begin anew. In 32 bits, where it is no faster on sparse
 * data, one start must do.
 */
export async function theirTrajectory(
  context: Context,
  sklearn: Sklearn,
  X: Matrix,
  k: number,
  precision: 'f64' | 'f32',
): Promise<Trajectory> {
  const name = precision;
  await sklearn.hold(name, X, precision);
  const starts = new Map<number, Start>();
  const scaledStart = (seed: number): Start => {
    const known = starts.get(seed);
    if (known !== undefined) return known;
    const { W, H } = startOf(X, k, seed);
    const start = { W, H: scaleRows(H, new Float64Array(k).fill(bestScale(X, W, H))) };
    starts.set(seed, start);
    return start;
  };
  return {
    program: 'scikit-learn',
    precision,
    seeds: precision === 'f64' ? context.seeds : context.seeds.slice(0, 1),
    clocks: [
      {
        name: 'coordinate descent',
        threads: context.threads,
        charted: true,
        fit: async (seed, iterations) => sklearn.fit(name, scaledStart(seed), iterations),
      },
    ],
    explore: async (seed, ladder, limit) => {
      const points: Point[] = [];
      let at = scaledStart(seed);
      let [done, seconds] = [0, 0];
      for (const rung of ladder) {
        const next = await sklearn.fit(name, at, rung - done);
        seconds += next.seconds;
        points.push({ iterations: rung, loss: await evaluate(context.kernels, X, next), seconds });
        if (seconds > limit) break;
        [at, done] = [next, rung];
      }
      return points;
    },
  };
}
