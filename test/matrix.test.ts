import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { column, GraphError, row, toRows } from '../src/index.js';
import { lowRank } from './support/matrices.js';

const matrix = lowRank(3, 4, 2, 1);

describe('rows and columns of a matrix', () => {
  test('are those of its entries', () => {
    const rows = toRows(matrix);
    for (const i of [0, 1, 2]) expect(Array.from(row(matrix, i))).toEqual(rows[i]);
    for (const j of [0, 1, 2, 3]) expect(Array.from(column(matrix, j))).toEqual(rows.map((own) => own[j]));
  });

  // The data go on past the end of a row: without a look it would be the one of other samples.
  test('one that is not there is refused', () => {
    const outside = (count: number) =>
      fc.oneof(fc.integer({ max: -1 }), fc.integer({ min: count }), fc.constantFrom(0.5, Number.NaN, Infinity));
    fc.assert(fc.property(outside(3), (i) => { expect(() => row(matrix, i)).toThrow(GraphError); })); // biome-ignore format: one thought;
    fc.assert(fc.property(outside(4), (j) => { expect(() => column(matrix, j)).toThrow(GraphError); })); // biome-ignore format: one thought;
    expect(() => row(matrix, 3)).toThrow('i of row must be a whole number from 0 to 2; got 3 (at row).');
    expect(() => column(matrix, 4)).toThrow('j of column must be a whole number from 0 to 3; got 4 (at column).');
  });
});
