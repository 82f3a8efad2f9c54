import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../..', import.meta.url));
const NATIVE = 'src/kernels/native';

/**
 * A program in plain JavaScript beside a copy of src, and of some files of the tests, in the same: Node begins to run it at
 * once. It lies in the project, so that packages are found, and has the native kernels where they are built.
 */
export function inPlainJs(script: string, support: readonly string[] = []) {
  const folder = mkdtempSync(join(root, 'test/.plain-'));
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))
    .map((path) => join('src', path));
  const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 };
  for (const path of [...sources, ...support]) {
    const target = join(folder, path.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, ts.transpile(readFileSync(join(root, path), 'utf8'), options));
  }
  const addons = readdirSync(join(root, NATIVE)).filter((name) => name.endsWith('.node'));
  mkdirSync(join(folder, NATIVE), { recursive: true });
  for (const path of ['package.json', ...addons.map((name) => join(NATIVE, name))])
    cpSync(join(root, path), join(folder, path));
  const program = join(folder, 'program.js');
  writeFileSync(program, script);
  return { folder, program, tidy: () => rmSync(folder, { recursive: true }) };
}
