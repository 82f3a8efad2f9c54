import type { JsonValue } from '../json.js';
import { isKnown, type Label } from '../labels.js';
import { groupColours, UNKNOWN } from './colours.js';

/** What things that have no label are called. */
const NO_LABEL = '(unknown)';

/** Things by what they belong to. */
export interface Groups {
  /** What each group is called, in order: numbers by size, others as they first come; what has no label is the last. */
  readonly names: readonly string[];
  readonly colours: readonly string[];
  /** The group of each thing, its place among the names. */
  readonly of: readonly number[];
}

export function groupsOf(labels: ArrayLike<Label>): Groups {
  const list = Array.from(labels);
  // What is called as things without a label are is one of these: nobody could tell them apart.
  const hasLabel = (label: Label) => isKnown(label) && label !== NO_LABEL;
  const known = [...new Set(list.filter(hasLabel))];
  if (known.every((label) => typeof label === 'number')) known.sort((a, b) => Number(a) - Number(b));
  // Labels that are written alike, 1 and '1', are one group: nobody could tell them apart.
  const named = [...new Set(known.map(String))];
  const gaps = !list.every(hasLabel);
  const names = gaps ? [...named, NO_LABEL] : named;
  const places = new Map(named.map((name, place) => [name, place]));
  return {
    names,
    colours: [...groupColours(named.length), ...(gaps ? [UNKNOWN] : [])],
    of: list.map((label) => (hasLabel(label) ? (places.get(String(label)) ?? 0) : names.length - 1)),
  };
}

/** The scale that gives each group its colour. */
export const scaleOf = ({
  names,
  colours,
}: Pick<Groups, 'names' | 'colours'>): { readonly [part: string]: JsonValue } => ({
  domain: names,
  range: colours,
});
