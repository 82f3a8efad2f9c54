import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstat, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type DenseMatrix,
  factorAdd,
  factorCondition,
  factorInput,
  factorNet,
  factorShared,
  loadFit,
  ModelFileError,
  nmfLayer,
  saveFit,
  svdLayer,
} from '../../src/index.js';
import { hashOf } from '../../src/io/hash.js';
import { fromBytes, toBytes } from '../../src/io/safetensors.js';
import { diamond } from '../support/graphs.js';
import { sparse, uniform } from '../support/matrices.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'factorloom-'));
});
afterAll(() => rm(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

const x = factorInput(uniform(12, 9, 1), { name: 'rna' });
const y = factorInput(sparse(7, 9, 2), { name: 'atac' });
const gappy = factorInput(uniform(12, 9, 1), { name: 'rna', mask: { features: [1, 2], samples: [3, 4] } });
const nets = {
  'a diamond of every kind of node': () => factorNet(diamond(), { seed: 3 }),
  shared: () => factorNet(nmfLayer(factorShared(x, y), { name: 'a', k: 3, restarts: 2 }), { seed: 3 }),
  'deep, with a sum': () =>
    factorNet(
      nmfLayer(factorAdd(nmfLayer(x, { name: 'a/W', k: 3 }), nmfLayer(y, { name: 'a', k: 3 })), { name: 't', k: 2 }),
      { seed: 3 },
    ),
  'an SVD': () => factorNet(svdLayer(x, { name: 's', k: 2, center: true, scale: true }), { seed: 3 }),
  'missing entries and a condition': () =>
    factorNet(nmfLayer(factorCondition(gappy, uniform(2, 9, 5)), { name: 'a', k: 2, precision: 'f32' }), { seed: 3 }),
};

describe('a fit that was saved and read', () => {
  test.each(Object.keys(nets) as (keyof typeof nets)[])('is the same to the bit: %s', async (what) => {
    const fit = await nets[what]().fit();
    await saveFit(fit, at('one'));
    const read = await loadFit(at('one'));
    const { summary, ...layers } = fit;
    expect(read.layers).toEqual(layers);
    expect(read.summary).toEqual(summary);
    expect(read.plan).toEqual(nets[what]().plan);
    const given = { rna: uniform(12, 4, 9), ...('atac' in summary.inputs ? { atac: uniform(7, 4, 8) } : {}) };
    const asked = fit as unknown as typeof read; // the same questions, by names that aren't known here
    expect(await read.project(given)).toEqual(await asked.project(given));
    for (const layer of Object.keys(layers)) {
      expect(await read.loadings(layer)).toEqual(await asked.loadings(layer));
      for (const input of Object.keys(await read.loadings(layer)))
        expect(await read.reconstruct(input, { through: layer })).toEqual(
          await asked.reconstruct(input, { through: layer }),
        );
    }
    // And saved again it is the same file.
    await saveFit(read, at('two'));
    expect(await readFile(at('two'))).toEqual(await readFile(at('one')));
  });

  test('the file is safetensors, matrices row after row', async () => {
    const fit = await nets.shared().fit();
    await saveFit(fit, at('one'));
    const { tensors, metadata } = fromBytes(await readFile(at('one')));
    const H: DenseMatrix = fit.a.H;
    expect(tensors.get('a/H')?.shape).toEqual([3, 9]);
    for (let r = 0; r < 3; r++)
      for (let j = 0; j < 9; j++) expect(tensors.get('a/H')?.data[r * 9 + j]).toBe(H.data[r + 3 * j]);
    expect(tensors.get('a/W')?.shape).toEqual([19, 3]);
    expect(JSON.parse(metadata.factorloom)).toMatchObject({ format: 1, summary: { seed: 3 } });
    const [rna, atac] = (await loadFit(at('one'))).inputs;
    expect([rna.name, atac.name, rna.sha256.length]).toEqual(['rna', 'atac', 64]);
    const other = await factorNet(nmfLayer(factorInput(uniform(12, 9, 2), { name: 'rna' }), { name: 'a', k: 2 })).fit();
    await saveFit(other, at('one'));
    expect((await loadFit(at('one'))).inputs[0].sha256).not.toBe(rna.sha256);
  });
});

describe('a file that is no saved fit', () => {
  const code = async (bytes: Uint8Array): Promise<string> => {
    await writeFile(at('bad'), bytes);
    const error: unknown = await loadFit(at('bad')).catch((thrown: unknown) => thrown);
    if (!(error instanceof ModelFileError)) throw error;
    expect(error.path).toBe(at('bad'));
    return error.code;
  };

  test('cut short anywhere, or changed anywhere, it is damaged', async () => {
    await saveFit(await nets.shared().fit(), at('one'));
    const whole = await readFile(at('one'));
    const step = Math.ceil(whole.length / 60);
    for (let length = 0; length < whole.length; length += step)
      expect(await code(whole.subarray(0, length))).toBe('damaged');
    expect(await code(Buffer.concat([whole, Buffer.from('x')]))).toBe('damaged');
    for (let p = 0; p < whole.length; p += step) {
      const changed = Buffer.from(whole);
      changed[p] ^= 4;
      expect(await code(changed)).toMatch(/damaged|not-a-fit/);
    }
  });

  test('tensors of others, no tensors at all, and what a later version wrote', async () => {
    const tensors = new Map([['w', { shape: [2], data: Float64Array.of(1, 2) }]]);
    expect(await code(Buffer.concat(toBytes({ tensors, metadata: {} })))).toBe('not-a-fit');
    expect(await code(Buffer.from('not at all'))).toBe('damaged');
    expect(await code(new Uint8Array(0))).toBe('damaged');
    await saveFit(await nets.shared().fit(), at('one'));
    const file = fromBytes(await readFile(at('one')));
    const forged = async (change: (manifest: Record<string, unknown>) => void) => {
      const manifest = JSON.parse(file.metadata.factorloom) as Record<string, unknown>; // it was an object
      change(manifest);
      const text = JSON.stringify(manifest);
      const body = [...file.tensors.values()].map(({ data }) => new Uint8Array(data.buffer));
      const sha256 = await hashOf([new TextEncoder().encode(text), ...body]);
      return Buffer.concat(toBytes({ tensors: file.tensors, metadata: { factorloom: text, sha256 } }));
    };
    expect(await code(await forged((manifest) => Object.assign(manifest, { format: 2 })))).toBe('newer-version');
    expect(await code(await forged((manifest) => Object.assign(manifest, { plan: {} })))).toBe('not-a-fit');
    expect(await code(await forged((manifest) => Object.assign(manifest, { layers: [] })))).toMatch(/not-a-fit/);
  });

  test('what an older version wrote, whose summary has no factors, is read; factors that are no numbers are not', async () => {
    await saveFit(await nets.shared().fit(), at('one'));
    const file = fromBytes(await readFile(at('one')));
    const manifest = JSON.parse(file.metadata.factorloom) as {
      summary: { inputs: Record<string, { factors?: unknown; loss: number }> };
    }; // it was read before
    const written = async (factors: unknown, tensors: typeof file.tensors) => {
      for (const input of Object.values(manifest.summary.inputs)) input.factors = factors;
      const text = JSON.stringify(manifest);
      const body = [...tensors.values()].map(({ data }) => new Uint8Array(data.buffer));
      const sha256 = await hashOf([new TextEncoder().encode(text), ...body]);
      return Buffer.concat(toBytes({ tensors, metadata: { factorloom: text, sha256 } }));
    };
    const older = new Map([...file.tensors].filter(([name]) => !name.endsWith('/factor-loss')));
    expect(older.size).toBeLessThan(file.tensors.size);
    await writeFile(at('old'), await written(undefined, older));
    const { summary } = await loadFit(at('old'));
    expect(summary.inputs.rna.factors).toEqual({});
    expect(summary.inputs.rna.loss).toBe(manifest.summary.inputs.rna.loss);
    for (const wrong of [{ a: ['1'] }, { a: 1 }, [1]])
      expect(await code(await written(wrong, file.tensors))).toBe('not-a-fit');
  });

  test('no such file, or none that can be read: what the system says, and where it was looked for, once', async () => {
    for (const path of [at('nowhere'), folder])
      await expect(loadFit(path)).rejects.toMatchObject({ name: 'ModelFileError', code: 'not-read', path });
    const error: unknown = await loadFit('no-such.fit').catch((thrown: unknown) => thrown);
    expect(String(error)).toMatch(/saved fit must be a file that can be read; got ENOENT.*give the path of one/);
    expect(String(error)).toContain(`looked for in ${process.cwd()} (no-such.fit)`);
    expect(String(error).split('no-such.fit')).toHaveLength(2);
    const other: unknown = await loadFit(at('nowhere')).catch((thrown: unknown) => thrown);
    expect(String(other).split(folder)).toHaveLength(2);
    expect(error).toMatchObject({ cause: { code: 'ENOENT' } });
  });
});

describe('saving', () => {
  test('what is no fit, and where nothing can be written: an error, and what was there stays', async () => {
    const fit = await nets.shared().fit();
    await expect(saveFit({ ...fit }, at('one'))).rejects.toMatchObject({ code: 'not-saved' });
    await expect(saveFit(fit, at('no/such/folder'))).rejects.toMatchObject({
      code: 'not-saved',
      path: at('no/such/folder'),
    });
    await expect(saveFit(fit, folder)).rejects.toMatchObject({ code: 'not-saved' });
    expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  test.skipIf(process.platform === 'win32')('a pipe at its place is written into, and stays', async () => {
    const fit = await nets.shared().fit();
    execFileSync('mkfifo', [at('pipe')]);
    const [read] = await Promise.all([readFile(at('pipe')), saveFit(fit, at('pipe'))]);
    await saveFit(fit, at('file'));
    expect(read.equals(await readFile(at('file')))).toBe(true);
    expect((await lstat(at('pipe'))).isFIFO()).toBe(true);
  });

  test('what is at its place keeps its link and its mode', async () => {
    const fit = await nets.shared().fit();
    await writeFile(at('private'), 'old', { mode: 0o600 });
    await symlink(at('private'), at('link'));
    await saveFit(fit, at('link'));
    expect((await lstat(at('link'))).isSymbolicLink()).toBe(true);
    expect((await stat(at('private'))).mode & 0o777).toBe(0o600);
    await loadFit(at('private'));
    await saveFit(fit, at('x'.repeat(250)));
    for (const path of [undefined, 3, '', 'a\0b', Symbol('s')] as string[])
      for (const call of [loadFit(path), saveFit(fit, path)])
        await expect(call).rejects.toMatchObject({ issues: [{ code: 'invalid-option', option: 'path' }] });
  });

  test('killed while it saves, the file is whole: the old one or the new one', async () => {
    const module = fileURLToPath(new URL('../../src/index.ts', import.meta.url));
    const script = `
      import { factorInput, factorNet, nmfLayer, saveFit } from ${JSON.stringify(module)};
      const X = { rows: 3000, cols: 400, data: Float64Array.from({ length: 1200000 }, (_, p) => (p * 7919) % 101) };
      const fit = await factorNet(nmfLayer(factorInput(X, { name: 'x' }), { name: 'a', k: 40, maxIter: 1 }), { seed: 1 }).fit();
      for (;;) { await saveFit(fit, process.argv[2]); process.stdout.write('saved\\n'); }
    `;
    await writeFile(at('save.mts'), script);
    const path = at('kept');
    for (const delay of [3, 11, 29]) {
      const child = spawn(process.execPath, ['--conditions=source', '--import', 'tsx', at('save.mts'), path], {
        cwd: fileURLToPath(new URL('../..', import.meta.url)),
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(child.stdout, 'data');
      await new Promise((resolve) => setTimeout(resolve, delay));
      child.kill('SIGKILL');
      await once(child, 'exit');
      expect((await loadFit(path)).layers.a.W).toMatchObject({ rows: 3000, cols: 40 });
    }
  }, 60_000);
});
