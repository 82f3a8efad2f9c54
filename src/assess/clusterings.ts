import { reading } from '../arguments/read.js';
import type { Label } from '../labels.js';
import { readLabels } from './read.js';

/**
 * How far two clusterings agree about pairs of samples, beyond chance: with n_ab samples in cluster a of one and b of the
 * other, and C(x) = x·(x − 1)/2,
 *
 *   ARI = (Σ C(n_ab) − E) / (½·(Σ C(n_a) + Σ C(n_b)) − E),   E = Σ C(n_a) · Σ C(n_b) / C(n),
 *
 * 1 where they are the same, 0 on average by chance, at least −½. What clusters are called doesn't count. 1 where both are
 * trivial in the same way: one cluster, or each sample by itself.
 *
 * @param a One label for each sample; samples of which one isn't known (null, undefined, NaN) are left out.
 * @throws GraphError 'invalid-data' for lists of different lengths, or without a sample that is known in both.
 * @example
 * console.log(adjustedRandIndex(['x', 'x', 'y', 'y'], [1, 1, 1, 2])); // 0
 * @see Hubert & Arabie 1985, eq. 5.
 */
export function adjustedRandIndex(a: ArrayLike<Label>, b: ArrayLike<Label>): number {
  const { table, rows, cols, n } = contingency('adjustedRandIndex', a, b);
  const pairs = (counts: Iterable<number>) => {
    let sum = 0;
    for (const x of counts) sum += (x * (x - 1)) / 2;
    return sum;
  };
  const [both, left, right, all] = [pairs(table.values()), pairs(rows.values()), pairs(cols.values()), pairs([n])];
  const expected = all === 0 ? 0 : (left * right) / all;
  const most = (left + right) / 2;
  return most === expected ? 1 : (both - expected) / (most - expected);
}

/**
 * What two clusterings tell of each other, as a share of what they tell: with shares p_ab, p_a, p_b of the samples,
 *
 *   NMI = Σ p_ab · ln(p_ab / (p_a·p_b)) / (½·(E_a + E_b)),   E_a = −Σ p_a · ln p_a,
 *
 * in [0, 1], 1 where they are the same up to names. It isn't corrected for chance: many small clusters raise it. 1 where both
 * have one cluster only, 0 where one of them has.
 *
 * @param a One label for each sample; samples of which one isn't known (null, undefined, NaN) are left out.
 * @throws GraphError 'invalid-data' for lists of different lengths, or without a sample that is known in both.
 * @example
 * console.log(normalizedMutualInformation(['x', 'x', 'y', 'y'], [1, 1, 1, 2])); // 0.344
 * @see Strehl & Ghosh 2002; of its means the arithmetic one (Vinh, Epps & Bailey 2010).
 */
export function normalizedMutualInformation(a: ArrayLike<Label>, b: ArrayLike<Label>): number {
  const { table, rows, cols, n } = contingency('normalizedMutualInformation', a, b);
  if (rows.size === 1 && cols.size === 1) return 1;
  if (rows.size === 1 || cols.size === 1) return 0;
  const entropy = (counts: Iterable<number>) => {
    let sum = 0;
    for (const x of counts) sum -= (x / n) * Math.log(x / n);
    return sum;
  };
  const [left, right] = [entropy(rows.values()), entropy(cols.values())];
  const shared = left + right - entropy(table.values());
  return Math.min(1, Math.max(0, (2 * shared) / (left + right)));
}

/** How many samples are in each pair of clusters, and in each cluster. */
interface Contingency {
  readonly table: ReadonlyMap<string, number>;
  readonly rows: ReadonlyMap<number, number>;
  readonly cols: ReadonlyMap<number, number>;
  readonly n: number;
}

function contingency(at: string, a: ArrayLike<Label>, b: ArrayLike<Label>): Contingency {
  const args = reading(at);
  const left = readLabels(args, 'a', a, undefined);
  const right = readLabels(args, 'b', b, left?.of.length);
  if (left !== undefined && right !== undefined && !Array.from(left.of).some((r, j) => r >= 0 && right.of[j] >= 0))
    args.refuse('a and b', 'known in both for some sample', 'none that is');
  const [one, other] = [args.done(left).of, args.done(right).of];
  const [table, rows, cols] = [new Map<string, number>(), new Map<number, number>(), new Map<number, number>()];
  let n = 0;
  for (let j = 0; j < one.length; j++) {
    if (one[j] < 0 || other[j] < 0) continue;
    n++;
    count(table, `${one[j]} ${other[j]}`);
    count(rows, one[j]);
    count(cols, other[j]);
  }
  return { table, rows, cols, n };
}

const count = <K>(counts: Map<K, number>, key: K) => counts.set(key, (counts.get(key) ?? 0) + 1);
