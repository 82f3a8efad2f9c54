import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { haveNative, withoutNative } from './support/native.js';

const root = fileURLToPath(new URL('..', import.meta.url));

const bootstrap = (folder: string, env: NodeJS.ProcessEnv) =>
  spawnSync(process.execPath, [join(folder, 'scripts/bootstrap.mjs')], { encoding: 'utf8', env });

test.skipIf(!haveNative)(`a broken addon is built anew, not loaded${withoutNative}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'factorloom-'));
  const native = join(folder, 'src/kernels/native');
  cpSync(join(root, 'scripts'), join(folder, 'scripts'), { recursive: true });
  cpSync(join(root, 'src/kernels/native'), native, { recursive: true, filter: (path) => !path.endsWith('target') });
  for (const file of ['package.json', 'package-lock.json']) cpSync(join(root, file), join(folder, file));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  try {
    expect(bootstrap(folder, { PATH: '' })).toMatchObject({ status: 0, stderr: '' });
    const [addon] = readdirSync(native).filter((name) => name.endsWith('.node'));
    truncateSync(join(native, addon), 1000);
    expect(bootstrap(folder, { PATH: '' }).stderr).toMatch(/No Rust here/);
    expect(existsSync(join(native, addon))).toBe(false);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.skipIf(!haveNative)(`when all is there it starts no other program and says nothing${withoutNative}`, () => {
  // With an empty PATH neither npm nor cargo could be started.
  expect(bootstrap(root, { PATH: '' })).toMatchObject({ status: 0, stdout: '', stderr: '' });
});

describe('in a copy of the project', () => {
  let copy = '';
  const native = () => join(copy, 'src/kernels/native');

  beforeEach(() => {
    copy = mkdtempSync(join(tmpdir(), 'factorloom-'));
    mkdirSync(native(), { recursive: true });
    cpSync(join(root, 'scripts'), join(copy, 'scripts'), { recursive: true });
    for (const file of ['package.json', 'package-lock.json', 'src/kernels/native/Cargo.toml'])
      cpSync(join(root, file), join(copy, file));
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  });
  afterEach(() => rmSync(copy, { recursive: true }));

  test('without Rust it says so in one line, and takes away kernels of an older source', () => {
    writeFileSync(join(native(), 'factorloom.old.node'), 'stale');
    const { status, stderr } = bootstrap(copy, { PATH: '' });
    expect(status).toBe(0);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toMatch(/No Rust here: running on the slow reference kernels\. Install Rust/);
    expect(readdirSync(native()).filter((name) => name.endsWith('.node'))).toEqual([]);
  });

  test('a build that fails is an error, not a silent fall back', () => {
    const bin = join(copy, 'bin');
    mkdirSync(bin);
    for (const [name, code] of [
      ['cargo', 0],
      ['npm', 3],
    ] as const) {
      writeFileSync(join(bin, name), `#!/bin/sh\nexit ${code}\n`, { mode: 0o755 });
    }
    const { status, stderr } = bootstrap(copy, { PATH: bin });
    expect(status).toBe(3);
    expect(stderr).toMatch(/Building the native kernels: npm run --silent build:native\nnpm failed/);
    expect(existsSync(join(native(), '.stamp'))).toBe(false);
  });

  test('packages of another lock file are installed anew', () => {
    writeFileSync(join(copy, 'package-lock.json'), '{}');
    const { status, stderr } = bootstrap(copy, { PATH: '' });
    expect(status).toBe(1);
    expect(stderr).toMatch(/Installing packages: npm install .*\nnpm failed: /);
  });
});
