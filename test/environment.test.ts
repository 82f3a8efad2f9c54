import type * as Fs from 'node:fs';
import { readFileSync } from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';

const { peerDependencies, peerDependenciesMeta } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
);

/** What is found where these packages aren't there, and those can't be loaded. */
async function environmentWithout(missing: readonly string[], broken: readonly string[] = []) {
  vi.resetModules();
  vi.doMock('node:fs', async (original) => {
    const real = await original<typeof Fs>();
    const existsSync = (path: string) => real.existsSync(path) && !missing.some((name) => path.includes(`/${name}/`));
    return { ...real, existsSync };
  });
  for (const name of broken)
    vi.doMock(name, () => {
      throw new Error('it is broken');
    });
  const { environment } = await import('../src/environment/environment.js');
  return environment();
}
afterEach(() => {
  for (const name of ['node:fs', 'yaml']) vi.doUnmock(name);
  vi.resetModules();
});

test('every optional package of the manifest is listed, each with the line that installs it where it is missing', async () => {
  const { peers, install } = await environmentWithout(['h5wasm', 'hyparquet'], ['yaml']);
  const listed = Object.fromEntries(peers.map(({ name, wanted }) => [name, wanted]));
  expect(listed).toEqual(peerDependencies);
  expect(Object.keys(listed).toSorted()).toEqual(Object.keys(peerDependenciesMeta).toSorted());
  const lines = ['h5wasm', 'hyparquet', 'yaml'].map((name) => `${name}@${peerDependencies[name]}`);
  expect(install).toBe(`npm install ${lines.join(' ')}`);
  for (const peer of peers) {
    const lacking = ['h5wasm', 'hyparquet', 'yaml'].includes(peer.name);
    expect(peer.install, peer.name).toBe(lacking ? `npm install ${peer.name}@${peer.wanted}` : null);
    expect(peer.fault === null, peer.name).toBe(peer.name !== 'yaml');
    expect(peer.found === null, peer.name).toBe(lacking && peer.name !== 'yaml');
  }
});

test('where nothing is missing there is no line', async () => {
  const { peers, install } = await environmentWithout([]);
  expect([install, peers.every(({ found }) => found !== null)]).toEqual([null, true]);
});
