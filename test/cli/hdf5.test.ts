import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { columnsAt, inGroups } from '../../src/cli/groups.js';
import { readMatrix } from '../../src/index.js';
import { dense, toDense } from '../../src/matrix.js';
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
    stderr: expect.stringMatching(/the layer 'spliced'; got counts, dense, raw[\s\S]*--from-layer/),
  });
  expect((await cli(['convert', 'ranger2.h5', 'hg19.mtx', '--array', 'hg19'])).code).toBe(0);
  expect(toDense(await readMatrix(join(folder, 'hg19.mtx')))).toMatchObject({ rows: 4, cols: 6 });
  const fit = await cli(['fit', '-i', 'rna=layers.h5ad', '-k', '2', '--name', 'nmf', '--max-iter', '3', '--seed', '1', '-o', 'fit.safetensors', '--factors', 'factors', '--factors-format', 'csv', '--no-checkpoint']); // biome-ignore format: one thought
  expect(fit).toMatchObject({ code: 0 });
  // Named on both sides: elsewhere the first line of a table is taken for names.
  const factors = ['factor 0', 'factor 1'];
  const cells = ['cell 0', 'cell 1', 'cell 2', 'cell 3', 'cell 4', 'cell 5'];
  expect(await readMatrix(join(folder, 'factors/nmf.W.csv'))).toMatchObject({ rowNames: ['gène A', 'B', 'C'], colNames: factors }); // biome-ignore format: one thought
  expect(await readMatrix(join(folder, 'factors/nmf.H.csv'))).toMatchObject({ rowNames: factors, colNames: cells });
  expect(await readMatrix(join(folder, 'factors/nmf.d.csv'))).toMatchObject({ rowNames: ['d'], colNames: factors });
  const project = async (...args: readonly string[]) =>
    cli(['project', 'fit.safetensors', '-i', 'rna=layers.h5ad', ...args]);
  expect(await project('-o', 'new.csv')).toMatchObject({ code: 0, stderr: 'wrote new.csv: nmf, 2 × 6\n' });
  expect(await readMatrix(join(folder, 'new.csv'))).toMatchObject({ rowNames: factors, colNames: cells });
  await drawn();
});

/** Pictures of a fit whose samples are in groups, told by the file of data, or by a table in another order. */
async function drawn(): Promise<void> {
  writeFileSync(join(folder, 'cells.csv'), 'cell,kind\ncell 5,b\ncell 4,a\ncell 3,b\ncell 1,a\ncell 0,b\n');
  const plot = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await cli(['plot', ...args, '--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return JSON.parse(stdout);
  };
  const scatter = await plot('scatter', 'fit.safetensors', '--groups', 'kind=cells.csv');
  expect(scatter).toEqual(await plot('scatter', 'fit.safetensors', '--groups', 'kind=layers.h5ad'));
  expect(JSON.stringify(scatter)).toContain('"domain":["b","a","(unknown)"]');
  expect(JSON.stringify(await plot('embedding', 'fit.safetensors', '--groups', 'kind=cells.csv'))).toContain('"kind"');
  expect(JSON.stringify(await plot('composition', 'fit.safetensors', '--groups', 'kind=cells.csv'))).toContain('"b"');
  const page = ['report', 'fit.safetensors', '--groups', 'kind=cells.csv', '-o', 'fit.html'];
  expect(await cli(page)).toMatchObject({ code: 0 });
  expect(readFileSync(join(folder, 'fit.html'), 'utf8')).toContain('What the samples of each group are made of.');
  const refused = async (said: RegExp, ...args: readonly string[]) =>
    expect(await cli(args)).toMatchObject({ code: 2, stderr: expect.stringMatching(said) });
  await refused(/must be given --groups/, 'plot', 'composition', 'fit.safetensors');
  await refused(/one of embedding, scatter, composition; got it for loss/, 'plot', 'loss', 'fit.safetensors', '--groups', 'kind=cells.csv'); // biome-ignore format: one thought
  await refused(/column=file/, 'plot', 'scatter', 'fit.safetensors', '--groups', 'cells.csv');
}

test('columns of H are put side by side by their groups', () => {
  expect(inGroups(['b', null, 'a', 'b', 'a'])).toEqual([0, 3, 2, 4, 1]);
  const H = dense(2, 3, Float64Array.of(1, 2, 3, 4, 5, 6));
  expect(columnsAt(H, [2, 0, 1])).toEqual(dense(2, 3, Float64Array.of(5, 6, 1, 2, 3, 4)));
});
