/** What a sample belongs to; null, undefined and NaN: not known. */
export type Label = string | number | boolean | null | undefined;

export const isKnown = (label: Label): boolean => label !== null && label !== undefined && !Number.isNaN(label);

export const isList = (labels: unknown): labels is ArrayLike<Label> =>
  typeof labels === 'object' && labels !== null && 'length' in labels && isLength(labels.length);

/** How many items a list may have. */
const isLength = (length: unknown): boolean =>
  Number.isInteger(length) && Number(length) >= 0 && Number(length) < 2 ** 32;

/** What labels must be. */
export const LABEL_RULE = 'strings, numbers or booleans';

/** The first that is no label. */
export const oddLabel = (labels: ArrayLike<unknown>): unknown =>
  Array.from(labels).find((label) => label !== null && ['object', 'function', 'symbol'].includes(typeof label));

/** Labels as numbers from 0, in the order in which they first come. */
export interface Classes {
  /** One for each sample, −1 where its label isn't known. */
  readonly of: Int32Array;
  readonly count: number;
  /** Samples of each. */
  readonly sizes: readonly number[];
}

export function classesOf(labels: ArrayLike<Label>): Classes {
  const places = new Map<Label, number>();
  const sizes: number[] = [];
  const of = Int32Array.from({ length: labels.length }, (_, j) => {
    const label = labels[j];
    if (!isKnown(label)) return -1;
    const place = places.get(label) ?? places.size;
    places.set(label, place);
    sizes[place] = (sizes[place] ?? 0) + 1;
    return place;
  });
  return { of, count: sizes.length, sizes };
}
