import { spawnSync } from 'node:child_process';
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { commandLine } from '../support/cli.js';
import { haveNative, withoutNative } from '../support/native.js';

/** What a process may hold, and a file four times as large. */
const LIMIT = 192 << 20;
const [SAMPLES, FEATURES] = [96 << 10, 2 << 10];

const GROUP = `/sys/fs/cgroup/memory/factorloom-${process.pid}`;

/** A memory cgroup (version 1) of that limit, where this user may make one. */
function limited(): boolean {
  try {
    mkdirSync(GROUP);
    writeFileSync(join(GROUP, 'memory.limit_in_bytes'), String(LIMIT));
    return true;
  } catch {
    return false;
  }
}

const can = process.platform === 'linux' && haveNative && limited();
afterAll(() => {
  if (can) rmdirSync(GROUP);
});

/** A .npy file of 32-bit floats, samples × features, mostly holes. */
async function largeFile(path: string): Promise<void> {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${SAMPLES}, ${FEATURES}), }`.padEnd(117) + '\n'; // biome-ignore format: one thought
  const file = await open(path, 'w');
  await file.write(Buffer.from(`\x93NUMPY\x01\x00\x76\x00${text}`, 'latin1'));
  const stretch = Float32Array.from({ length: 1 << 16 }, (_, p) => ((p * 7919) % 1009) / 1009);
  const apart = 16 << 20;
  for (let at = 128; at < 4 * LIMIT; at += apart)
    await file.write(new Uint8Array(stretch.buffer), 0, stretch.byteLength, at);
  await file.truncate(128 + 4 * LIMIT);
  await file.close();
}

const why = can ? '' : haveNative ? ' (no memory cgroup can be made here)' : withoutNative;

describe.skipIf(!can)(`data larger than memory${why}`, () => {
  test('a file four times as large as the limit is fitted when it is streamed, and only then', {
    timeout: 120_000,
  }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'factorloom-'));
    const { program, tidy } = commandLine(folder);
    try {
      const path = join(folder, 'large.npy');
      await largeFile(path);
      const fit = (...flags: string[]) => {
        const args = ['fit', '-i', path, '--orientation', 'samples-by-features', '-k', '2', '--seed', '1', '--max-iter', '2', '--no-checkpoint', '--json']; // biome-ignore format: one thought
        const script = `echo $$ > ${GROUP}/cgroup.procs && exec "$0" "$@"`;
        return spawnSync('sh', ['-c', script, process.execPath, program, ...args, ...flags], { encoding: 'utf8' });
      };
      const streamed = fit('--stream');
      expect([streamed.status, streamed.signal]).toEqual([0, null]);
      expect(JSON.parse(streamed.stdout)).toMatchObject({ layers: { layer: { iterations: 2 } } });
      expect(fit().status).not.toBe(0);
    } finally {
      tidy();
      await rm(folder, { recursive: true });
    }
  });
});
