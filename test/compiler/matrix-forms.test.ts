import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compile } from '../../src/compiler/compile.js';
import { factorCondition, factorInput, type MatrixInput, nmfLayer } from '../../src/index.js';
import { entry, type Matrix, stackDense, storedBytes, storedValues, toCsc, toDense, turned } from '../../src/matrix.js';
import { examine } from '../../src/matrix-check.js';
import { toMatrix } from '../../src/matrix-input.js';
import { anyMatrix, everyForm, uniform } from '../support/matrices.js';

const read = (input: unknown, samplesByFeatures = false): Matrix => {
  const matrix = toMatrix(input, samplesByFeatures);
  if (matrix.kind === 'unusable') throw new Error(`${matrix.rule}; got ${matrix.got}`);
  return matrix;
};
const rowsOf = (matrix: Matrix) =>
  Array.from({ length: matrix.rows }, (_, i) => Array.from({ length: matrix.cols }, (_, j) => entry(matrix, i, j)));
const six = [1, 2, 3, 4, 5, 6];
const table = [
  [1, 2, 3],
  [4, 5, 6],
];

describe('one matrix in every form', () => {
  test('has the same entries, stacked, written out, and with its zeros left out', () => {
    fc.assert(
      fc.property(anyMatrix, (matrix) => {
        const forms = everyForm(toDense(matrix));
        const [first] = forms;
        for (const form of forms) {
          expect(rowsOf(form)).toEqual(rowsOf(first));
          expect(toDense(form)).toEqual(toDense(first));
          expect(rowsOf(toCsc(form))).toEqual(rowsOf(first));
          expect(stackDense([form, first])).toEqual(stackDense([first, first]));
          expect(read(form)).toEqual(form.kind === 'dense' ? { order: 'columns', ...form } : form);
          expect(rowsOf(read(form, true))).toEqual(rowsOf(turned(toDense(first))));
        }
      }),
    );
  });

  test('is examined with places that are its own', () => {
    const A = uniform(4, 3, 1);
    A.data[1 + 2 * 4] = -7;
    for (const form of everyForm(A)) {
      expect(examine(form)).toMatchObject({
        infinite: undefined,
        missing: 0,
        negative: { row: 1, col: 2, value: -7 },
        largest: 7,
      });
      expect(storedBytes(form)).toBe(storedValues(form).byteLength + (form.kind === 'csc' ? 4 * (12 + 4) : 0));
    }
    A.data[3 + 1 * 4] = Number.NaN;
    for (const form of everyForm(A))
      expect(examine(form)).toMatchObject({ gap: { row: 3, col: 1, value: Number.NaN }, missing: 1 });
    A.data[0] = Number.POSITIVE_INFINITY;
    for (const form of everyForm(A)) expect(examine(form).infinite).toEqual({ row: 0, col: 0, value: Infinity });
  });
});

