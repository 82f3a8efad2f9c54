import type { SweepOptions } from '../options.js';
import { grid } from './grid.js';
import { halving } from './halving.js';
import { random } from './random.js';
import type { Strategy } from './strategy.js';
import { tpe } from './tpe.js';

/** The strategy that checked options ask for. */
export function strategyOf({ strategy = 'grid', params, points = 0, ...options }: SweepOptions): Strategy {
  const { seed = 0, eta = 3, minIter } = options;
  switch (strategy) {
    case 'grid':
      return grid(params);
    case 'random':
      return random(params, { points, seed });
    case 'tpe':
      return tpe(params, { points, seed });
    case 'halving':
      return halving(params, { points: points || undefined, seed, eta, minIter });
  }
}
