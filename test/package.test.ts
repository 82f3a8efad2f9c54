import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

  test('fits on worker threads', () => {
    const program = `
      import { crossValidateRank } from 'factorloom';
      const X = Array.from({ length: 9 }, (_, i) => Array.from({ length: 8 }, (_, j) => (i * j) % 5));
      const tables = [];
      for (const executor of ['inline', 'threads'])
        tables.push((await crossValidateRank(X, { k: [1, 2], executor, workers: 2, threads: 2 })).table());
      console.log(tables[0] === tables[1], tables[0].length > 100);`;
    const printed = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(printed.trim()).toBe('true true');
  });

  test('has a command line that runs without the sources', () => {
    const folder = mkdtempSync(join(tmpdir(), 'factorloom-user-'));
    try {
      mkdirSync(join(folder, 'bin'));
      // Not through a link, which would lead back to the sources.
      copyFileSync(join(root, 'bin/factorloom.mjs'), join(folder, 'bin/factorloom.mjs'));
      symlinkSync(join(root, 'dist'), join(folder, 'dist'));
      const graph =
        "import { factorInput, nmfLayer } from 'factorloom';\nexport default nmfLayer(factorInput([[1, 2], [3, 4]], { name: 'x' }), { name: 'a', k: 1 });";
      writeFileSync(join(folder, 'graph.mjs'), graph);
      const args = [join(folder, 'bin/factorloom.mjs'), 'explain', join(folder, 'graph.mjs')];
      expect(execFileSync(process.execPath, args, { encoding: 'utf8' })).toMatch(/nmf %0 k=1/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('its types serve a strict project that writes declarations', () => {
    const project = mkdtempSync(join(tmpdir(), 'factorloom-user-'));
    mkdirSync(join(project, 'node_modules'));
    symlinkSync(root, join(project, 'node_modules/factorloom'));
    writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
    const options = {
      module: 'nodenext',
      target: 'es2023',
      strict: true,
      declaration: true,
      outDir: 'out',
      types: ['node'],
    };
    const compilerOptions = {
      ...options,
      exactOptionalPropertyTypes: true,
      typeRoots: [join(root, 'node_modules/@types')],
    };
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
    writeFileSync(
      join(project, 'nodes.ts'),
      `import { factorAdd, factorCondition, factorInput, factorNet, factorShared, nmfLayer, svdLayer } from 'factorloom';
      export const rna = factorInput([[1, 2]], { name: 'rna' });
      export const both = factorShared(rna, factorInput([[1, 2]], { name: 'atac' }));
      export const parts = nmfLayer(both, { name: 'parts', k: 2 });
      export const even = factorShared(rna, parts, { weights: { parts: 'balance' } });
      export const sum = factorAdd(parts, svdLayer(rna, { name: 'axes', k: 2 }));
      export const top = factorCondition(sum, [[1, 2]]).nmfLayer({ name: 'top', k: 1 });
      export const fit = factorNet(top).fit();`,
    );
    try {
      execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', project], {
        encoding: 'utf8',
      });
      expect(readFileSync(join(project, 'out/nodes.d.ts'), 'utf8')).toMatch(/fit: Promise</);
    } finally {
      rmSync(project, { recursive: true });
    }
  }, 60_000);

  test('holds what it needs and nothing else', () => {
    const [{ files }] = JSON.parse(
      execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root, encoding: 'utf8' }),
    );
    const paths: readonly string[] = files.map(({ path }: { readonly path: string }) => path);
    expect(paths).toContain('dist/index.js');
    expect(paths).toContain('dist/index.d.ts');
    expect(paths).toContain('bin/factorloom.mjs');
    expect(paths).toContain('dist/cli/main.js');
    expect(paths).toContain('graph.schema.json');
    expect(paths.filter((path) => /^(src|test|examples|scripts)\//.test(path))).toEqual([]);
    expect(paths.some((path) => path.endsWith('.node'))).toBe(haveNative);
  });
});