describe('data is taken as it is', () => {
  const wide = Float64Array.from(six);
  const narrow = Float32Array.from(six);
  const longer = Float32Array.from([0, 0, ...six, 0]);
  const columns = Float64Array.from([1, 4, 2, 5, 3, 6]);

  const taken: readonly [string, unknown, Float64Array | Float32Array][] = [
    ['dense, f64', { rows: 2, cols: 3, data: columns }, columns],
    ['dense, rows, f64', { rows: 2, cols: 3, order: 'rows', data: wide }, wide],
    ['dense, rows, f32', { kind: 'dense', rows: 2, cols: 3, order: 'rows', data: narrow }, narrow],
    ['ndarray, rows, f32', { shape: [2, 3], stride: [3, 1], offset: 0, data: narrow }, narrow],
    ['ndarray without strides', { shape: [2, 3], data: wide }, wide],
    ['ndarray, columns', { shape: [2, 3], strides: [1, 2], data: columns }, columns],
    ['a part of an ndarray', { shape: [2, 3], stride: [3, 1], offset: 2, data: longer }, longer],
  ];
  test.each(taken)('%s', (_, input, data) => {
    const matrix = read(input);
    expect(rowsOf(matrix)).toEqual(table);
    expect(storedValues(matrix).buffer).toBe(data.buffer);
    expect(storedValues(matrix).constructor).toBe(data.constructor);
    const other = read(input, true);
    expect(rowsOf(turned(toDense(other)))).toEqual(table);
    expect(storedValues(other).buffer).toBe(data.buffer);
  });

  test('sparse arrays too, with values of either width', () => {
    for (const values of [Float64Array.of(5, 6), Float32Array.of(5, 6)]) {
      const csc = {
        kind: 'csc',
        rows: 2,
        cols: 2,
        indptr: Uint32Array.of(0, 1, 2),
        indices: Uint32Array.of(1, 0),
        values,
      };
      const matrix = read(csc);
      expect(matrix).toMatchObject({ indptr: csc.indptr, indices: csc.indices, values });
      expect(storedValues(matrix)).toBe(values);
      expect(storedValues(read(csc, true)).constructor).toBe(values.constructor);
    }
  });

  test('what has one row or one column is in both orders', () => {
    expect(read({ shape: [1, 6], stride: [99, 1], data: wide })).toMatchObject({ order: 'columns' });
    expect(storedValues(read({ shape: [6, 1], stride: [1, 99], data: wide })).buffer).toBe(wide.buffer);
  });

  test('a graph binds it as it is', () => {
    const x = factorInput({ rows: 3, cols: 2, order: 'rows', data: narrow }, { name: 'x' });
    const turnedOver = { orientation: 'samples-by-features' } as const;
    const y = factorInput({ rows: 2, cols: 3, data: wide }, { name: 'y', ...turnedOver });
    const { bindings } = compile(
      nmfLayer(factorCondition(x, { rows: 1, cols: 2, data: wide.subarray(2, 4) }), { name: 'a', k: 1 }).node,
    );
    expect([...bindings.values()].map((matrix) => storedValues(matrix).buffer)).toEqual([narrow.buffer, wide.buffer]);
    const [bound] = compile(nmfLayer(y, { name: 'a', k: 1 }).node).bindings.values();
    expect(storedValues(bound).buffer).toBe(wide.buffer);
    expect(bound).toMatchObject({ rows: 3, cols: 2, order: 'rows' });
  });
});

test('anything else is copied into 64 bits', () => {
  const copied: readonly MatrixInput[] = [
    { rows: 2, cols: 3, order: 'rows', data: six },
    { rows: 2, cols: 3, order: 'rows', data: Int16Array.from(six) },
    { shape: [2, 3], data: Uint8Array.from(six) },
    { shape: [2, 3], stride: [-3, -1], offset: 5, data: Float32Array.from(six.toReversed()) },
    table.map((row) => Float32Array.from(row)),
  ];
  for (const input of copied) {
    expect(rowsOf(read(input))).toEqual(table);
    expect(storedValues(read(input))).toBeInstanceOf(Float64Array);
  }
});

test('an order is one of two', () => {
  expect(toMatrix({ rows: 2, cols: 3, order: 'C', data: six })).toMatchObject({
    rule: "of order 'columns' or 'rows'",
    got: "'C'",
  });
});

describe('what is no CSC matrix is told why', () => {
  const parts = { rows: 2, cols: 1, indptr: [0, 1], indices: [0], values: [1] };
  test.each([
    ['64-bit indices', { ...parts, kind: 'csc', indices: BigInt64Array.of(0n) }, 'indices is a BigInt64Array'],
    ['rows first', { ...parts, kind: 'csr' }, "kind 'csr'"],
    ["scipy's name", { ...parts, kind: 'csc', values: undefined, data: [1] }, "values missing (scipy's data are"],
    ['no kind', parts, 'an object with rows, cols, indptr, indices, values'],
  ])('%s', (_, input, got) => {
    const found = toMatrix(input);
    expect(found).toMatchObject({ kind: 'unusable', got: expect.stringContaining(got) });
  });
});
