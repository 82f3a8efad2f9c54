import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Kernels } from '../../src/kernels/kernels.js';
import type { Floats } from '../../src/matrix.js';
import type { Look } from '../../src/matrix-check.js';

/** Zeros, ordinary numbers, and what a careless look takes for something else. */
const odd = [-0, -2, 5e-324, -5e-324, 3e-45, 1e300, -1e300, Number.NaN, Infinity, -Infinity];
const numbers = fc
  .record({
    length: fc.integer({ min: 0, max: 40_000 }),
    every: fc.integer({ min: 1, max: 9 }),
    put: fc.array(fc.tuple(fc.nat(40_000), fc.constantFrom(...odd)), { maxLength: 3 }),
    narrow: fc.boolean(),
  })
  .map(({ length, every, put, narrow }): Floats => {
    const values = Float64Array.from({ length }, (_, p) => p % every);
    for (const [at, x] of put) if (at < length) values[at] = x;
    return narrow ? Float32Array.from(values) : values;
  });

function definition(values: Floats): Look {
  const place = (wanted: (x: number) => boolean) => {
    const at = values.findIndex(wanted);
    return at < 0 ? undefined : at;
  };
  const infinite = place((x) => Math.abs(x) === Infinity);
  if (infinite !== undefined)
    return { infinite, missing: undefined, gaps: 0, negative: undefined, largest: 0, zeros: 0 };
  const numbers = Array.from(values).filter((x) => !Number.isNaN(x));
  return {
    infinite,
    missing: place(Number.isNaN),
    gaps: values.length - numbers.length,
    negative: place((x) => x < 0),
    largest: numbers.reduce((most, x) => Math.max(most, Math.abs(x)), 0),
    zeros: numbers.filter((x) => x === 0).length,
  };
}

export function lookLaws(name: string, kernels: Kernels): void {
  describe(`${name}: a look`, () => {
    test('tells what the numbers are', () => {
      fc.assert(
        fc.property(numbers, (values) => {
          expect(kernels.look(values)).toStrictEqual(definition(values));
        }),
      );
    });

    test('sees a part of a longer array, and shared memory', () => {
      const whole = Float64Array.from({ length: 1200 }, (_, p) => (p < 100 ? Number.NaN : 1200 - p));
      expect(kernels.look(whole.subarray(100))).toStrictEqual(definition(whole.subarray(100)));
      const shared = new Float64Array(new SharedArrayBuffer(8 * 1200));
      shared.set(whole);
      expect(kernels.look(shared)).toStrictEqual(definition(whole));
    });
  });
}
