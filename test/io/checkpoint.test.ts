import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fc, test as property } from '@fast-check/vitest';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compile } from '../../src/compiler/compile.js';
import {
  type FitOptions,
  factorAdd,
  factorInput,
  factorNet,
  type GraphConfig,
  ModelFileError,
  nmfLayer,
  type Progress,
  saveFit,
} from '../../src/index.js';
import { hashOf } from '../../src/io/hash.js';
import { fromBytes, toBytes } from '../../src/io/safetensors.js';
import { fitCompiled } from '../../src/net/net.js';
import type { GraphFit } from '../../src/runtime/fit.js';
import { longNets } from '../support/long-fits.js';
import { uniform } from '../support/matrices.js';
import { haveNative } from '../support/native.js';
import { anyGraph } from '../support/random-graph.js';
import { runs } from '../support/runs.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'factorloom-'));
});
afterAll(() => rm(folder, { recursive: true }));
let count = 0;
const fresh = () => join(folder, `checkpoint-${++count}`);

const backends = haveNative ? (['reference', 'native'] as const) : (['reference'] as const);

interface Net {
  fit(options?: FitOptions): Promise<unknown>;
}

/** All of a fit but its seconds. */
async function whole(fit: Promise<unknown>) {
  const { summary, ...layers } = (await fit) as GraphFit;
  const { seconds: _, ...rest } = summary;
  return { ...layers, summary: rest };
}

/** A fit that is cancelled after so many events of progress; false where it was done before. */
async function cancelled(net: Net, options: FitOptions, after: number): Promise<boolean> {
  const control = new AbortController();
  const reason = new Error('enough');
  let events = 0;
  const onProgress = () => {
    events++;
    if (events === after) control.abort(reason);
  };
  const error = await net.fit({ ...options, signal: control.signal, onProgress }).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error !== null && error !== reason) throw error;
  return error === reason;
}

/** What a checkpoint says of itself. */
async function claims(path: string) {
  const { metadata } = fromBytes(await readFile(path));
  return JSON.parse(metadata['factorloom-checkpoint']) as {
    readonly inWork: { readonly layer: string; readonly iterations: number } | null;
    readonly layers: readonly { readonly layer: string }[];
    readonly joint: readonly unknown[] | null;
  };
}

describe.each(backends)('a fit that was killed (%s)', (backend) => {
  const module = (path: string) => JSON.stringify(fileURLToPath(new URL(path, import.meta.url)));
  // It dies in the middle of a layer, once the file says so too.
  const script = `
    import { readFileSync } from 'node:fs';
    import { longNets } from ${module('../support/long-fits.ts')};
    import { fromBytes } from ${module('../../src/io/safetensors.ts')};
    const [what, maxIter, by, path, layer, least] = process.argv.slice(2);
    await longNets[what](Number(maxIter), Number(by)).fit({
      backend: '${backend}',
      threads: 2,
      checkpoint: { path, every: 3 },
      onProgress: (event) => {
        if (event.layer !== layer || event.iteration % 5 !== 0) return;
        const { inWork } = JSON.parse(fromBytes(readFileSync(path)).metadata['factorloom-checkpoint']);
        if (inWork?.layer === layer && inWork.iterations >= least) process.kill(process.pid, 'SIGKILL');
      },
    });
  `;

  test.each([
    ['single', 'top', 12],
    ['deep', 'known', 6],
    ['deep', 'top', 6],
  ] as const)('goes on to the same bits: %s, in layer %s', async (what, layer, least) => {
    const [few, by] = backend === 'native' ? [400, 10] : [120, 1];
    const program = join(folder, `kill-${backend}.mts`);
    await writeFile(program, script);
    const killed = async (path: string, maxIter: number) => {
      const args = [program, what, String(maxIter), String(by), path, layer, String(least)];
      const child = spawn(process.execPath, ['--conditions=source', '--import', 'tsx', ...args], {
        cwd: fileURLToPath(new URL('../..', import.meta.url)),
        stdio: 'inherit',
      });
      const [code, signal] = await once(child, 'exit');
      if (signal === null) expect(code).toBe(0);
      return signal === 'SIGKILL';
    };
    // Where writing was so slow that the fit was done first, a longer one is killed.
    let maxIter = few;
    let path = fresh();
    while (!(await killed(path, maxIter)) && maxIter < 30 * few) {
      maxIter *= 3;
      path = fresh();
    }
    const before = await claims(path);
    expect(before.inWork?.layer).toBe(layer);

    const events: Progress[] = [];
    const net = longNets[what](maxIter, by);
    const rest = await whole(
      net.fit({ backend, threads: 1, checkpoint: { path }, onProgress: (event) => events.push(event) }),
    );
    expect(events[0]).toMatchObject({ layer, iteration: Number(before.inWork?.iterations) + 1 });
    expect(events.some(({ layer: told }) => before.layers.some((done) => done.layer === told))).toBe(false);
    expect(rest).toEqual(await whole(net.fit({ backend, threads: 2 })));
  });
});

