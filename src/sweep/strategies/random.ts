import { words } from '../held-out.js';
import { allPoints, isRange, nameOfPoint, type Params, type Space, sizeOf, valueAt } from '../space.js';
import { eachOf } from './grid.js';
import type { Strategy } from './strategy.js';

/** A number in (0, 1), drawn by what it is for: a function of the seed and the parts alone. */
export const drawn = (seed: number, ...parts: readonly (string | number)[]): number =>
  (words(seed, ...parts)[0] + 0.5) / 2 ** 32;

/** Draws in a row that may come to what is known, after which a space is taken to hold no more. */
const MOST_MISSES = 1000;

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
  const found: Params[] = [];
  // A range may be so narrow that it holds few numbers.
  for (let p = 0, misses = 0; found.length < count && misses < MOST_MISSES; ) {
    const point = drawnPoint(space, seed, from + p, misses);
    const name = nameOfPoint(point);
    if (names.has(name)) misses++;
    else {
      names.add(name);
      found.push(point);
      p++;
      misses = 0;
    }
  }
  return found;
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
