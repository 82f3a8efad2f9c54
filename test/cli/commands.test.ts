import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  crossValidateGraph,
  entry,
  environment,
  factorInput,
  factorNet,
  factorShared,
  inspectFile,
  loadFit,
  nmfLayer,
  type ReadMatrixOptions,
  readMatrix,
  saveGraph,
  simulateNmf,
  toRows,
  writeMatrix,
} from '../../src/index.js';
import { transpose } from '../../src/matrix.js';
import { commandLine, type Said } from '../support/cli.js';
import { hdf5At } from '../support/hdf5.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const rna = simulateNmf({ rows: 40, cols: 30, k: 3, noise: 0.1, seed: 1 }).X;
const atac = simulateNmf({ rows: 20, cols: 30, k: 3, dropout: 0.3, seed: 2 }).X;

let folder = '';
let program = '';
let cli: ReturnType<typeof commandLine>['cli'];
let tidy = () => {};
const at = (name: string) => join(folder, name);

const GRAPH = `import { factorShared, nmfLayer } from 'factorloom';
export const config = { seed: 7 };
export const graph = ({ rna, atac }) => nmfLayer(factorShared(rna, atac), { name: 'joint', k: 2 });
`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'factorloom-'));
  ({ cli, program, tidy } = commandLine(folder));
  await writeMatrix(at('rna.npy'), rna);
  await writeMatrix(at('atac.mtx.gz'), atac);
  await writeMatrix(at('turned.npy'), transpose(atac));
  await writeFile(at('graph.js'), GRAPH);
  await writeFile(at('twice.yaml'), 'a: 1\na: 2\n');
  await writeFile(
    at('sweep.ts'),
    `import { type InputExpr, nmfLayer } from 'factorloom';
    export const params = { k: [2, 3], L1: [0] };
    export default ({ rna }: { readonly rna: InputExpr<'rna'> }, { k, L1 }: { readonly k: number; readonly L1: number }) =>
      nmfLayer(rna, { name: 'parts', k, L1 });`,
  );
  await saveGraph(nmfLayer(factorInput(rna, { name: 'rna' }), { name: 'parts', k: 3 }), at('graph.json'), { seed: 2 });
  await saveGraph(nmfLayer(factorInput(rna, { name: 'rna' }), { name: 'parts', k: 3 }), at('graph.yml'), { seed: 2 });
}, 60_000);
afterAll(async () => {
  tidy();
  await rm(folder, { recursive: true });
});

async function rowsIn(name: string, options: ReadMatrixOptions = {}): Promise<readonly (readonly number[])[]> {
  const matrix = await readMatrix(at(name), options);
  return Array.from({ length: matrix.rows }, (_, i) =>
    Array.from({ length: matrix.cols }, (_, j) => entry(matrix, i, j)),
  );
}

const done = ({ code, stdout, stderr }: Said): string => {
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
};
const json = async (...args: readonly string[]) => JSON.parse(done(await cli([...args, '--json'])));

test('inspect says of files what inspectFile does; several at once; as text for people', async () => {
  const one = await inspectFile(at('rna.npy'));
  expect(await json('inspect', 'rna.npy')).toMatchObject({ rows: 40, cols: 30, mean: one.mean, largest: one.largest });
  const text = done(await cli(['inspect', 'rna.npy', 'atac.mtx.gz', '--orientation', 'samples-by-features']));
  expect(text).toMatch(/^rna\.npy\n {2}shape +30 features × 40 samples\n {2}format +npy, dense, f64\n/);
  expect(text).toMatch(/\n\natac\.mtx\.gz\n {2}shape +30 features × 20 samples\n/);
});

