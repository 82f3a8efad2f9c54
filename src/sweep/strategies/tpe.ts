import {
  isRange,
  nameOfPoint,
  type Params,
  type ParamValue,
  placeOf,
  type Range,
  type Space,
  sizeOf,
  valueAt,
} from '../space.js';
import { drawn, drawnText, randomPoints } from './random.js';
import type { Ask, Strategy } from './strategy.js';

/** Random points before the first that is chosen. */
const BEGINNING = 10;
/** Points that are chosen at once, by the same losses; the number of workers must not enter. */
const GENERATION = 4;
/** The share of points that count as good. */
const GOOD = 0.2;
/** Points that are drawn for each that is chosen. */
const CANDIDATES = 32;
/** A kernel is never narrower than this share of what one would have if all were evenly spread. */
const NARROWEST = 0.5;
/** A kernel is never wider. */
const WIDEST = 0.3;

/** A point, and the loss that it came to; Infinity where it failed. */
export interface Tried {
  readonly params: Params;
  readonly loss: number;
}

/**
 * The tree-structured Parzen estimator (Bergstra et al. 2011): after some random points, those are taken where l/g is largest,
 * for the densities l of the points that came out well and g of the others, each a product over parameters.
 */
export function tpe(space: Space, { points, seed }: { readonly points: number; readonly seed: number }): Strategy {
  const most = Math.min(points, sizeOf(space));
  const first = randomPoints(space, Math.min(points, BEGINNING), seed);
  const chosen = first.length < most ? `, then ${most - first.length} by tpe, ${GENERATION} at a time` : '';
  return {
    first,
    plan: () => ({
      rungs: [{ points: most, budget: null }],
      says: [`${drawnText(space, first.length)}${chosen}`],
      async run(ask: Ask) {
        const tried: Tried[] = [];
        let next = first;
        while (next.length > 0) {
          const losses = await ask(next, null);
          tried.push(...next.map((params, p) => ({ params, loss: losses[p] })));
          next = propose(space, tried, { count: Math.min(GENERATION, most - tried.length), seed });
        }
      },
    }),
  };
}

/** The next points to try, none of them tried before; fewer where the space has no more. */
export function propose(
  space: Space,
  tried: readonly Tried[],
  { count, seed }: { readonly count: number; readonly seed: number },
): readonly Params[] {
  const order = tried
    .map((one) => ({ ...one, name: nameOfPoint(one.params) }))
    .sort((a, b) => a.loss - b.loss || (a.name < b.name ? -1 : 1));
  const good = order.slice(0, Math.ceil(GOOD * order.length)).filter(({ loss }) => loss < Infinity);
  const bad = order.slice(good.length).map(({ params }) => params);
  const known = tried.map(({ params }) => params);
  const chosen: Params[] = [];
  for (let p = 0; p < count; p++) {
    const nth = tried.length + p;
    const next =
      likeliest(space, { good: good.map(({ params }) => params), bad, known }, { seed, nth }) ??
      randomPoints(space, 1, seed, { from: nth, known })[0];
    if (next === undefined) break;
    chosen.push(next);
    known.push(next);
    // Nothing is known of it yet: the others of its generation are to look elsewhere.
    bad.push(next);
  }
  return chosen;
}

interface Split {
  readonly good: readonly Params[];
  readonly bad: readonly Params[];
  readonly known: readonly Params[];
}

/** Of points drawn from l the one of largest l/g that is new; undefined where none is. */
function likeliest(
  space: Space,
  { good, bad, known }: Split,
  { seed, nth }: { readonly seed: number; readonly nth: number },
): Params | undefined {
  const names = new Set(known.map(nameOfPoint));
  const parameters = Object.entries(space).map(([name, values]) => {
    const [l, g] = [good, bad].map((points) =>
      estimate(
        values,
        points.map((point) => point[name]),
      ),
    );
    return { name, l, g };
  });
  let best: { readonly params: Params; readonly gain: number } | undefined;
  for (let c = 0; c < CANDIDATES; c++) {
    let gain = 0;
    const values = parameters.map(({ name, l, g }) => {
      const value = l.draw((what) => drawn(seed, 'tpe', nth, name, c, what));
      gain += Math.log(l.density(value)) - Math.log(g.density(value));
      return [name, value] as const;
    });
    const params = Object.freeze(Object.fromEntries(values));
    if (names.has(nameOfPoint(params)) || (best !== undefined && gain <= best.gain)) continue;
    best = { params, gain };
  }
  return best?.params;
}

/** The density of values of a parameter. */
interface Estimate {
  draw(unit: (what: string) => number): ParamValue;
  density(value: ParamValue): number;
}

const estimate = (values: readonly ParamValue[] | Range, seen: readonly ParamValue[]): Estimate =>
  isRange(values) ? kernels(values, seen) : counts(values, seen);

/** Counts of the values of a list, each having been seen once before. */
function counts(list: readonly ParamValue[], seen: readonly ParamValue[]): Estimate {
  const count = (value: ParamValue) => 1 + seen.filter((one) => Object.is(one, value)).length;
  const whole = list.length + seen.length;
  return {
    draw(unit) {
      let left = unit('value') * whole;
      for (const value of list) {
        left -= count(value);
        if (left < 0) return value;
      }
      return list[list.length - 1];
    },
    density: (value) => count(value) / whole,
  };
}

/**
 * A kernel at the place of each value that was seen, as wide as it is far to the further of its neighbours, and one that is
 * even over all places. What goes beyond the ends comes back from there.
 */
function kernels(range: Range, seen: readonly ParamValue[]): Estimate {
  const middles = seen.map((value) => placeOf(range, Number(value))).sort((a, b) => a - b);
  const least = NARROWEST / (1 + middles.length);
  const widths = middles.map((at, p) => {
    const far = Math.max(at - (middles[p - 1] ?? 0), (middles[p + 1] ?? 1) - at);
    return Math.min(WIDEST, Math.max(least, far));
  });
  const bell = (x: number, width: number) => Math.exp(-0.5 * (x / width) ** 2) / (width * Math.sqrt(2 * Math.PI));
  return {
    draw(unit) {
      const which = Math.floor(unit('kernel') * (1 + middles.length)) - 1;
      if (which < 0) return valueAt(range, unit('place'));
      // Box & Muller 1958
      const normal = Math.sqrt(-2 * Math.log(unit('length'))) * Math.cos(2 * Math.PI * unit('angle'));
      return valueAt(range, reflected(middles[which] + widths[which] * normal));
    },
    density(value) {
      const x = placeOf(range, Number(value));
      const sum = middles.reduce(
        (all, at, p) => all + bell(x - at, widths[p]) + bell(x + at, widths[p]) + bell(2 - x - at, widths[p]),
        1,
      );
      return sum / (1 + middles.length);
    },
  };
}

/** A place beyond an end, as far on this side of it. */
function reflected(place: number): number {
  const turned = Math.abs(place) % 2;
  return turned > 1 ? 2 - turned : turned;
}
