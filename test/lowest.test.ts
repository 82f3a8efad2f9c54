import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { lowest } from '../src/lowest.js';

// Few and many are found in two ways.
test.prop([fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 1, maxLength: 90 }), fc.nat({ max: 100 }), fc.nat()])(
  'the places of the lowest numbers but one, in order, of equals the first',
  (numbers, most, place) => {
    const but = place % numbers.length;
    const sorted = numbers
      .map((x, i) => ({ x, i }))
      .filter(({ i }) => i !== but)
      .sort((a, b) => a.x - b.x || a.i - b.i);
    expect(lowest(Float64Array.from(numbers), most + 1, but)).toEqual(sorted.slice(0, most + 1).map(({ i }) => i));
  },
);
