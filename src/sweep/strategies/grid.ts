import { gridPoints, type Params, type Space } from '../space.js';
import type { Ask, Strategy } from './strategy.js';

/** Every combination of values. */
export const grid = (space: Space): Strategy => eachOf(gridPoints(space), []);

/** Each of some points, to its end. */
export function eachOf(first: readonly Params[], says: readonly string[]): Strategy {
  return {
    first,
    plan: () => ({
      rungs: [{ points: first.length, budget: null }],
      says,
      run: async (ask: Ask) => {
        await ask(first, null);
      },
    }),
  };
}
