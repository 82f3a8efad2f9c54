import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fc, test as property } from '@fast-check/vitest';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { IoError, inspectFile, writeMatrix } from '../../src/index.js';
import { toCsc } from '../../src/matrix.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'factorloom-'));
});
afterAll(() => rm(folder, { recursive: true }));

const value = fc.oneof(fc.constantFrom(0, -0, Number.NaN, 1, 7), fc.double({ min: -1e6, max: 1e6, noNaN: true }));
const matrices = fc
  .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }))
  .chain(([rows, cols]) =>
    fc.array(fc.array(value, { minLength: cols, maxLength: cols }), { minLength: rows, maxLength: rows }),
  );

property.prop([matrices, fc.boolean()], { numRuns: 40 })(
  'says what is in a matrix, dense or sparse, as counting by hand does',
  async (rows, sparse) => {
    const path = join(folder, sparse ? 'x.npz' : 'x.npy');
    const [m, n] = [rows.length, rows[0].length];
    const dense = { kind: 'dense', rows: m, cols: n, order: 'rows', data: Float64Array.from(rows.flat()) } as const;
    await writeMatrix(path, sparse ? toCsc(dense) : dense);
    const known = rows.flat().filter((x) => !Number.isNaN(x));
    const zeros = known.filter((x) => x === 0).length;
    const facts = await inspectFile(path);
    expect(facts).toMatchObject({
      ...{ path, format: sparse ? 'npz' : 'npy', rows: m, cols: n, storage: sparse ? 'sparse' : 'dense' },
      ...{ precision: 'f64', missing: m * n - known.length, zeros, rowLabels: [], colLabels: [] },
      counts: known.length > 0 && known.every((x) => x >= 0 && Number.isInteger(x)),
    });
    if (known.length === 0) expect(facts).toMatchObject({ sparsity: 0, smallest: null, largest: null, mean: null });
    else {
      // Of two zeros either may come out.
      expect(facts.smallest).toBeCloseTo(Math.min(...known), 12);
      expect(facts.largest).toBeCloseTo(Math.max(...known), 12);
      expect(facts.sparsity).toBe(zeros / known.length);
      expect(facts.mean).toBeCloseTo(known.reduce((sum, x) => sum + x, 0) / known.length, 6);
    }
  },
);

test('what is no file of data is refused as readMatrix refuses it', async () => {
  await expect(inspectFile(join(folder, 'none.npy'))).rejects.toThrow(IoError);
  await expect(inspectFile(folder)).rejects.toMatchObject({ code: 'not-read' });
});
