import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { BackendUnavailableError } from '../errors.js';
import { packageVersion } from '../io/version.js';
import { loadNative, simdLevel } from '../kernels/native.js';
import { installing } from '../peers.js';

/** A package that is not needed until something is asked for. */
export interface OptionalPeer {
  readonly name: string;
  /** The versions that will do. */
  readonly wanted: string;
  /** The version that is there; null: none. */
  readonly found: string | null;
  /** Why one that is there can't be used; null: it can. */
  readonly fault: string | null;
  /** The line that installs it; null: it can be used as it is. */
  readonly install: string | null;
}

/** What factorloom runs on. */
export interface Environment {
  readonly version: string;
  readonly node: string;
  readonly platform: string;
  /** What 'auto' takes. */
  readonly backend: 'native' | 'reference';
  /** The instructions that native kernels use; null where they can't be loaded. */
  readonly simd: string | null;
  /** Where native kernels were looked for in vain, and why. */
  readonly tried: readonly { readonly path: string; readonly reason: string }[];
  /** What native kernels use, unless they are told otherwise. */
  readonly threads: number;
  readonly peers: readonly OptionalPeer[];
  /** The line that installs all peers that are missing or can't be used; null: none is. */
  readonly install: string | null;
}

/**
 * What factorloom finds on this machine: kernels, threads, and the packages that are needed for some things only. Each of these is
 * loaded, so that one that is broken is found.
 *
 * @example
 * const { backend, install } = await environment();
 */
export async function environment(): Promise<Environment> {
  const require = createRequire(import.meta.url);
  const { peerDependencies } = require('../../package.json') as { peerDependencies: Record<string, string> }; // our own package.json
  const peers: OptionalPeer[] = [];
  for (const [name, wanted] of Object.entries(peerDependencies)) {
    const { found, fault } = await peerOf(name, wanted, require);
    const usable = found !== null && fault === null;
    peers.push({ name, wanted, found, fault, install: usable ? null : installing({ [name]: wanted }) });
  }
  const lacking = peers.filter(({ install }) => install !== null);
  return Object.freeze({
    version: packageVersion(),
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    ...kernelsHere(),
    threads: availableParallelism(),
    peers,
    install:
      lacking.length === 0 ? null : installing(Object.fromEntries(lacking.map(({ name, wanted }) => [name, wanted]))),
  });
}

function kernelsHere(): Pick<Environment, 'backend' | 'simd' | 'tried'> {
  try {
    loadNative();
    return { backend: 'native', simd: simdLevel(), tried: [] };
  } catch (error) {
    if (!(error instanceof BackendUnavailableError)) throw error;
    return { backend: 'reference', simd: null, tried: error.tried };
  }
}

async function peerOf(
  name: string,
  wanted: string,
  require: NodeJS.Require,
): Promise<Pick<OptionalPeer, 'found' | 'fault'>> {
  const place = (require.resolve.paths(name) ?? [])
    .map((folder) => join(folder, name, 'package.json'))
    .find((path) => existsSync(path));
  if (place === undefined) return { found: null, fault: null };
  // A manifest, whatever is in it.
  const manifest = JSON.parse(readFileSync(place, 'utf8')) as Partial<Record<string, unknown>>;
  const { version, main, exports, module } = manifest;
  const found = String(version);
  if (!suffices(found, wanted)) return { found, fault: 'another version is needed' };
  // A package of files has nothing to load.
  if (main === undefined && exports === undefined && module === undefined) return { found, fault: null };
  const fault = await import(name).then(
    () => null,
    (error: unknown) => (error instanceof Error ? error.message.split('\n')[0] : String(error)),
  );
  return { found, fault };
}

/** Whether a version will do for a range '^a.b.c': the first number that is not 0 must be the same, the rest not less. */
export function suffices(version: string, range: string): boolean {
  const numbers = (text: string) => (/(\d+)\.(\d+)\.(\d+)/.exec(text) ?? []).slice(1).map(Number);
  const [found, least] = [numbers(version), numbers(range)];
  if (found.length === 0) return false;
  const fixed = least.findIndex((part) => part > 0);
  for (const [i, part] of least.entries()) {
    if (found[i] !== part) return i > fixed && found[i] > part;
  }
  return true;
}
