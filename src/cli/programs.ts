import { access } from 'node:fs/promises';
import { createRequire, register } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Failure } from './failure.js';

const isSource = import.meta.url.endsWith('.ts');

/** What a program that the command line loads gets as 'factorloom', wherever it lies: the package that loads it. */
const OWN = new URL(isSource ? '../index.ts' : '../index.js', import.meta.url).href;
/** A program without a package.json around it is an ES module too, as one that imports and exports must be. */
const HOOK = `let own;
const modules = { commonjs: 'module', 'commonjs-typescript': 'module-typescript' };
const isLoose = (url) => /^file:.*\\.[jt]s$/.test(url) && !url.includes('/node_modules/');
export const initialize = (url) => { own = url; };
export const resolve = async (name, context, next) => {
  const found = await next(name === 'factorloom' ? own : name, context);
  return isLoose(found.url) ? { ...found, format: modules[found.format] ?? found.format } : found;
};`;

let hooked = false;

/**
 * What a program exports, in JavaScript, or in TypeScript where Node takes it, or the package tsx is there.
 *
 * @throws Failure
 */
export async function exportsOf(path: string): Promise<Readonly<Record<string, unknown>>> {
  const place = resolve(path);
  await access(place).catch((error: Error) => {
    throw new Failure(`A graph must be a file that can be read; got ${error.message}`);
  });
  if (/\.[cm]?ts$/.test(place)) await understandTypes(place);
  if (!hooked) register(`data:text/javascript,${encodeURIComponent(HOOK)}`, { data: OWN });
  hooked = true;
  try {
    return await import(pathToFileURL(place).href);
  } catch (error) {
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    throw new Failure(`A graph must be a program that can be loaded; got ${why}\n(${path})`, { cause: error });
  }
}

/** Makes TypeScript loadable: by Node itself, by what has loaded this, or by tsx of the folder of the file. */
async function understandTypes(place: string): Promise<void> {
  if (isSource || ('typescript' in process.features && process.features.typescript !== false)) return;
  for (const from of [place, import.meta.url]) {
    try {
      const require = createRequire(from);
      const manifest: { readonly exports: { readonly '.': string } } = require('tsx/package.json');
      // What 'node --import tsx' loads: it takes effect by being loaded.
      await import(pathToFileURL(join(dirname(require.resolve('tsx/package.json')), manifest.exports['.'])).href);
      return;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND')) throw error;
    }
  }
  throw new Failure(
    `A graph in TypeScript must be read by Node ≥ 22.18, or with the package tsx; got Node ${process.versions.node} without: npm install tsx, or write it in JavaScript (${place})`,
  );
}
