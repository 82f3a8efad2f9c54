import { expect, test } from 'vitest';
import { fillUniform } from '../../src/runtime/rng.js';
import { randomStart } from '../../src/runtime/starts.js';

const draw = (count: number, seed: number, stream: number, from = 0): Float64Array => {
  const out = new Float64Array(count);
  fillUniform(out, seed, stream, from);
  return out;
};

test('a number depends on seed, stream and position alone', () => {
  const all = draw(1000, 7, 3);
  expect(draw(10, 7, 3, 500)).toEqual(all.subarray(500, 510));
  expect(draw(5, 7, 3, 2 ** 32)).not.toEqual(draw(5, 7, 3, 0));
});

test('the numbers are those of version 1', () => {
  expect([...draw(3, 1, 0), ...draw(2, 2 ** 52, 9)]).toMatchInlineSnapshot(`
    [
      0.5804624744923785,
      0.4060205885907635,
      0.31421274913009256,
      0.8141269906191155,
      0.12233320891391486,
    ]
  `);
});

test('uniform on (0, 1), and seeds and streams are not correlated', () => {
  const n = 100_000;
  const pairs = [
    [1, 0],
    [2, 0],
    [1, 1],
    [1, 4],
    [2 ** 32 + 1, 0],
    [0, 0],
  ] as const;
  const streams = pairs.map(([seed, stream]) => draw(n, seed, stream));
  for (const values of streams) {
    expect(values.every((x) => x > 0 && x < 1)).toBe(true);
    // Five standard errors each: of a mean, and of counts in 64 bins.
    expect(Math.abs(values.reduce((sum, x) => sum + x, 0) / n - 0.5)).toBeLessThan(
      (5 * Math.sqrt(1 / 12)) / Math.sqrt(n),
    );
    const bins = new Float64Array(64);
    for (const x of values) bins[Math.floor(64 * x)]++;
    for (const count of bins) expect(Math.abs(count - n / 64)).toBeLessThan(5 * Math.sqrt(n / 64));
    const next = values.subarray(1).reduce((sum, x, i) => sum + (x - 0.5) * (values[i] - 0.5), 0) * (12 / n);
    expect(Math.abs(next)).toBeLessThan(5 / Math.sqrt(n));
  }
  for (const [i, a] of streams.entries()) {
    for (const b of streams.slice(i + 1)) {
      const correlation = a.reduce((sum, x, p) => sum + (x - 0.5) * (b[p] - 0.5), 0) * (12 / n);
      expect(Math.abs(correlation)).toBeLessThan(5 / Math.sqrt(n));
    }
  }
});

test('a long start is the same as a short one continued, and the loop turns meanwhile', async () => {
  let turned = false;
  setImmediate(() => {
    turned = true;
  });
  const { W } = await randomStart(1 << 20, 1, 1, 3, 2);
  expect(turned).toBe(true);
  expect(W.data.subarray(600_000, 600_010)).toEqual(draw(10, 3, 8, 600_000));
});
