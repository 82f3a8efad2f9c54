import { show } from '../issues.js';
import type { PointSummary } from '../sweep/choice.js';
import type { SweepRow } from '../sweep/rows.js';
import type { Params } from '../sweep/space.js';
import type { checking } from './check.js';

/** What `crossValidateRank` and `crossValidateGraph` have found. */
export interface SweptPoints {
  readonly points: readonly (Pick<PointSummary, 'params' | 'testLoss' | 'se' | 'failed'> &
    Partial<Pick<PointSummary, 'trainLoss'>>)[];
  readonly best: Params;
  readonly simplest: Params;
  /** Points that were given up early. */
  readonly eliminated?: readonly { readonly params: Params }[] | undefined;
  readonly rows?: readonly SweepRow[] | undefined;
}

/** What is drawn must be what a sweep has found; nothing else can be read without it. */
export function checkSwept(check: ReturnType<typeof checking>, result: SweptPoints): void {
  check.refuse('result', isResult(result), 'what a sweep has found, with a point', show(result));
  check.done();
}

const isRecord = (value: unknown): boolean => typeof value === 'object' && value !== null;

const isResult = (result: SweptPoints | null | undefined): boolean =>
  Array.isArray(result?.points) &&
  result.points.length > 0 &&
  result.points.every((point) => isRecord(point?.params) && Number.isFinite(point.testLoss)) &&
  [result.best, result.simplest].every(isRecord);
