import type { Params, ParamValue } from '../sweep/space.js';

/** A point and what it came to. */
export interface Tried {
  readonly params: Params;
  readonly loss: number;
}

export interface MainEffects {
  /** The share of the variance of the loss that each parameter explains by itself, from 0 to 1. */
  readonly shares: Readonly<Record<string, number>>;
  /** What they leave: interactions, and where points don't make a grid also what is not known; from 0 to 1. */
  readonly rest: number;
  /** Whether the points are all combinations of their values, once each: then the shares are exact. */
  readonly exact: boolean;
}

/**
 * How much of the variance of a loss each parameter explains by itself: the share S_p = Var(E(loss | p)) / Var(loss), a first-order
 * effect (Sobol 1993).
 *
 * Over a whole grid these are the main effects of its functional analysis of variance (Hutter, Hoos & Leyton-Brown 2014), exact
 * and adding up to at most 1. Over other points they are estimated from those there are: numbers of many values are put in bins of
 * equally many points (Plischke, Borgonovo & Smith 2013), and the squares between bins are made less by what chance gives them,
 * ε² = (SS_b − (b − 1)·MS_w) / SS (Kelley 1935), not below 0. They are then shares over these points, wherever a search has been.
 *
 * @param points at least as many as values or bins of any parameter, and one more where they make no grid
 */
export function mainEffects(points: readonly Tried[], names: readonly string[]): MainEffects {
  const exact = isGrid(points, names);
  const mean = meanOf(points);
  const squares = points.reduce((sum, { loss }) => sum + (loss - mean) ** 2, 0);
  // What is left of equal losses is rounding.
  const none = squares <= points.length * (1e-12 * mean) ** 2;
  const shares = names.map((name) => {
    if (none) return 0;
    const groups = groupsBy(points, name, exact);
    const between = groups.reduce((sum, group) => sum + group.length * (meanOf(group) - mean) ** 2, 0);
    if (exact) return between / squares;
    const chance = ((groups.length - 1) * (squares - between)) / (points.length - groups.length);
    return Math.max(0, (between - chance) / squares);
  });
  const together = shares.reduce((sum, share) => sum + share, 0);
  return {
    shares: Object.fromEntries(names.map((name, p) => [name, Math.min(1, shares[p])])),
    rest: none ? 0 : Math.max(0, 1 - together),
    exact,
  };
}

/** How many groups a parameter puts points into. */
export const groupsIn = (points: readonly Tried[], name: string, names: readonly string[]): number =>
  groupsBy(points, name, isGrid(points, names)).length;

const meanOf = (points: readonly Tried[]): number => points.reduce((sum, { loss }) => sum + loss, 0) / points.length;

const valuesOf = (points: readonly Tried[], name: string): readonly ParamValue[] => [
  ...new Set(points.map(({ params }) => params[name])),
];

/** Whether there is a point for each combination of values. */
function isGrid(points: readonly Tried[], names: readonly string[]): boolean {
  const combinations = names.reduce((product, name) => product * valuesOf(points, name).length, 1);
  const own = new Set(points.map(({ params }) => JSON.stringify(names.map((name) => params[name]))));
  return own.size === points.length && points.length === combinations;
}

/** Points by value; by bins of equally many where numbers have more values than the root of the number of points. */
function groupsBy(points: readonly Tried[], name: string, exact: boolean): readonly (readonly Tried[])[] {
  const values = valuesOf(points, name);
  const most = Math.max(2, Math.floor(Math.sqrt(points.length)));
  const isNumeric = values.every((value) => typeof value === 'number');
  if (exact || !isNumeric || values.length <= most)
    return values.map((value) => points.filter(({ params }) => params[name] === value));
  const sorted = [...points].sort((a, b) => Number(a.params[name]) - Number(b.params[name]));
  const bins = new Map<number, Tried[]>();
  let [bin, before] = [0, sorted[0].params[name]];
  sorted.forEach((point, i) => {
    const value = point.params[name];
    // Equal values are never parted.
    if (value !== before) bin = Math.floor((i * most) / sorted.length);
    before = value;
    bins.set(bin, [...(bins.get(bin) ?? []), point]);
  });
  return [...bins.values()];
}
