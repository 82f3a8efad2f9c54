import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadFit, openSweep, simulateNmf, writeMatrix } from '../../src/index.js';
import { commandLine } from '../support/cli.js';

let folder = '';
let cli: ReturnType<typeof commandLine>['cli'];
let tidy = () => {};
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'factorloom-'));
  ({ cli, tidy } = commandLine(folder));
  await writeMatrix(at('x.npy'), simulateNmf({ rows: 120, cols: 90, k: 6, noise: 0.2, seed: 1 }).X);
}, 60_000);
afterAll(async () => {
  tidy();
  await rm(folder, { recursive: true });
});

/** Waits until something is so. */
async function until(so: () => Promise<boolean>): Promise<void> {
  while (!(await so().catch(() => false))) await sleep(5);
}

test('Ctrl-C leaves a checkpoint and says how to go on; resume comes to the bits that the fit would have had', async () => {
  // Multiplicative steps come nearer and nearer, and never there.
  await writeFile(
    at('slow.js'),
    `import { nmfLayer } from 'factorloom';
    export default ({ x }) => nmfLayer(x, { name: 'slow', k: 6, solver: 'mu', tol: 0, maxIter: 8000 });`,
  );
  const args = ['fit', 'slow.js', '-i', 'x.npy', '--seed', '3', '--every', '20'];
  const place = at('cut.safetensors.checkpoint');
  const [whole, cut] = await Promise.all([
    cli([...args, '-o', 'whole.safetensors', '--no-checkpoint', '--quiet']),
    cli([...args, '-o', 'cut.safetensors'], {
      alone: true,
      async told(child) {
        // The first writing holds no numbers yet.
        await until(async () => (await stat(place)).size > 6000);
        child.kill('SIGINT');
      },
    }),
  ]);
  expect(whole).toMatchObject({ code: 0, stderr: '' });
  expect(cut).toMatchObject({ code: 130, stdout: '' });
  expect(cut.stderr).toMatch(/Stopped in layer slow\.\nGo on with: factorloom resume cut\.safetensors\.checkpoint\n$/);
  expect(existsSync(at('cut.safetensors'))).toBe(false);

  // Another fit doesn't take its place.
  const other = await cli(['fit', '-i', 'x.npy', '-k', '5', '-o', 'cut.safetensors']);
  expect(other.code).toBe(1);
  expect(other.stderr).toMatch(/must be of the same graph[\s\S]*Finish that fit by: factorloom resume/);

  await mkdir(at('elsewhere'));
  for (const end of ['', '.json']) await rename(place + end, at(`elsewhere/c${end}`));
  const rest = await cli(['resume', 'elsewhere/c', '--threads', '1', '--json']);
  expect(rest).toMatchObject({ code: 0 });
  expect(rest.stderr).toMatch(/^factorloom fit slow\.js .*\n/);
  const [a, b] = await Promise.all(['whole', 'cut'].map((name) => loadFit(at(`${name}.safetensors`))));
  expect(b.layers.slow.W).toEqual(a.layers.slow.W);
  expect(b.layers.slow.H).toEqual(a.layers.slow.H);
  expect(b.layers.slow.history).toEqual(a.layers.slow.history);
});

test('a sweep with a store goes on as well', async () => {
  const args = ['cv', '-i', 'x.npy', '-k', '1:10', '--reps', '2', '--tol', '0', '--max-iter', '400', '--seed', '1'];
  const cut = await cli([...args, '--store', 's.db'], {
    alone: true,
    async told(child) {
      await until(async () => (await openSweep(at('s.db'))).rows.length > 2);
      child.kill('SIGINT');
    },
  });
  expect(cut).toMatchObject({ code: 130, stdout: '', stderr: 'Stopped.\nGo on with: factorloom resume s.db\n' });
  const before = (await openSweep(at('s.db'))).rows.length;
  expect(before).toBeLessThan(20);
  const rest = await cli(['resume', 's.db', '-q']);
  expect(rest).toMatchObject({ code: 0, stderr: '' });
  expect((await openSweep(at('s.db'))).rows.length).toBe(20);
  expect(existsSync(at('s.db.json'))).toBe(false);
});
