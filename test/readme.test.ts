import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { quoteTable } from '../bench/report/quote-table.js';
import type { Report } from '../bench/report/report.js';
import { factorInput, factorNet, factorShared, nmfLayer } from '../src/index.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const blocks = [...readme.matchAll(/```(\w*)\n([\s\S]*?)```/g)].map(([, language, body]) => ({ language, body }));
const programs = blocks.flatMap(({ language, body }, i) =>
  language === 'ts' ? [{ i, body, printed: blocks[i + 1]?.language === 'text' ? blocks[i + 1].body : undefined }] : [],
);

describe('README', () => {
  const folder = mkdtempSync(join(root, 'test/.readme-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  test('has programs, and shows what most of them print', () => {
    expect(programs.length).toBeGreaterThanOrEqual(5);
    expect(programs.filter(({ printed }) => printed !== undefined).length).toBeGreaterThanOrEqual(4);
  });

  test.each(programs)('program $i runs, and prints what stands below it', async ({ i, body, printed }) => {
    const file = join(folder, `program-${i}.ts`);
    writeFileSync(file, body);
    const { stdout } = await promisify(execFile)('npx', ['tsx', '--conditions=source', file], { cwd: root });
    if (printed === undefined) expect(stdout).not.toBe('');
    else expect(stdout).toBe(printed);
  });

  test('type checks', async () => {
    const config = join(folder, 'tsconfig.json');
    writeFileSync(config, JSON.stringify({ extends: '../../tsconfig.json', include: ['*.ts'] }));
    for (const { i, body } of programs) writeFileSync(join(folder, `program-${i}.ts`), body);
    await promisify(execFile)('npx', ['tsc', '-p', config], { cwd: root }).catch((error: { stdout: string }) => {
      throw new Error(error.stdout);
    });
  });

  test('the flowchart is that of its first program', () => {
    const rna = factorInput({ rows: 4, cols: 6, data: new Float64Array(24) }, { name: 'rna' });
    const atac = factorInput({ rows: 3, cols: 6, data: new Float64Array(18) }, { name: 'atac' });
    const net = factorNet(nmfLayer(factorShared(rna, atac), { name: 'joint', k: 2 }));
    expect(blocks.find(({ language }) => language === 'mermaid')?.body).toBe(`${net.toMermaid()}\n`);
  });

  const latest = join(root, 'bench/results/latest.json');
  test.skipIf(!existsSync(latest))('quotes the last bench, figure by figure', () => {
    expect(readme).toContain(quoteTable(JSON.parse(readFileSync(latest, 'utf8')) as Report)); // the bench wrote it
  });

  test('names every function of the builder, and its two commands', () => {
    for (const name of [
      'factorInput',
      'nmfLayer',
      'svdLayer',
      'factorShared',
      'factorConcat',
      'factorAdd',
      'factorCondition',
      'factorNet',
    ]) {
      expect(readme).toContain(name);
    }
    expect(readme).toMatch(/npm start.*\nnpm test/);
  });
});