test('a folder of 10x is a file of data, with a stroke behind it too', async () => {
  await mkdir(at('tenx'));
  await writeFile(
    at('tenx/matrix.mtx'),
    '%%MatrixMarket matrix coordinate integer general\n3 2 3\n1 1 4\n2 2 7\n3 2 1\n',
  );
  await writeFile(at('tenx/genes.tsv'), 'g1\tA\ng2\tB\ng3\tB\n');
  await writeFile(at('tenx/barcodes.tsv'), 'AAAC-1\nAAAG-1\n');
  expect(done(await cli(['inspect', 'tenx/']))).toMatch(
    /format +10x, sparse, f64\n[\s\S]*features +g1, g2, g3; labels name\n/,
  );
  expect(done(await cli(['explain', '-k', '1', '-i', 'tenx/']))).toContain('tenx');
  const none = await cli(['inspect', '.']);
  expect(none.code).toBe(1);
  expect(none.stderr).toContain('Data must be a file, or a 10x folder, one with matrix.mtx');
});

test('convert writes what is read, turned where it is said to lie otherwise', async () => {
  const { code, stdout, stderr } = await cli([
    'convert',
    'atac.mtx.gz',
    'atac.npz',
    '--orientation',
    'samples-by-features',
  ]);
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: 'atac.npz: 30 × 20, dense\n' });
  expect(await rowsIn('atac.npz', { orientation: 'samples-by-features' })).toEqual(toRows(atac));
});

test('explain prints the plan of programs, of graph files and of one layer', async () => {
  const [x, y] = [factorInput(rna, { name: 'rna' }), factorInput(atac, { name: 'atac' })];
  const net = factorNet(nmfLayer(factorShared(x, y), { name: 'joint', k: 2 }), { seed: 7 });
  const inputs = ['-i', 'rna.npy', '--input', 'atac=atac.mtx.gz'];
  expect(done(await cli(['explain', 'graph.js', ...inputs]))).toBe(`${net.explain()}\n`);
  expect(done(await cli(['explain', 'graph.js', ...inputs, '--mermaid']))).toBe(`${net.toMermaid()}\n`);
  expect(await json('explain', 'graph.json', '-i', 'rna.npy', '--seed', '5')).toMatchObject({
    seed: 5,
    output: ['parts'],
  });
  expect(await json('explain', 'graph.yml', '-i', 'rna.npy')).toEqual(await json('explain', 'graph.json', '-i', 'rna.npy')); // biome-ignore format: one line
  const one = await json('explain', '-i', 'rna.npy', '-k', '4', '--loss', 'kl', '--max-iter', '9');
  expect(one.fit[0]).toMatchObject({ layer: 'layer', args: { k: 4, maxIter: 9 } });
});

test('with --stream files stay where they are, and the fit is the same', async () => {
  await writeFile(at('streamed.js'), `import { nmfLayer } from 'factorloom';
    export default ({ rna }) => nmfLayer(rna, { name: 'parts', k: 2, maxIter: 4 });`); // biome-ignore format: one thought
  const fit = (...more: string[]) => json('fit', 'streamed.js', '-i', 'rna.npy', '--seed', '3', '--no-checkpoint', ...more); // biome-ignore format: one thought
  const [whole, streamed] = [await fit(), await fit('--stream')];
  expect(streamed.layers).toEqual(whole.layers);
  const plan = await json('explain', 'streamed.js', '-i', 'rna.npy', '--stream', '--read', 'rna.orientation=samples-by-features'); // biome-ignore format: one thought
  expect(plan.prepare[0]).toMatchObject({ op: 'load', name: 'rna', streamed: true });
  expect(plan.slots[0].shape).toEqual([30, 40]);
});

