import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
const compilers = ['typescript-5.9', 'typescript', 'typescript-7'];

/** Type checks some files of this folder; resolves with what tsc printed, rejects with it when there are errors. */
async function check(compiler: string, folder: string, include: readonly string[], ...flags: readonly string[]) {
  const config = join(folder, `${compiler}-${include.length}.json`);
  writeFileSync(
    config,
    JSON.stringify({
      extends: join(here, '../../tsconfig.json'),
      include,
      compilerOptions: { typeRoots: [join(here, '../../node_modules/@types')] },
    }),
  );
  const tsc = join(dirname(require.resolve(`${compiler}/package.json`)), 'bin/tsc');
  const { stdout } = await promisify(execFile)(process.execPath, [tsc, '-p', config, ...flags]).catch(
    (error: { stdout: string }) => {
      throw new Error(error.stdout);
    },
  );
  return stdout;
}

const instantiations = (printed: string): number => Number(/Instantiations:\s+(\d+)/.exec(printed)?.[1]);

describe('the types, under three compilers', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(here, '.tmp-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each(compilers)(
    '%s: what must compile does, what must not does not',
    async (compiler) => {
      await check(compiler, folder, [join(here, 'graph.test-d.ts')]);
    },
    180_000,
  );

  test.each(compilers)(
    '%s: a 60-layer chain plus a 40-branch sum costs fewer than 100 k instantiations',
    async (compiler) => {
      const base = await check(compiler, folder, [join(here, 'no-graph.ts')], '--extendedDiagnostics');
      const deep = await check(
        compiler,
        folder,
        [join(here, 'no-graph.ts'), join(here, 'deep-graph.ts')],
        '--extendedDiagnostics',
      );
      const cost = instantiations(deep) - instantiations(base);
      expect(cost).toBeGreaterThan(1000);
      expect(cost).toBeLessThan(100_000);
    },
    180_000,
  );

  test('a program with a fault in its types is refused', async () => {
    const wrong = join(folder, 'wrong.ts');
    writeFileSync(wrong, "import { nmfLayer } from '../../../src/index.js';\nnmfLayer(3, { name: 'a', k: 2 });\n");
    await expect(check('typescript', folder, [wrong])).rejects.toThrow(/TS2345/);
  }, 180_000);
});
