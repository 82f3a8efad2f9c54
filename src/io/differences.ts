/** A place where two values are not the same. */
export interface Difference {
  readonly at: string;
  /** What it was and what it is, where that is short. */
  readonly values?: string;
}

/** Differences that a message lists. */
const SHOWN = 6;

/** Differences in a sentence. */
export function listed(differs: readonly Difference[]): string {
  const list = differs.slice(0, SHOWN).map(({ at, values }) => `${at}${values === undefined ? '' : ` (${values})`}`);
  if (differs.length > SHOWN) list.push(`${differs.length - SHOWN} more, in differs`);
  return list.join(', ');
}

/** A value as it comes back from a file. */
export const asJson = (value: object): unknown => JSON.parse(JSON.stringify(value));

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

/** The places where two values of JSON are not the same. */
export function unequal(then: unknown, now: unknown, at: readonly string[]): readonly Difference[] {
  if (isObject(then) && isObject(now))
    return [...new Set([...Object.keys(then), ...Object.keys(now)])].flatMap((key) =>
      unequal(then[key], now[key], [...at, key]),
    );
  if (then === now) return [];
  const short = (value: unknown) => (isObject(value) ? 'more' : value === undefined ? 'nothing' : String(value));
  return [{ at: at.join('.'), values: `${short(then)} there, ${short(now)} here` }];
}