describe.each(backends)('a fit that was cancelled (%s)', (backend) => {
  property.prop(
    [
      anyGraph,
      fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 5 }),
    ],
    runs(12),
  )('again and again, comes to the same bits: any graph', async (output, stops, every) => {
    const compiled = compile(output, { seed: 5, maxIter: 60 });
    const net: Net = { fit: (options = {}) => fitCompiled(compiled, { backend, ...options }) };
    const path = fresh();
    for (const stop of stops) if (!(await cancelled(net, { checkpoint: { path, every } }, stop))) break;
    expect(await whole(net.fit({ checkpoint: { path } }))).toEqual(await whole(net.fit()));
  });

  test('in each of its layers, and between them', async () => {
    const net = longNets.deep(50);
    const path = fresh();
    const seen = new Set<string>();
    for (let left = true; left; ) {
      left = await cancelled(net, { backend, checkpoint: { path, every: 1000 } }, 33);
      const { inWork, layers } = await claims(path);
      seen.add(inWork?.layer ?? `after ${layers.length}`);
    }
    expect(seen.size).toBeGreaterThan(backend === 'reference' ? 4 : 0);
    expect(await whole(net.fit({ backend, checkpoint: { path } }))).toEqual(await whole(net.fit({ backend })));
  });

  test('in rounds of joint training', async () => {
    const x = factorInput(uniform(20, 15, 1), { name: 'x' });
    const parts = factorAdd(nmfLayer(x, { name: 'a', k: 4 }), nmfLayer(x, { name: 'c', k: 4, norm: 'L2' }));
    const graph = nmfLayer(parts, { name: 'b', k: 2, embedding: 'normalized' });
    const net = factorNet(graph, { seed: 2, training: 'joint', maxIter: 30 });
    const plain = await whole(net.fit({ backend }));
    for (const every of [1, 1000]) {
      const path = fresh();
      let rounds = 0;
      for (let left = true; left && rounds < 4; ) {
        const control = new AbortController();
        const onProgress = ({ round }: Progress) => {
          if (round !== undefined && round > rounds) control.abort();
        };
        const options = { backend, signal: control.signal, onProgress, checkpoint: { path, every } };
        left = await net.fit(options).then(
          () => false,
          () => true,
        );
        rounds = ((await claims(path)).joint?.length ?? 0) - 1;
      }
      expect(rounds).toBeGreaterThan(1);
      expect(await whole(net.fit({ backend, checkpoint: { path } }))).toEqual(plain);
      // And once more, all of it from the file.
      expect(await whole(net.fit({ backend, checkpoint: { path } }))).toEqual(plain);
    }
  });
});

const input = (seed = 1) => factorInput(uniform(12, 9, seed), { name: 'rna' });
const small = (config: GraphConfig = { seed: 1 }, k = 3, seed = 1) =>
  factorNet(nmfLayer(nmfLayer(input(seed), { name: 'a', k }), { name: 'b', k: 2 }), { maxIter: 30, ...config });