test('tables are read as options say, of all inputs and of one', async () => {
  await writeFile(at('long.csv'), 'cell;gene;n\nc1;g1;1\nc1;g2;2\nc2;g1;-\n');
  await writeFile(at('wide.txt'), '7|1|2\n8|3|none\n9|5|6\n');
  const long = ['--layout', 'triplets', '--delimiter', ';', '--missing', '-', '--unlisted', 'missing'];
  const turned = ['--columns', 'gene,cell,n', '--orientation', 'features-by-samples', '--header', 'true'];
  expect(await json('inspect', 'long.csv', ...long, ...turned)).toMatchObject({
    ...{ rows: 2, cols: 2, missing: 2, rowNames: ['g1', 'g2'], colNames: ['c1', 'c2'] },
  });
  done(await cli(['convert', 'long.csv', 'long.out', ...long, '--to', 'tsv', '--to-layout', 'triplets', '--to-delimiter', 'space'])); // biome-ignore format: one line
  expect(await readFile(at('long.out'), 'utf8')).toBe('row column value\nc1 g1 1\nc2 g1 NaN\nc1 g2 2\n');
  const wide = ['--header', 'false', '--names', 'true', '--missing', '["none"]', '--from', 'csv'];
  expect(await json('inspect', 'wide.txt', ...wide)).toMatchObject({ rows: 3, cols: 2, missing: 1, rowNames: ['7', '8', '9'] }); // biome-ignore format: one line

  await writeFile(at('two.mjs'), GRAPH);
  await writeFile(at('rna.csv'), '0,1,2,3\n1,0,3,1\n2,2,2,2\n');
  await writeFile(at('list.csv'), 's,f,n\n0,a,1\n1,a,2\n2,b,3\n3,b,0\n');
  const inputs = ['-i', 'rna=rna.csv', '-i', 'atac=list.csv', '--header', 'false'];
  const own = ['layout=triplets', 'orientation=samples-by-features', 'header=true', 'columns=s,f,n'];
  const said = own.flatMap((option) => ['--read', `atac.${option}`]);
  const plan = await json('explain', 'two.mjs', ...inputs, ...said);
  const loads = plan.prepare.filter(({ op }: { readonly op: string }) => op === 'load');
  expect(loads).toMatchObject([
    { name: 'rna', layout: expect.not.stringContaining('csc') },
    { name: 'atac', layout: 'csc' },
  ]);
  expect(plan.slots.slice(0, 2)).toMatchObject([{ shape: [3, 4] }, { shape: [2, 4] }]);
});

