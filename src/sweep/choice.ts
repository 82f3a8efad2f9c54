import type { Diagnostics } from './diagnose.js';
import { isFitted, type SweepRow } from './rows.js';
import type { Params } from './space.js';

/** A point over all of its masks. */
export interface PointSummary<P = Params> {
  readonly point: number;
  readonly params: P;
  /** Masks on which it was fitted. */
  readonly fitted: number;
  /** Masks on which it failed. */
  readonly failed: number;
  /** Mean of the test losses. */
  readonly testLoss: number;
  /** Standard error of that mean: the deviation of the losses (n − 1) over √n; null for one mask. */
  readonly se: number | null;
  /** Mean of the train losses. */
  readonly trainLoss: number;
  /** Mean over masks of its test loss less that of the best point on the same mask. */
  readonly difference: number;
  /** Standard error of that mean; null for one mask. */
  readonly differenceSe: number | null;
  readonly complexity: number;
  /** How far the fits agree on each NMF layer, over the masks that it was fitted on; null for one, or where it wasn't asked for. */
  readonly diagnostics: Diagnostics | null;
}

/** A point that a strategy gave up before its fits were done. */
export interface Eliminated<P = Params> {
  readonly point: number;
  readonly params: P;
  /** Most iterations of an NMF layer when it was last compared. */
  readonly budget: number;
  /** Masks on which it failed. */
  readonly failed: number;
  /** Mean of its test losses then; null where it failed on all masks. */
  readonly testLoss: number | null;
}

/** A point that went to its end on no mask: its rows say why. */
export interface Failed<P = Params> {
  readonly point: number;
  readonly params: P;
  /** Masks on which it failed. */
  readonly failed: number;
}

export interface Choice<P> {
  /** Points by rising test loss; those that failed on a mask come last, without a place in the choice. */
  readonly points: readonly PointSummary<P>[];
  readonly best: PointSummary<P>;
  readonly simplest: PointSummary<P>;
}

const mean = (list: readonly number[]): number => list.reduce((sum, x) => sum + x, 0) / list.length;

function standardError(list: readonly number[]): number | null {
  if (list.length < 2) return null;
  const middle = mean(list);
  const squares = list.reduce((sum, x) => sum + (x - middle) ** 2, 0);
  return Math.sqrt(squares / (list.length - 1) / list.length);
}

function byPoint<P>(rows: readonly SweepRow<P>[]): ReadonlyMap<number, readonly SweepRow<P>[]> {
  const points = new Map<number, SweepRow<P>[]>();
  for (const row of rows) points.set(row.point, [...(points.get(row.point) ?? []), row]);
  return points;
}

/** Points that were never fitted to their end: those that came furthest first, by rising test loss. */
export function eliminatedIn<P>(rows: readonly SweepRow<P>[]): readonly Eliminated<P>[] {
  const left = [...byPoint(rows)].flatMap(([point, own]): readonly Eliminated<P>[] => {
    if (own.some(({ budget }) => budget === null)) return [];
    const budget = Math.max(...own.map((row) => row.budget ?? 0));
    const last = own.filter((row) => row.budget === budget);
    const losses = last.filter(isFitted).map(({ testLoss }) => testLoss);
    const testLoss = losses.length === 0 ? null : mean(losses);
    return [Object.freeze({ point, params: own[0].params, budget, failed: last.length - losses.length, testLoss })];
  });
  return left.sort(
    (a, b) => b.budget - a.budget || (a.testLoss ?? Infinity) - (b.testLoss ?? Infinity) || a.point - b.point,
  );
}

/** Points that failed on every mask, as they come. */
export function failedIn<P>(rows: readonly SweepRow<P>[]): readonly Failed<P>[] {
  const ended = byPoint(rows.filter(({ budget }) => budget === null));
  return [...ended].flatMap(([point, own]) =>
    own.some(isFitted) ? [] : [{ point, params: own[0].params, failed: own.length }],
  );
}

/** The same choice, its points with what is known of their layers. */
export function withDiagnostics<P>(choice: Choice<P>, found: ReadonlyMap<number, Diagnostics>): Choice<P> {
  const points = choice.points.map((one) => Object.freeze({ ...one, diagnostics: found.get(one.point) ?? null }));
  const same = ({ point }: PointSummary<P>) => points.find((one) => one.point === point) ?? points[0];
  return { points, best: same(choice.best), simplest: same(choice.simplest) };
}

/**
 * The point of lowest mean test loss among those fitted on every mask, and the simplest that is no worse than it by more than
 * one standard error of the paired difference (the one-standard-error rule: Breiman et al. 1984, for pairs); undefined where
 * every point failed somewhere.
 */
export function choose<P>(rows: readonly SweepRow<P>[], complexity: (point: number) => number): Choice<P> | undefined {
  const all = [...byPoint(rows.filter(({ budget }) => budget === null))].map(([point, own]) => ({
    point,
    params: own[0].params,
    failed: own.filter((row) => !isFitted(row)).length,
    losses: new Map(own.filter(isFitted).map((row) => [row.replicate, row.testLoss])),
    train: own.filter(isFitted).map(({ trainLoss }) => trainLoss),
  }));
  const whole = all.filter(({ failed, losses }) => failed === 0 && losses.size > 0);
  if (whole.length === 0) return undefined;
  const lossOf = ({ losses }: (typeof all)[number]) => mean([...losses.values()]);
  const first = whole.reduce((best, one) => (lossOf(one) < lossOf(best) ? one : best));
  const points = all
    .filter(({ losses }) => losses.size > 0)
    .map((one): PointSummary<P> => {
      const pairs = [...one.losses].flatMap(([replicate, loss]) => {
        const other = first.losses.get(replicate);
        return other === undefined ? [] : [loss - other];
      });
      const { point, params, failed, losses, train } = one;
      return Object.freeze({
        point,
        params,
        fitted: losses.size,
        failed,
        testLoss: lossOf(one),
        se: standardError([...losses.values()]),
        trainLoss: mean(train),
        difference: mean(pairs),
        differenceSe: standardError(pairs),
        complexity: complexity(point),
        diagnostics: null,
      });
    })
    .sort((a, b) => a.failed - b.failed || a.testLoss - b.testLoss || a.point - b.point);
  const [best] = points;
  const near = points.filter(
    ({ failed, difference, differenceSe }) => failed === 0 && difference <= (differenceSe ?? 0),
  );
  const simplest = near.reduce((least, one) => (one.complexity < least.complexity ? one : least), best);
  return { points, best, simplest };
}
