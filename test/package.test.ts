import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { haveNative } from './support/native.js';

const root = fileURLToPath(new URL('..', import.meta.url));

describe('the built package', () => {
  beforeAll(() => {
    execFileSync('npm', ['run', '--silent', 'build'], { cwd: root });
  }, 180_000);

  test('is imported by plain Node, by name, and fits', () => {
    const program = `
      import { factorInput, factorNet, nmfLayer } from 'factorloom';
      const { a, summary } = await factorNet(nmfLayer(factorInput([[1, 2], [3, 4]], { name: 'x' }), { name: 'a', k: 1 })).fit();
      console.log(a.W.rows, summary.backend, import.meta.resolve('factorloom').split('/').slice(-2).join('/'));`;
    const printed = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(printed.trim()).toBe(`2 ${haveNative ? 'native' : 'reference'} dist/index.js`);
  });

  test('holds what it needs and nothing else', () => {
    const [{ files }] = JSON.parse(
      execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root, encoding: 'utf8' }),
    );
    const paths: readonly string[] = files.map(({ path }: { readonly path: string }) => path);
    expect(paths).toContain('dist/index.js');
    expect(paths).toContain('dist/index.d.ts');
    expect(paths.filter((path) => /^(src|test|examples|scripts)\//.test(path))).toEqual([]);
    expect(paths.some((path) => path.endsWith('.node'))).toBe(haveNative);
  });
});