describe('a fit that is done', () => {
  test('is in its file: the same call returns it, without fitting anything', async () => {
    const path = fresh();
    const done = await whole(small().fit({ checkpoint: { path } }));
    expect(done).toEqual(await whole(small().fit()));
    const events: Progress[] = [];
    expect(await whole(small().fit({ checkpoint: { path }, onProgress: (event) => events.push(event) }))).toEqual(done);
    expect(events).toEqual([]);
    await small().fit({ checkpoint: { path, resume: false }, onProgress: (event) => events.push(event) });
    expect(events.length).toBeGreaterThan(0);
  });

  test('a seed that was drawn is kept', async () => {
    const path = fresh();
    const net = small({});
    expect(await cancelled(net, { backend: 'reference', checkpoint: { path } }, 5)).toBe(true);
    const fit = await net.fit({ backend: 'reference', checkpoint: { path } });
    const again = small({ seed: fit.summary.seed }).fit({ backend: 'reference' });
    expect(fit.a).toEqual((await again).a);
    expect((await net.fit({ checkpoint: { path: fresh() } })).summary.seed).not.toBe(fit.summary.seed);
  });
});

describe('a checkpoint that does not belong', () => {
  const fault = async (net: Net, path: string, options: FitOptions = {}) => {
    const before = await readFile(path).catch(() => null);
    const events: Progress[] = [];
    const onProgress = (event: Progress) => events.push(event);
    const error: unknown = await net
      .fit({ backend: 'reference', onProgress, checkpoint: { path }, ...options })
      .catch((thrown: unknown) => thrown);
    if (!(error instanceof ModelFileError)) throw error;
    expect(error.path).toBe(path);
    expect(events).toEqual([]);
    if (before !== null) expect(await readFile(path)).toEqual(before);
    return error;
  };
  const left = async () => {
    const path = fresh();
    expect(await cancelled(small(), { backend: 'reference', checkpoint: { path, every: 2 } }, 9)).toBe(true);
    return path;
  };

  test('of another graph, seed, data or backend: it is told what differs', async () => {
    const path = await left();
    const of = async (net: Net, options?: FitOptions) => {
      const { code, differs, message } = await fault(net, path, options);
      return { code, first: differs[0], message };
    };
    const k = await of(small({ seed: 1 }, 4));
    expect(k).toMatchObject({ code: 'other-fit', first: 'fit.0.args.k' });
    expect(k.message).toContain('fit.0.args.k (3 there, 4 here)');
    expect(k.message).toContain('resume: false');
    expect(await of(small({ seed: 2 }))).toMatchObject({ code: 'other-fit', first: 'seed' });
    expect(await of(small({}))).toMatchObject({ code: 'other-fit', first: 'seed' });
    expect(await of(small({ seed: 1, tol: 0.1 }))).toMatchObject({ code: 'other-fit', first: 'fit.0.args.tol' });
    expect(await of(small({ seed: 1 }, 3, 2))).toMatchObject({ code: 'other-fit', first: "input 'rna'" });
    if (haveNative) {
      const checkpoint = { path };
      expect(await of(small(), { backend: 'native', checkpoint })).toMatchObject({ first: 'backend' });
    }
    // The right one still goes on from it.
    expect(await whole(small().fit({ backend: 'reference', threads: 3, memory: 'low', checkpoint: { path } }))).toEqual(
      await whole(small().fit({ backend: 'reference' })),
    );
  });

  test('cut short or changed anywhere: damaged', async () => {
    const bytes = await readFile(await left());
    const bad = fresh();
    for (let length = 0; length < bytes.length; length += Math.ceil(bytes.length / 40)) {
      await writeFile(bad, bytes.subarray(0, length));
      expect((await fault(small(), bad)).code).toBe('damaged');
      const changed = Buffer.from(bytes);
      changed[length] ^= 4;
      await writeFile(bad, changed);
      expect((await fault(small(), bad)).code).toMatch(/damaged|not-a-checkpoint/);
    }
    await small().fit({ backend: 'reference', checkpoint: { path: bad, resume: false } });
    expect((await claims(bad)).layers).toHaveLength(2);
  });

  test('a saved fit, a folder, another version, and what was made up', async () => {
    const path = fresh();
    await saveFit(await small().fit(), path);
    expect((await fault(small(), path)).code).toBe('not-a-checkpoint');
    await mkdir(fresh());
    expect((await fault(small(), join(folder, `checkpoint-${count}`))).code).toBe('not-a-checkpoint');
    const file = fromBytes(await readFile(await left()));
    const forged = fresh();
    const told = async (change: object, tensors = file.tensors) => {
      const text = JSON.stringify({ ...JSON.parse(file.metadata['factorloom-checkpoint']), ...change });
      const body = [...tensors.values()].map(({ data }) => new Uint8Array(data.buffer));
      const sha256 = await hashOf([new TextEncoder().encode(text), ...body]);
      await writeFile(forged, Buffer.concat(toBytes({ tensors, metadata: { 'factorloom-checkpoint': text, sha256 } })));
      return fault(small(), forged);
    };
    expect((await told({ format: 2 })).code).toBe('newer-version');
    expect(await told({ version: '0.0.1' })).toMatchObject({ code: 'other-fit', differs: ['version'] });
    expect((await told({ seed: 'one' })).code).toBe('not-a-checkpoint');
    expect((await told({}, new Map())).code).toBe('not-a-checkpoint');
    const scalars = { loss: 1, nullLoss: 1, objective: 1, iterations: 1, stopped: 'converged', kkt: 0, restart: 0 };
    expect((await told({ layers: [{ layer: 'a', ...scalars }] })).code).toBe('not-a-checkpoint');
    expect((await told({ joint: [{ round: 0, inputs: {}, objective: 1 }] })).code).toBe('not-a-checkpoint');
  });

  test('the state of another kernel is never computed with', async () => {
    const file = fromBytes(await readFile(await left()));
    const path = fresh();
    const text = file.metadata['factorloom-checkpoint'];
    const tensors = new Map([['~state', { shape: [3], data: Float64Array.of(1, 2, 3) }]]);
    const sha256 = await hashOf([new TextEncoder().encode(text), new Uint8Array(Float64Array.of(1, 2, 3).buffer)]);
    await writeFile(path, Buffer.concat(toBytes({ tensors, metadata: { 'factorloom-checkpoint': text, sha256 } })));
    await expect(small().fit({ backend: 'reference', checkpoint: { path } })).rejects.toMatchObject({
      name: 'KernelError',
      code: 'invalid-argument',
      layer: 'a',
    });
  });

  test('where nothing can be written: before the fit, or as soon as it fails', async () => {
    expect((await fault(small(), join(folder, 'no/such/folder'))).code).toBe('not-saved');
    for (const backend of backends) {
      const place = await mkdtemp(join(folder, 'gone-'));
      const onProgress = ({ iteration }: Progress) => {
        if (iteration === 1) rmSync(place, { recursive: true });
      };
      const net = longNets.single(100_000);
      const options = { backend, onProgress, checkpoint: { path: join(place, 'a'), every: 1 } };
      await expect(net.fit(options)).rejects.toMatchObject({ name: 'ModelFileError', code: 'not-saved' });
    }
  });

  test('options that are none', async () => {
    const bad = (checkpoint: unknown) => small().fit({ checkpoint } as FitOptions); // callers without types
    const issue = (option: string) => ({ issues: [{ code: 'invalid-option', option }] });
    for (const path of [undefined, 3, '', 'a\0b'])
      await expect(bad({ path })).rejects.toMatchObject(issue('checkpoint.path'));
    for (const every of [0, -1, 1.5, '3'])
      await expect(bad({ path: fresh(), every })).rejects.toMatchObject(issue('checkpoint.every'));
    await expect(bad({ path: fresh(), resume: 'no' })).rejects.toMatchObject(issue('checkpoint.resume'));
    await expect(bad('here')).rejects.toMatchObject(issue('checkpoint'));
    await expect(bad({ path: fresh(), evry: 3 })).rejects.toThrow(/did you mean 'every'/);
  });
});
