/** A value that a parameter may take; it must be one that JSON can hold. */
export type ParamValue = number | string | boolean | null;

/** All numbers from `low` to `high`, both included. */
export interface Range {
  readonly kind: 'range';
  readonly low: number;
  readonly high: number;
  readonly log: boolean;
  readonly int: boolean;
  readonly steps: number | null;
}

/** The parameters of a sweep by name: the values each may take, as a list or as a range. */
export type Space = { readonly [name: string]: readonly ParamValue[] | Range };

/** One value for each parameter. */
export type Params = { readonly [name: string]: ParamValue };
/** The same for a space that is known. */
export type ParamsOf<S extends Space> = {
  readonly [N in keyof S]: S[N] extends readonly (infer V)[] ? V : number;
};

export interface RangeOptions {
  /** Even steps of the logarithm; default false. `low` must be > 0. */
  readonly log?: boolean | undefined;
  /** Whole numbers alone; default false. */
  readonly int?: boolean | undefined;
  /** How many values a grid takes of it, ≥ 2; needed there, and only there. */
  readonly steps?: number | undefined;
}

/**
 * All numbers from `low` to `high`, both included, as the values of a parameter.
 *
 * @example
 * const params = { k: range(2, 20, { int: true }), L1: range(1e-3, 1, { log: true }) };
 */
export function range(low: number, high: number, options: RangeOptions = {}): Range {
  const { log = false, int = false, steps = null } = options;
  return Object.freeze({ kind: 'range', low, high, log, int, steps });
}

export const isRange = (values: readonly ParamValue[] | Range): values is Range => !Array.isArray(values);

/** From where to where places go: every whole number has as much room as every other, between its neighbours. */
function roomOf({ low, high, log, int }: Range): readonly [from: number, to: number] {
  if (!int) return [low, high];
  return [log ? Math.max(low - 0.5, low / 2) : low - 0.5, high + 0.5];
}

/** The value of a range at a place from 0 to 1. */
export function valueAt(range: Range, place: number): number {
  const { low, high, log, int } = range;
  const [from, to] = roomOf(range);
  const x = log ? from * (to / from) ** place : from + (to - from) * place;
  return clamp(int ? Math.round(x) : x, low, high);
}

/** The place of a value of a range, from 0 to 1. */
export function placeOf(range: Range, value: number): number {
  const [from, to] = roomOf(range);
  return range.log ? Math.log(value / from) / Math.log(to / from) : (value - from) / (to - from);
}

const clamp = (x: number, low: number, high: number) => Math.min(high, Math.max(low, x));

/** The values that a grid takes of a parameter. */
export function gridValues(values: readonly ParamValue[] | Range): readonly ParamValue[] {
  if (!isRange(values)) return values;
  const { low, high, log, int, steps } = values;
  const count = steps ?? 0;
  const all = Array.from({ length: count }, (_, s) => {
    const place = s / (count - 1);
    const x = log ? low * (high / low) ** place : low + (high - low) * place;
    return int ? Math.round(x) : clamp(x, low, high);
  });
  return [...new Set(all)];
}

type Values = (values: readonly ParamValue[] | Range) => readonly ParamValue[];

function combinations(space: Space, valuesOf: Values): readonly Params[] {
  let points: readonly Params[] = [Object.freeze({})];
  for (const [name, values] of Object.entries(space))
    points = points.flatMap((point) => valuesOf(values).map((value) => Object.freeze({ ...point, [name]: value })));
  return points;
}

/** Every combination of the values that a grid takes, the last parameter changing first. */
export const gridPoints = (space: Space): readonly Params[] => combinations(space, gridValues);

/** How many points a space has; Infinity with a range of other than whole numbers. */
export const sizeOf = (space: Space): number =>
  Object.values(space).reduce<number>((product, values) => product * countOf(values), 1);

function countOf(values: readonly ParamValue[] | Range): number {
  if (!isRange(values)) return values.length;
  return values.int ? values.high - values.low + 1 : Infinity;
}

/** Every point of a space that is finite, the last parameter changing first. */
export const allPoints = (space: Space): readonly Params[] =>
  combinations(space, (values) =>
    isRange(values) ? Array.from({ length: countOf(values) }, (_, i) => values.low + i) : values,
  );

/** A point by its values, whatever the order of its parameters. */
export const nameOfPoint = (params: Params): string =>
  JSON.stringify(Object.entries(params).sort(([a], [b]) => (a < b ? -1 : 1)));