describe('fit, and what is made of it', () => {
  const own = () => {
    const [x, y] = [factorInput(rna, { name: 'rna' }), factorInput(atac, { name: 'atac' })];
    return factorNet(nmfLayer(factorShared(x, y), { name: 'joint', k: 2 }), { seed: 7 }).fit();
  };

  beforeAll(async () => {
    const inputs = ['-i', 'rna.npy', '-i', 'atac.mtx.gz'];
    const said = await cli([
      'fit',
      'graph.js',
      ...inputs,
      '-o',
      'fit.safetensors',
      '--factors',
      'factors/of',
      '--h5ad',
      'atac=fit.h5ad',
    ]);
    expect(done(said)).toMatch(/^Fit of 1 layer to 2 inputs: loss/);
    // Talk goes to stderr, a line for each layer where nobody looks on.
    expect(said.stderr).toMatch(
      /^joint \(1 of 1\): iteration \d+, loss .*\nwrote fit\.safetensors\nwrote fit\.h5ad\nwrote factors\/of/,
    );
  });

  test('the fit is that of the library, bit for bit, and nothing is left beside it', async () => {
    const [{ joint }, saved] = [await own(), await loadFit(at('fit.safetensors'))];
    expect(saved.layers.joint.W).toEqual(joint.W);
    expect(await rowsIn('factors/of/joint.W.atac.npy')).toEqual(toRows(joint.W.atac));
    expect(await rowsIn('factors/of/joint.H.npy')).toEqual(toRows(joint.H));
    expect(await rowsIn('factors/of/joint.d.npy')).toEqual([Array.from(joint.d)]);
    expect(await rowsIn('fit.h5ad')).toEqual(toRows(atac));
    await hdf5At(at('fit.h5ad'), ({ values, value }) => {
      expect(Array.from(values('obsm/X_joint'))).toEqual(Array.from(joint.H.data));
      expect(value('uns/factorloom/input')).toBe('atac');
    });
    expect(existsSync(at('fit.safetensors.checkpoint'))).toBe(false);
    expect(existsSync(at('fit.safetensors.checkpoint.json'))).toBe(false);
  });

  test('for machines it is JSON on stdout; with --quiet stderr is silent', async () => {
    const args = [
      'fit',
      'graph.json',
      '-i',
      'rna.npy',
      '--json',
      '--quiet',
      '--no-checkpoint',
      '--factors',
      'mtx',
      '--factors-format',
      'mtx',
    ];
    const { code, stdout, stderr } = await cli(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { parts } = await factorNet(nmfLayer(factorInput(rna, { name: 'rna' }), { name: 'parts', k: 3 }), {
      seed: 2,
    }).fit();
    const layer = { method: 'nmf', k: 3, d: Array.from(parts.d), loss: parts.loss, converged: true };
    const files = ['W', 'd', 'H'].map((name) => join('mtx', `parts.${name}.mtx`));
    expect(JSON.parse(stdout)).toMatchObject({ summary: { seed: 2 }, layers: { parts: layer }, files });
  });

  test('project puts samples through it, to a file or as a table', async () => {
    const { joint } = await (await loadFit(at('fit.safetensors'))).project({ rna });
    done(await cli(['project', 'fit.safetensors', '-i', 'rna.npy', '-o', 'new.npy']));
    expect(await rowsIn('new.npy')).toEqual(toRows(joint));
    expect((await json('project', 'fit.safetensors', '-i', 'rna.npy')).values).toEqual(toRows(joint));
    const table = done(await cli(['project', 'fit.safetensors', '-i', 'rna.npy', '--layer', 'joint']));
    expect(table.split('\n')[1].split('\t').map(Number).slice(1)).toEqual(toRows(joint)[0]);
  });

  test('plot draws it, report puts it on a page', async () => {
    done(await cli(['plot', 'loadings', 'fit.safetensors', '--top', '3', '--title', 'Mine', '-o', 'loadings.svg']));
    const svg = await readFile(at('loadings.svg'), 'utf8');
    expect(svg).toMatch(/^<svg/);
    expect(svg).toContain('Mine');
    for (const kind of ['loss', 'variance', 'embedding', 'graph', 'plan'])
      expect((await json('plot', kind, 'fit.safetensors')).$schema).toMatch(/vega-lite/);
    done(await cli(['report', 'fit.safetensors', '-o', 'fit.html', '--title', 'Both']));
    expect(await readFile(at('fit.html'), 'utf8')).toContain('<title>Both</title>');
  });
});

test('cv finds what the library finds; a sweep of a program in TypeScript; its store is drawn and reported', async () => {
  const data = factorInput(rna, { name: 'rna' });
  const { best, points } = await crossValidateGraph({
    ...{ params: { k: [2, 3, 4] }, reps: 2, seed: 1 },
    layerFn: ({ k }) => nmfLayer(data, { name: 'layer', k }),
  });
  const found = await json('cv', '-i', 'rna.npy', '-k', '2:4', '--reps', '2', '--seed', '1', '--store', 'ranks.db');
  expect(found.best).toEqual(best);
  expect(found.points.map(({ testLoss }: { readonly testLoss: number }) => testLoss)).toEqual(
    points.map(({ testLoss }) => testLoss),
  );
  expect(existsSync(at('ranks.db.json'))).toBe(false);
  const sweep = ['sweep', 'sweep.ts', '-i', 'rna.npy', '--reps', '2', '--param', 'L1=0,0.01', '-q'];
  const table = done(await cli(sweep, { alone: true }));
  expect(table).toMatch(/^k +L1 +test loss/);
  expect(table.match(/^\d +0(\.01)? /gm)?.length).toBe(4);
  done(await cli(['plot', 'sweep', 'ranks.db', '-o', 'ranks.json']));
  expect(JSON.parse(readFileSync(at('ranks.json'), 'utf8')).$schema).toMatch(/vega-lite/);
  done(await cli(['report', 'ranks.db', '-o', 'ranks.html']));
  expect((await stat(at('ranks.html'))).size).toBeGreaterThan(10_000);
});

test('simulate writes data and what they are made of', async () => {
  const args = ['--rows', '9', '--cols', '8', '-k', '2', '--noise', '0.2', '--seed', '3'];
  done(await cli(['simulate', 'nmf', ...args, '-o', 'x.npy', '--truth', 'truth']));
  const { X, W, H } = simulateNmf({ rows: 9, cols: 8, k: 2, noise: 0.2, seed: 3 });
  const files = await Promise.all(['x.npy', 'truth/W.npy', 'truth/H.npy'].map((name) => rowsIn(name)));
  expect(files).toEqual([X, W, H].map((matrix) => toRows(matrix)));
  expect(await json('simulate', 'swimmer', '-o', 'swimmer.npy')).toEqual({
    path: 'swimmer.npy',
    rows: 1024,
    cols: 256,
    k: 17,
  });
});

test('schema is that of the package, doctor says what environment does', async () => {
  expect(JSON.parse(done(await cli(['schema'])))).toEqual(
    JSON.parse(readFileSync(join(root, 'graph.schema.json'), 'utf8')),
  );
  const found = await environment();
  const { tried: _, ...rest } = found;
  expect(await json('doctor')).toMatchObject(rest);
  const text = done(await cli(['doctor']));
  expect(text).toContain(found.install ?? 'Nothing is missing.');
  for (const { name } of found.peers) expect(text).toContain(name);
});

test('completion lets bash complete commands, options and words', async () => {
  await writeFile(at('complete.bash'), done(await cli(['completion', 'bash'])));
  const asked = [
    ['f'],
    ['fit', '--method', ''],
    ['fit', '--facto'],
    ['simulate', 'n'],
    ['plot', 'load'],
    ['-q', 'comp'],
    ['convert', '--to-la'],
    ['inspect', '--layout', 't'],
  ];
  const script = `source ./complete.bash
    ask() { COMP_WORDS=(factorloom "$@"); COMP_CWORD=$#; _factorloom; echo "\${COMPREPLY[*]}"; }
    ${asked.map((words) => `ask ${words.map((word) => `'${word}'`).join(' ')}`).join('\n')}`;
  const { stdout } = await promisify(execFile)('bash', ['-c', script], { cwd: folder });
  expect(stdout.split('\n').slice(0, -1)).toEqual([
    'fit',
    'nmf svd',
    '--factors --factors-format',
    'nmf',
    'loadings',
    'completion',
    '--to-layout',
    'triplets',
  ]);
  expect(done(await cli(['completion', 'zsh']))).toMatch(/bashcompinit/);
  expect(done(await cli(['completion', 'fish']))).toMatch(/^complete -c factorloom .* -a fit -d/m);
});

describe('what can’t be done', () => {
  test.each([
    [['fitt'], 2, /unknown command 'fitt'[\s\S]*Did you mean fit\?/],
    [['fit', '--sed', '1'], 2, /unknown option '--sed'[\s\S]*Did you mean --seed\?/],
    [['fit', '-k', 'ten', '-i', 'rna.npy'], 2, /'ten' is invalid. It must be a whole number, at least 1/],
    [['fit', '--backend', 'natve'], 2, /It must be one of auto, native, reference. Did you mean native\?/],
    [['fit', '-k', '2'], 2, /There must be a graph, or --k and one --input; got --k and 0 --input/],
    [['cv', '-i', 'rna.npy'], 2, /got no --k and one --input/],
    [['fit', 'graph.js', '-k', '3'], 2, /--k must be given without a graph/],
    [['fit', 'rna.npy', '-k', '3'], 2, /A graph must be a program.*Data are given by --input rna\.npy/],
    [
      ['explain', 'graph.js', '-i', 'rna.npy', '-i', 'atac=turned.npy'],
      1,
      /--read atac\.orientation=samples-by-features/,
    ],
    [['fit', '-i', 'rna.npy', '-k', '2', '-o', 'fit.h5ad'], 2, /h5ad is written by --h5ad fit\.h5ad/],
    [['report', 'atac.mtx.gz', '-o', 'x.html'], 1, /is it another file\?/],
    [['fit', 'graph.js', '-i', 'rna.npy'], 2, /The graph asks for the input atac: give it by --input atac=FILE/],
    [['fit', 'graph.js', '-i', 'rna.npy', '-i', 'rna=x'], 2, /There is an input 'rna' before/],
    [['explain', 'graph.json', '-i', 'x=rna.npy'], 1, /'x'/],
    [['inspect', 'rna.npy', '--header', 'true'], 2, /Options of a file of format npy must be some of/],
    [['fit', '-k', '2', '-i', 'rna.npy', '--names', 'id'], 2, /--read rna\.option=value/],
    [['inspect', 'rna.npy', '--header', 'yes'], 2, /It must be one of true, false/],
    [['inspect', 'rna.npy', '--delimiter', 'ab'], 2, /It must be one ASCII character/],
    [['inspect', 'rna.npy', '--columns', 'a,a'], 2, /It must be a list of texts that are not the same/],
    [['inspect', 'rna.npy', '--missing', '[1]'], 2, /It must be a list of texts; got/],
    [['inspect', 'rna.npy', '--missing', '[a'], 2, /a list as JSON/],
    [['inspect', 'rna.npy', '--layout', 'triplet'], 2, /Did you mean triplets\?/],
    [['fit', '-k', '2', '-i', 'rna.npy', '--read', 'rna=x'], 2, /It must be input\.option=value/],
    [['fit', '-k', '2', '-i', 'rna.npy', '--read', 'rna.colums=x'], 2, /Did you mean columns\?/],
    [['fit', '-k', '2', '-i', 'rna.npy', '--read', 'rna.layout=list'], 2, /It must be one of matrix, triplets/],
    [['fit', '-k', '2', '-i', 'rna.npy', '--read', 'x.array=a', '--read', 'x.array=b'], 2, /'x' has its array before/],
    [
      ['fit', '-k', '2', '-i', 'rna.npy', '--read', 'rnas.array=a'],
      2,
      /must be of an --input: rna; got rnas. Did you mean rna\?/,
    ],
    [['fit', 'graph.json', '-i', 'rna.npy', '--stream'], 2, /must be given for a graph that is a program, or for --k/],
    [
      ['fit', '-k', '2', '-i', 'rna.npy', '--stream', '--array', 'a'],
      2,
      /its orientation alone must be said; got array/,
    ],
    [
      ['fit', '-k', '2', '-i', 'atac.mtx.gz', '--stream'],
      1,
      /must be an \.npy or \.spz file; got another: leave out stream/,
    ],
    [['fit', 'none.js'], 1, /must be a file that can be read; got ENOENT/],
    [['fit', 'graph.txt'], 2, /must be a program, \.ts or \.js, or a graph file/],
    [['inspect', 'none.npy'], 1, /Data must be a file that can be read; got none/],
    [['inspect', 'graph.js'], 1, /Data must be in one of the formats/],
    [['convert', 'rna.npy', 'rna.xyz'], 2, /must be written as one of/],
    [
      ['fit', '-i', 'rna.npy', '-k', '2', '-o', 'none/fit'],
      1,
      /must be written to a place that may be written to; got ENOENT/,
    ],
    [
      ['fit', '-i', 'rna.npy', '-k', '2', '--factors', 'rna.npy'],
      1,
      /must be written to a place that may be written to/,
    ],
    [['fit', 'graph.js', '-i', 'rna.npy', '-i', 'atac.mtx.gz', '--h5ad', 'x.h5ad'], 2, /--h5ad must be of one of the inputs rna, atac: give it as rna=x\.h5ad/], // biome-ignore format: one row
    [['fit', '-i', 'rna.npy', '-k', '2', '--h5ad', 'ran=x.h5ad'], 2, /--h5ad must be of one of the inputs rna/],
    [['fit', '-i', 'rna.npy', '-k', '2', '--h5ad', 'none/x.h5ad'], 1, /must be written to a place/],
    [['cv', 'graph.yml', '-i', 'rna.npy'], 2, /must be a program|must be a function/],
    [['fit', 'twice.yaml', '-i', 'rna.npy'], 1, /the key 'a' twice.*line 2, column 1/],
    [['cv', 'graph.json', '-i', 'rna.npy'], 2, /must be a program|must be a function/],
    [['cv', '-i', 'rna.npy', '-k', '0:3'], 2, /It must be whole numbers, at least 1/],
    [['resume', 'rna.npy'], 1, /must have its command beside it/],
    [['project', 'rna.npy', '-i', 'rna.npy'], 1, /rna\.npy/],
    [['plot', 'los', 'rna.npy'], 2, /Did you mean loss\?/],
    [['plot', 'loss', 'rna.npy', '-o', 'x.gif'], 2, /must be written to a file that ends in \.svg/],
    [['report', 'rna.npy', '-o', 'none/x.html'], 1, /must be written to a place/],
    [['report', 'rna.npy', '-o', 'x.pdf'], 2, /must be written to a file that ends in \.html/],
    [['simulate', 'nmf', '--rows', '3', '-o', 'x.npy'], 2, /--cols/],
    [['completion', 'tcsh'], 2, /It must be one of bash, zsh, fish/],
  ] as const)('%j ends with %i', async (args, code, said) => {
    const found = await cli(args);
    expect(found.stderr).toMatch(said);
    expect({ code: found.code, stdout: found.stdout }).toEqual({ code, stdout: '' });
  });

  test('is told to machines as JSON', async () => {
    const { code, stdout, stderr } = await cli(['inspect', 'none.npy', '--json']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(JSON.parse(stderr)).toMatchObject({ error: { name: 'IoError', code: 'not-read' } });
  });
});

test('who reads no further ends a command without a word', async () => {
  const script = `set -o pipefail; '${process.execPath}' '${program}' schema | head -c 20`;
  const { stdout, stderr } = await promisify(execFile)('bash', ['-c', script], { cwd: folder });
  expect({ stdout: stdout.length, stderr }).toEqual({ stdout: 20, stderr: '' });
});

test('in a clone it runs by its sources', async () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const { stdout } = await promisify(execFile)(process.execPath, [join(root, 'bin/factorloom.mjs'), '--version']);
  expect(stdout).toBe(`${version}\n`);
});

test('what README shows runs as it stands there', async () => {
  const [, section] = readFileSync(join(root, 'README.md'), 'utf8').split('\n## From the shell\n');
  const blocks = [...section.split('\n## ')[0].matchAll(/```(\w*)\n([\s\S]*?)```/g)];
  const bodies = (language: string) => blocks.filter(([, name]) => name === language).map(([, , body]) => body);
  const [program] = bodies('js');
  const cwd = at('readme');
  await mkdir(cwd);
  await writeFile(join(cwd, 'graph.js'), program);
  // In a clone, there are the files of its tests.
  await symlink(join(root, 'test'), join(cwd, 'test'));
  // A shell does all but our commands, and says what these are.
  const script = `set -eu\nnpx() { printf '%s\\0' "$@"; echo; }\n${bodies('sh').join('')}`;
  const { stdout } = await promisify(execFile)('sh', ['-c', script], { cwd });
  const said: string[] = [];
  const kinds = new Set<string>();
  for (const line of stdout.trim().split('\n')) {
    const [name, ...args] = line.split('\0').slice(0, -1);
    expect(name).toBe('factorloom');
    kinds.add(args[0]);
    said.push(done(await cli(args, { cwd })));
  }
  expect(kinds.size).toBeGreaterThan(8);
  for (const text of bodies('text'))
    expect(
      said.some((own) => own.includes(text)),
      text,
    ).toBe(true);
  for (const data of ['cells.h5ad', 'ranger.h5', 'tenx', 'tenx.npz', 'cells.csv'])
    expect((await stat(join(cwd, `${data}.html`))).size).toBeGreaterThan(10_000);
}, 120_000);
