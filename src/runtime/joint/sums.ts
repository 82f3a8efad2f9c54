import type { Place, Reader } from './model.js';

const keyOf = ({ layer, row, normalized }: Place): string => `${normalized} ${row} ${layer}`;

/** The factors that one adds up with in some sum, or in a sum with such a one: all must be handed on in one unit. */
export type Meeting = readonly Place[];

/** Which factors of the layers meet in sums; none for those that are in no sum. */
export function meetingsOf(readers: readonly Reader[]): (place: Place) => Meeting | undefined {
  const meetings = new Map<string, Place[]>();
  for (const { parts } of readers) {
    for (const { source } of parts) {
      if (source.kind === 'data') continue;
      for (const places of source.rows) {
        if (places.length === 1) continue;
        const known = new Set(places.map((place) => meetings.get(keyOf(place)) ?? [place]));
        const all = [...new Map([...known].flat().map((place) => [keyOf(place), place])).values()];
        for (const place of all) meetings.set(keyOf(place), all);
      }
    }
  }
  return (place) => meetings.get(keyOf(place));
}
