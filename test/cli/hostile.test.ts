import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, link, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkPlace } from '../../src/cli/places.js';
import { simulateNmf, writeMatrix } from '../../src/index.js';
import { commandLine } from '../support/cli.js';

const X = simulateNmf({ rows: 20, cols: 15, k: 2, noise: 0.1, seed: 1 }).X;
const FIT = ['fit', '-i', 'x.npy', '-k', '2', '--max-iter', '3'];

let folder = '';
let { cli, program, tidy }: Partial<ReturnType<typeof commandLine>> = {};
const at = (name: string) => join(folder, name);
const run = (...args: readonly string[]) => {
  if (cli === undefined) throw new Error('no command line');
  return cli(args);
};
/** What a shell does in the folder; `factorloom` is the command. */
const shell = (script: string) =>
  new Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>((resolve) => {
    const text = `factorloom() { "${process.execPath}" --disable-warning=FACTORLOOM_REFERENCE "${program}" "$@"; }\n${script}`;
    execFile('sh', ['-c', text], { cwd: folder }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    );
  });
const devices = existsSync('/dev/full') && existsSync('/dev/stdout');

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'factorloom-'));
  ({ cli, program, tidy } = commandLine(folder));
  await writeMatrix(at('x.npy'), X);
}, 60_000);
afterAll(async () => {
  tidy?.();
  await rm(folder, { recursive: true });
});

test('a place is refused that is read, under whatever name; any other is not', async () => {
  await Promise.all([symlink('x.npy', at('soft.npy')), link(at('x.npy'), at('hard.npy')), writeFile(at('y'), '')]);
  for (const name of ['x.npy', './x.npy', 'soft.npy', 'hard.npy'])
    await expect(checkPlace(at(name), [at('y'), at('x.npy')])).rejects.toMatchObject({ code: 'usage' });
  // A folder of data is all that is in it; what is not there yet is nobody's.
  await expect(checkPlace(at('y'), [folder])).rejects.toMatchObject({ code: 'usage' });
  await expect(checkPlace(at('new'), [at('new')])).rejects.toMatchObject({ code: 'usage' });
  await checkPlace(at('new'), [folder, at('x.npy')]);
  await checkPlace(at('y'), [at('x.npy'), at('nowhere')]);
  if (devices) await checkPlace('/dev/null', ['/dev/null']);
});

test('no command writes over what it reads, or over what it has just written', async () => {
  await run(...FIT, '-o', 'kept', '--quiet');
  await Promise.all(['plain', 'layer.W.npy'].map((name) => copyFile(at('x.npy'), at(name))));
  const names = ['x.npy', 'kept', 'plain', 'layer.W.npy'];
  const before = await Promise.all(names.map((name) => readFile(at(name))));
  const rest = FIT.slice(3);
  const refused = await Promise.all([
    run('fit', '-i', 'x=plain', ...rest, '-o', 'plain'),
    run(...FIT, '-o', 'other.fit', '--h5ad', 'x.npy'),
    run(...FIT, '-o', 'same', '--h5ad', 'same'),
    run(...FIT, '--checkpoint', 'x.npy', '--anew'),
    run('fit', '-i', 'x=layer.W.npy', ...rest, '--factors', '.', '--no-checkpoint'),
    run('project', 'kept', '-i', 'x.npy', '-o', 'x.npy'),
    run('report', 'kept', '-o', 'kept'),
    run('convert', 'x.npy', './x.npy'),
  ]);
  for (const { code, stderr } of refused) expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('A result must be written to another file') }); // biome-ignore format: one thought
  expect(await Promise.all(names.map((name) => readFile(at(name))))).toEqual(before);
  expect(existsSync(at('other.fit'))).toBe(false);
}, 60_000);

test('factors of layers whose names differ by what no file may be called lie in files of their own', async () => {
  await writeFile(
    at('alike.js'),
    `import { nmfLayer } from 'factorloom';
    // A graph may take its time.
    export default Promise.resolve(({ x }) => nmfLayer(nmfLayer(x, { name: 'a:b', k: 3 }), { name: 'a*b', k: 2 }));`,
  );
  const said = await run(
    'fit',
    'alike.js',
    '-i',
    'x.npy',
    '--factors',
    'alike',
    '--no-checkpoint',
    '--json',
    '--quiet',
  );
  const names = ['a%3Ab.W', 'a%3Ab.d', 'a%3Ab.H', 'a%2Ab.W', 'a%2Ab.d', 'a%2Ab.H'];
  expect(JSON.parse(said.stdout).files).toEqual(names.map((name) => join('alike', `${name}.npy`)));
});

