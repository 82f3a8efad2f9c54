import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readMatrix } from '../../src/index.js';
import { toDense } from '../../src/matrix.js';
import { commandLine } from '../support/cli.js';
import { unpackHdf5 } from '../support/hdf5-files.js';

const folder = mkdtempSync(join(tmpdir(), 'factorloom-'));
const { cli, tidy } = commandLine(folder);
unpackHdf5(folder);
afterAll(() => {
  tidy();
  rmSync(folder, { recursive: true });
});

test('files of AnnData and 10x are inspected, converted and fitted', async () => {
  const facts = await cli(['inspect', 'layers.h5ad', '--from-layer', 'raw', '--json']);
  expect(facts.stderr).toBe('');
  expect(JSON.parse(facts.stdout)).toMatchObject({ format: 'hdf5', rows: 4, cols: 6, colNames: ['cell 0', 'cell 1', 'cell 2', 'cell 3', 'cell 4', 'cell 5'] }); // biome-ignore format: one thought
  const none = await cli(['inspect', 'layers.h5ad', '--from-layer', 'spliced']);
  expect(none).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("the layer 'spliced'; got counts, dense, raw"),
  });
  expect((await cli(['convert', 'ranger2.h5', 'hg19.mtx', '--array', 'hg19'])).code).toBe(0);
  expect(toDense(await readMatrix(join(folder, 'hg19.mtx')))).toMatchObject({ rows: 4, cols: 6 });
  const fit = await cli(['fit', '-i', 'rna=layers.h5ad', '-k', '2', '--max-iter', '3', '--factors', 'factors', '--factors-format', 'csv', '--no-checkpoint']); // biome-ignore format: one thought
  expect(fit).toMatchObject({ code: 0 });
  expect((await readMatrix(join(folder, 'factors/layer.W.csv'))).rowNames).toEqual(['gène A', 'B', 'C']);
});
