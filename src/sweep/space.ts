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

/** The value of a range at a place from 0 to 1. */
export function valueAt({ low, high, log, int }: Range, place: number): number {
  const [from, to] = int ? [low - 0.5, high + 0.5] : [low, high];
  if (log) {
    const start = int ? Math.max(from, low / 2) : from;
    const x = start * (to / start) ** place;
    return clamp(int ? Math.round(x) : x, low, high);
  }
  const x = from + (to - from) * place;
  return clamp(int ? Math.round(x) : x, low, high);
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

/** Every combination, the last parameter changing first. */
export function gridPoints(space: Space): readonly Params[] {
  let points: readonly Params[] = [Object.freeze({})];
  for (const [name, values] of Object.entries(space))
    points = points.flatMap((point) => gridValues(values).map((value) => Object.freeze({ ...point, [name]: value })));
  return points;
}