test('a program that never ends loading is told of', async () => {
  await writeFile(at('never.mjs'), 'await new Promise(() => {}); export default 1;');
  expect(await cli?.(['explain', 'never.mjs'], { alone: true })).toMatchObject({ code: 1, stderr: expect.stringContaining('error: A graph must be there in time') }); // biome-ignore format: one thought
});

test('to machines a mistake of typing is JSON as well, and nothing else', async () => {
  for (const [args, word] of [
    [['inspect', '--bogus', 'x.npy'], '--bogus'],
    [[], 'a command'],
    [['fit', '-k', '0'], 'at least 1'],
  ] as const) {
    // biome-ignore format: a table
    const { code, stdout, stderr } = await run('--json', ...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(JSON.parse(stderr).error).toMatchObject({ code: 'usage', message: expect.stringContaining(word) });
  }
});

test('names from files tell a terminal nothing', async () => {
  await writeFile(at('names.csv'), 'id,a\n\u001b[31mred\u0007,1\n"two\nlines",2\n');
  const { stdout } = await run('inspect', 'names.csv');
  expect(stdout).toContain('\\u001b[31mred\\u0007, "two\\nlines"\n');
  const { stderr } = await run('inspect', 'no\u001b[31m.npy');
  expect(stderr).toContain('no\\u001b[31m.npy');
  const odd = { ...X, colNames: Array.from({ length: X.cols }, (_, j) => (j === 0 ? 'a\tb\n"c"' : `${j}`)) };
  await writeMatrix(at('odd.csv'), odd);
  await run('fit', '-i', 'x=odd.csv', '-k', '2', '--max-iter', '3', '-o', 'odd.fit');
  const table = await run('project', 'odd.fit', '-i', 'x=odd.csv');
  expect(table.stdout).toMatch(/^\t"a\tb\n""c"""\t1\t2/);
});

test('project takes features by what they are called, and keeps what samples are called', async () => {
  const [rowNames, colNames] = [Array.from({ length: X.rows }, (_, i) => `g${i}`), Array.from({ length: X.cols }, (_, j) => `s${j}`)]; // biome-ignore format: one thought
  await writeMatrix(at('named.csv'), { ...X, rowNames, colNames });
  await writeMatrix(at('other.csv'), { ...X, rowNames: rowNames.with(3, 'g4').with(4, 'g3'), colNames });
  await run('fit', '-i', 'x=named.csv', '-k', '2', '--max-iter', '3', '-o', 'named.fit');
  const [same, bare, other] = await Promise.all([
    run('project', 'named.fit', '-i', 'x=named.csv', '--json'),
    run('project', 'named.fit', '-i', 'x=x.npy', '--json'),
    run('project', 'named.fit', '-i', 'x=other.csv'),
  ]);
  expect(JSON.parse(same.stdout)).toMatchObject({ colNames, values: JSON.parse(bare.stdout).values });
  expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining("'g4' as feature 3, which is 'g3' there") }); // biome-ignore format: one thought
});

test.skipIf(!devices)(
  'output of a shell to a file stays what it was before, and gets all that is written',
  async () => {
    const said = await shell(`echo before > all.csv
    (factorloom convert x.npy /dev/stdout --to csv; factorloom convert x.npy /dev/stdout --to csv; echo after) >> all.csv
    (rm gone.csv; factorloom convert x.npy /dev/stdout --to csv) > gone.csv
    test -L /dev/stdout && factorloom convert x.npy /dev/stdout --to npy | cmp - x.npy`);
    expect(said.code).toBe(0);
    await writeMatrix(at('one.csv'), X);
    const one = await readFile(at('one.csv'), 'utf8');
    expect(await readFile(at('all.csv'), 'utf8')).toBe(`before\n${one}${one}after\n`);
    expect(existsSync(at('gone.csv'))).toBe(false);
  },
  60_000,
);

test.skipIf(!devices)('where nobody hears what is said work goes on; where data can not go, that is told', async () => {
  const [deaf, left, full] = await Promise.all([
    shell(`factorloom ${FIT.join(' ')} -o deaf.fit 2> /dev/full`),
    shell(`factorloom ${FIT.join(' ')} -o left.fit 2>&1 > /dev/null | true; sleep 0`),
    shell('factorloom inspect x.npy > /dev/full'),
  ]);
  expect([deaf.code, left.code]).toEqual([0, 0]);
  expect([existsSync(at('deaf.fit')), existsSync(at('left.fit'))]).toEqual([true, true]);
  expect(full).toMatchObject({ code: 1, stderr: expect.stringMatching(/^error: Data must go to where they can be written; got ENOSPC[^\n]*\n$/) }); // biome-ignore format: one thought
});
