import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { BackendUnavailableError, KernelError } from './errors.js';
import type * as Native from './kernels/native/addon.js';

/** What the Rust crates export: see addon.d.ts. */
export type Addon = typeof Native;

const require = createRequire(import.meta.url);

let loaded: Addon | undefined;
let absent = false;

/**
 * What is written in Rust.
 *
 * @throws BackendUnavailableError when it is not built, or built for another version or platform.
 */
export function loadAddon(): Addon {
  loaded ??= found();
  return loaded;
}

/** The same, or null where it can't be had. Once found absent it is not looked for again. */
export function addonOrNull(): Addon | null {
  if (absent) return null;
  try {
    return loadAddon();
  } catch (error) {
    if (!(error instanceof BackendUnavailableError)) throw error;
    absent = true;
    return null;
  }
}

function found(): Addon {
  const tried: { path: string; reason: string }[] = [];
  for (const path of candidates()) {
    try {
      const own: unknown = require(path);
      const fault = faultOf(own);
      if (fault === null) return own as Addon; // its shape and its version were checked just now
      tried.push({ path, reason: fault });
    } catch (error) {
      const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
      tried.push({ path, reason: missing(error) ? 'no such file' : reason });
    }
  }
  throw new BackendUnavailableError('native', tried);
}

/** Beside the kernels; when this lies in dist/, in the sources too. */
function candidates(): string[] {
  const abis: Partial<Record<NodeJS.Platform, readonly string[]>> = { linux: ['-gnu', '-musl'], win32: ['-msvc'] };
  const files = (abis[process.platform] ?? ['']).map(
    (abi) => `factorloom.${process.platform}-${process.arch}${abi}.node`,
  );
  const folders = ['./kernels/native/', '../src/kernels/native/'];
  return [
    ...new Set(
      folders.flatMap((folder) => files.map((file) => fileURLToPath(new URL(folder + file, import.meta.url)))),
    ),
  ];
}

function missing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND';
}

/** Why a module is not the addon of this package, or null. */
function faultOf(found: unknown): string | null {
  if (typeof found !== 'object' || found === null) return 'not a module';
  const names: readonly (keyof Addon)[] = [
    'Cancel',
    'Feed',
    'TextFile',
    'deviance',
    'encode',
    'examine',
    'factorLosses',
    'improve',
    'mse',
    'multiply',
    'nmf',
    'nmfStreamed',
    'provokePanic',
    'simd',
    'svd',
    'tied',
    'version',
  ];
  const exported: Partial<Record<string, unknown>> = { ...found };
  const absent = names.filter((name) => typeof exported[name] !== 'function');
  if (absent.length > 0) return `does not export ${absent.join(', ')}`;
  const built = (found as Addon).version(); // every export was found to be a function just now
  const { version } = require('../package.json') as { version: string }; // our own package.json
  return built === version ? null : `was built for version ${built}, not ${version}`;
}

/**
 * What a call came to.
 *
 * @throws KernelError
 */
export function unwrap<T extends number | object | null>(outcome: T | Native.Failure): T {
  if (typeof outcome === 'object' && outcome !== null && 'error' in outcome)
    throw new KernelError(outcome.error.code, outcome.error.message);
  return outcome;
}
