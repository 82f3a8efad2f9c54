import { expect, test } from 'vitest';
import {
  crossValidateGraph,
  type FactorRef,
  factorConcat,
  factorInput,
  nmfLayer,
  type SweepRow,
} from '../../src/index.js';
import { dense } from '../../src/matrix.js';
import { lowRank, uniform } from '../support/matrices.js';

// So much noise that fits of high rank soon learn it.
const noise = uniform(30, 24, 60);
const X = dense(30, 24, lowRank(30, 24, 2, 1).data.map((z, p) => z + 0.6 * noise.data[p])); // biome-ignore format: one thought
const x = factorInput(X, { name: 'x' });
const fine = nmfLayer(x, { name: 'fine', k: 8 });
/** Graphs of which no layer takes more than so many iterations. */
const graphs: readonly (readonly [string, (k: number, most: number) => FactorRef])[] = [
  ['one layer', (k) => nmfLayer(x, { name: 'a', k })],
  ['a layer that points share, and one on it', (k) => nmfLayer(fine, { name: 'top', k })],
  [
    'two at the top, one with few iterations',
    (k, most) => factorConcat(nmfLayer(x, { name: 'a', k, maxIter: Math.min(12, most) }), fine),
  ],
];
const base = { params: { k: [2, 6, 9] }, reps: 2, seed: 3, testFraction: 0.2 };
const config = { maxIter: 60, tol: 0 };

/** A row without what is not the same each time, or not said alike. */
const bare = (row: SweepRow<object>) => {
  const { seconds: _, budget: __, ...rest } = row;
  return row.error === null ? { ...rest, looks: [] } : rest;
};
/** What was found on the way. */
const looksOf = (row: SweepRow<object>) => (row.error === null ? row.looks : []);

test.each(graphs)('keeps the best iterate of those that are looked at, to the bit: %s', async (_, make) => {
  const layerFn = ({ k }: { k: number }) => make(k, 60);
  const stopped = await crossValidateGraph({ ...base, config, layerFn, earlyStopping: { every: 4, patience: 3 } });
  // By hand: each look is a sweep with fewer iterations.
  const looks: (typeof stopped)[] = [];
  for (let maxIter = 4; maxIter <= 60; maxIter += 4)
    looks.push(
      await crossValidateGraph({ ...base, config: { ...config, maxIter }, layerFn: ({ k }) => make(k, maxIter) }),
    );
  let early = 0;
  for (const [at, row] of stopped.rows.entries()) {
    const losses = looks.map(({ rows }) => (rows[at].error === null ? rows[at].testLoss : Infinity));
    let best = 0;
    for (let look = 1, idle = 0; look < losses.length && idle < 3; look++) {
      if (losses[look] < losses[best]) [best, idle] = [look, 0];
      else idle++;
    }
    expect(bare(row)).toEqual(bare(looks[best].rows[at]));
    // Each look is what the sweep with so many iterations has found.
    expect(looksOf(row)).toEqual(
      looks.slice(0, looksOf(row).length).map(({ rows }, look) => {
        const { error, testLoss, trainLoss } = { testLoss: 0, trainLoss: 0, ...rows[at] };
        expect(error).toBeNull();
        return { iteration: 4 * (look + 1), testLoss, trainLoss };
      }),
    );
    expect(looksOf(row).length).toBe(Math.min(looks.length, best + 4));
    if (best < losses.length - 1) early++;
  }
  expect(early).toBeGreaterThan(0);
  expect(stopped.rows.every(({ budget }) => budget === null)).toBe(true);
  const whole = await crossValidateGraph({ ...base, config, layerFn });
  expect(whole.rows.flatMap(looksOf)).toEqual([]);
  for (const [at, row] of stopped.rows.entries()) {
    const other = whole.rows[at];
    if (row.error !== null || other.error !== null) throw new Error('rows that were fitted');
    expect(row.iterations).toBeLessThanOrEqual(other.iterations);
  }
  const again = await crossValidateGraph({
    ...base,
    params: { k: [9, 2, 6] },
    config,
    layerFn,
    workers: 3,
    earlyStopping: { every: 4, patience: 3 },
  });
  const byName = (rows: readonly SweepRow<object>[]) =>
    rows.map((row) => JSON.stringify({ ...bare(row), looks: looksOf(row), point: 0 })).sort();
  expect(byName(again.rows)).toEqual(byName(stopped.rows));
});

test('goes on from look to look instead of beginning again', async () => {
  const layerFn = ({ k }: { k: number }) => nmfLayer(x, { name: 'a', k });
  const options = { ...base, params: { k: [3] }, reps: 1, config, layerFn };
  const whole = await crossValidateGraph(options);
  const looked = await crossValidateGraph({ ...options, earlyStopping: { every: 10, patience: 99 } });
  // Sixty iterations, and one more for each of the looks but the first.
  expect(looked.work.multiplyAdds).toBe((whole.work.multiplyAdds / 60) * 65);
  const [row] = looked.rows;
  if (row.error !== null) throw new Error('a row that was fitted');
  expect(row.iterations % 10).toBe(0);
});

test('ends with the fits, and says what it does', async () => {
  const layerFn = ({ k }: { k: number }) => nmfLayer(x, { name: 'a', k });
  const options = { ...base, params: { k: [1] }, reps: 1, config: { maxIter: 500, tol: 1e-3 }, layerFn };
  const whole = await crossValidateGraph(options);
  const looked = await crossValidateGraph({ ...options, earlyStopping: { every: 7, patience: 99 } });
  const [row, other] = [looked.rows[0], whole.rows[0]];
  if (row.error !== null || other.error !== null) throw new Error('rows that were fitted');
  expect(row.testLoss).toBeLessThanOrEqual(other.testLoss);
  const { graphSweep } = await import('../../src/index.js');
  expect(graphSweep({ ...options, earlyStopping: {} }).explain()).toContain(
    'look every 5 iterations, end after 4 looks',
  );
});
