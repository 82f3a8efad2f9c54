import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

test('the package, the native crates and the citation have one version', () => {
  const { version } = JSON.parse(read('package.json'));
  expect(read('src/kernels/native/Cargo.toml')).toContain(`version = "${version}"`);
  expect(read('CITATION.cff')).toContain(`version: ${version}`);
  expect(read('CHANGELOG.md')).toContain(`## ${version}`);
});
