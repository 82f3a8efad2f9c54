import { describe, expect, test } from 'vitest';
import { factorInput, factorNet, nmfLayer, simulateNmf, simulateSwimmer } from '../../src/index.js';
import { column, row } from '../../src/matrix.js';
import { issuesOf } from '../support/issues.js';
import { multiply } from '../support/matrices.js';

const mean = (list: ArrayLike<number>) => Array.from(list).reduce((sum, x) => sum + x, 0) / list.length;

describe('simulateNmf', () => {
  const size = { rows: 40, cols: 30, k: 4 };

  test('is W·H to the bit without noise, and the same again', () => {
    const { X, W, H } = simulateNmf({ ...size, seed: 3 });
    expect([W.rows, W.cols, H.rows, H.cols]).toEqual([40, 4, 4, 30]);
    expect(X.data).toEqual(multiply(W, H).data);
    expect(simulateNmf({ ...size, seed: 3 })).toEqual({ X, W, H });
    expect(simulateNmf({ ...size, seed: 4 }).W.data).not.toEqual(W.data);
    expect(simulateNmf(size)).toEqual(simulateNmf({ ...size, noise: 0, dropout: 0, seed: 0 }));
  });

  test('factors are exponential with mean 1: half lie below ln 2', () => {
    const { W, H } = simulateNmf({ rows: 500, cols: 500, k: 10 });
    for (const { data } of [W, H]) {
      expect(data.every((x) => x > 0)).toBe(true);
      expect(mean(data)).toBeCloseTo(1, 1);
      expect(mean(data.map((x) => Number(x < Math.LN2)))).toBeCloseTo(0.5, 1);
    }
    expect(W.data.subarray(0, 100)).not.toEqual(H.data.subarray(0, 100));
  });

  test('noise is a share of the mean and leaves W and H as they are; nothing is below zero', () => {
    const plain = simulateNmf({ ...size, rows: 300 });
    const noisy = simulateNmf({ ...size, rows: 300, noise: 0.05 });
    expect([noisy.W, noisy.H]).toEqual([plain.W, plain.H]);
    const off = noisy.X.data.map((x, p) => x - plain.X.data[p]);
    expect(Math.sqrt(mean(off.map((x) => x * x))) / mean(plain.X.data)).toBeCloseTo(0.05, 2);
    expect(mean(off) / mean(plain.X.data)).toBeCloseTo(0, 2);
    expect(simulateNmf({ ...size, noise: 3 }).X.data.every((x) => x >= 0)).toBe(true);
  });

  test('dropout makes its share of entries zero and leaves the others', () => {
    const [plain, dropped] = [simulateNmf(size), simulateNmf({ ...size, dropout: 0.3 })];
    expect(mean(dropped.X.data.map((x) => Number(x === 0)))).toBeCloseTo(0.3, 1);
    dropped.X.data.forEach((x, p) => {
      if (x !== 0) expect(x).toBe(plain.X.data[p]);
    });
  });

  test.each([
    ['rows', 0],
    ['cols', 1.5],
    ['k', 0],
    ['noise', -1],
    ['noise', Number.NaN],
    ['dropout', 1],
    ['dropout', -0.1],
    ['seed', -1],
  ])('refuses %s of %s', (option, value) => {
    expect(issuesOf(() => simulateNmf({ ...size, [option]: value }))).toMatchObject([
      { code: 'invalid-option', option },
    ]);
  });

  test('refuses what no array holds', () => {
    expect(() => simulateNmf({ rows: 1e6, cols: 1e6, k: 1 })).toThrow(
      /rows and cols of simulateNmf must be of a product below 2³²/,
    );
  });
});

describe('simulateSwimmer', () => {
  const { X, W, H, limbs } = simulateSwimmer();

  test('256 different images of 32 × 32 in zeros and ones', () => {
    expect([X.rows, X.cols, W.cols, H.rows]).toEqual([1024, 256, 17, 17]);
    expect(new Set(X.data)).toEqual(new Set([0, 1]));
    expect(new Set(Array.from({ length: 256 }, (_, j) => column(X, j).join(''))).size).toBe(256);
    expect(X.data).toEqual(multiply(W, H).data);
  });

  test('no two parts share a pixel, limbs have as many and keep off the border', () => {
    const shown = Array.from({ length: 1024 }, (_, i) => row(W, i).reduce((sum, x) => sum + x, 0));
    expect(Math.max(...shown)).toBe(1);
    const counts = Array.from({ length: 17 }, (_, r) => column(W, r).reduce((sum, x) => sum + x, 0));
    expect(counts).toEqual([28, ...new Array<number>(16).fill(6)]);
    shown.forEach((x, i) => {
      if ([0, 31].includes(i % 32) || [0, 31].includes(Math.floor(i / 32))) expect(x).toBe(0);
    });
  });

  test('the figure is one piece, and as wide on the left as on the right', () => {
    const positions = (image: number) =>
      [limbs.leftArm, limbs.rightArm, limbs.leftLeg, limbs.rightLeg].map((own) => own[image]);
    for (let image = 0; image < 256; image++) {
      const on = new Set(Array.from(column(X, image).keys()).filter((i) => column(X, image)[i] === 1));
      const reached = [on.values().next().value ?? -1];
      const seen = new Set(reached);
      for (const i of reached)
        for (const step of [-33, -32, -31, -1, 1, 31, 32, 33])
          if (on.has(i + step) && !seen.has(i + step)) {
            seen.add(i + step);
            reached.push(i + step);
          }
      expect(seen.size).toBe(28 + 4 * 6);
      // Its mirror image has the limbs exchanged.
      const [a, b, c, d] = positions(image);
      const mirror = Array.from({ length: 256 }, (_, j) => j).find((j) => positions(j).join() === [b, a, d, c].join());
      const turned = column(X, image).map((_, i) => column(X, image)[32 * Math.floor(i / 32) + 31 - (i % 32)]);
      expect(turned).toEqual(column(X, mirror ?? -1));
    }
  });

  test('H and the labels say which parts an image shows', () => {
    const names = ['leftArm', 'rightArm', 'leftLeg', 'rightLeg'] as const;
    for (let image = 0; image < 256; image++) {
      const parts = [0, ...names.map((name, limb) => 1 + 4 * limb + limbs[name][image])];
      expect(Array.from(column(H, image).keys()).filter((r) => column(H, image)[r] === 1)).toEqual(parts);
    }
    for (const name of names)
      expect([0, 1, 2, 3].map((p) => limbs[name].filter((x) => x === p).length)).toEqual([64, 64, 64, 64]);
  });

  test('noise comes again by seed', () => {
    const noisy = simulateSwimmer({ noise: 0.2, seed: 1 });
    expect(noisy.X.data).toEqual(simulateSwimmer({ noise: 0.2, seed: 1 }).X.data);
    expect(noisy.X.data).not.toEqual(simulateSwimmer({ noise: 0.2, seed: 2 }).X.data);
    expect(noisy.X.data.every((x) => x >= 0)).toBe(true);
    expect(issuesOf(() => simulateSwimmer({ noise: -1 }))).toMatchObject([{ option: 'noise' }]);
  });

  test('an NMF of 17 factors explains it', async () => {
    const layer = nmfLayer(factorInput(X, { name: 'x' }), { name: 'a', k: 17, maxIter: 300 });
    const { summary } = await factorNet(layer, { seed: 1 }).fit();
    expect(summary.inputs.x.explained).toBeGreaterThan(0.95);
  });
});
