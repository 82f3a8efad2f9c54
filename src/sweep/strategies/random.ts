import { words } from '../held-out.js';
import { allPoints, isRange, nameOfPoint, type Params, type Space, sizeOf, valueAt } from '../space.js';
import { eachOf } from './grid.js';
import type { Strategy } from './strategy.js';

/** A number in (0, 1), drawn by what it is for: a function of the seed and the parts alone. */
export const drawn = (seed: number, ...parts: readonly (string | number)[]): number =>
  (words(seed, ...parts)[0] + 0.5) / 2 ** 32;

/**
 * Points drawn from a space: a value of each list is as likely as the next, and so is a place in each range. All are
 * different, and different from those that are known; number `from` is the first. A space that has no more is taken whole.
 */
export function randomPoints(
  space: Space,
  count: number,
  seed: number,
  { from = 0, known = [] }: { readonly from?: number; readonly known?: readonly Params[] } = {},
): readonly Params[] {
  const names = new Set(known.map(nameOfPoint));
  if (count + names.size >= sizeOf(space)) return allPoints(space).filter((point) => !names.has(nameOfPoint(point)));
  return Array.from({ length: count }, (_, p) => {
    for (let attempt = 0; ; attempt++) {
      const point = drawnPoint(space, seed, from + p, attempt);
      const name = nameOfPoint(point);
      if (names.has(name)) continue;
      names.add(name);
      return point;
    }
  });
}

function drawnPoint(space: Space, seed: number, nth: number, attempt: number): Params {
  const values = Object.entries(space).map(([name, own]) => {
    const place = drawn(seed, 'point', nth, name, attempt);
    return [name, isRange(own) ? valueAt(own, place) : own[Math.floor(place * own.length)]] as const;
  });
  return Object.freeze(Object.fromEntries(values));
}

/** Points drawn from a space, each to its end. */
export function random(space: Space, { points, seed }: { readonly points: number; readonly seed: number }): Strategy {
  return eachOf(randomPoints(space, points, seed), [drawnText(space, points)]);
}

/** How points come about, in words. */
export function drawnText(space: Space, points: number): string {
  const size = sizeOf(space);
  if (size <= points) return `all ${size} points of the space, which has no more`;
  return `${points} points drawn from ${size === Infinity ? 'ranges' : `${size}`}`;
}
