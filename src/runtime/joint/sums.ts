import type { Plan } from '../../compiler/plan.js';
import type { Place, Reader } from './model.js';
import { normOf, trainedSteps } from './steps.js';

const keyOf = ({ layer, row, normalized }: Place): string => `${normalized} ${row} ${layer}`;

/** Factors of which each adds up with another: all are handed on in one unit. */
type Meeting = readonly Place[];

/** Which factors meet in sums; undefined for one that is in no sum. */
function meetingsOf(readers: readonly Reader[]): (place: Place) => Meeting | undefined {
  const meetings = new Map<string, Meeting>();
  const sums = readers.flatMap(({ parts }) =>
    parts.flatMap(({ source }) => (source.kind === 'data' ? [] : source.rows.filter(({ length }) => length > 1))),
  );
  for (const places of sums) {
    // Those whom one of these has met before meet all of them.
    const all = places.flatMap((place) => meetings.get(keyOf(place)) ?? [place]);
    const meeting = [...new Map(all.map((place) => [keyOf(place), place])).values()];
    for (const place of meeting) meetings.set(keyOf(place), meeting);
  }
  return (place) => meetings.get(keyOf(place));
}

/** The unit in which a factor is handed on, of this length by itself; undefined where it is in no sum and has a unit of its own. */
export type UnitOf = (place: Place, length: number) => number | undefined;

/** Units of what adds up: the length of the first that is asked for, or 1 with a layer whose d is 1, which can't be in another. */
export function sumUnits(plan: Plan, readers: readonly Reader[]): UnitOf {
  const meetingOf = meetingsOf(readers);
  const plain = new Set(trainedSteps(plan).flatMap((step) => (normOf(step) === 'none' ? [step.layer] : [])));
  const units = new Map<Meeting, number>();
  return (place, length) => {
    const meeting = meetingOf(place);
    if (meeting === undefined) return undefined;
    // A dead factor has no length.
    const unit = units.get(meeting) ?? (meeting.some(({ layer }) => plain.has(layer)) ? 1 : length || 1);
    units.set(meeting, unit);
    return unit;
  };
}
