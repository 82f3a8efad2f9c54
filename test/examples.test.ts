import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Lines that a person would look for, per example. */
const expected: Readonly<Record<string, readonly RegExp[]>> = {
  '00-territories.ts': [
    /%2 = stackRows %0 %1 {3}221×248, no copy/,
    /layer 1\/1 spheres: iteration \d+ of at most 500, loss [\d.]+, done/,
    /languages {2}196 × 248 {3}mse [\d.e-]+ {3}explained 5\d\.\d%/,
    /geography {2}25 × 248 {3}mse [\d.e-]+ {3}explained 9\d\.\d%/,
    /Russian, Ukrainian.*\n.*Russia, Belarus/,
    /Portuguese, .*\n.*Brazil, .*Angola/,
    /Arabic.*\n.*Saudi Arabia/,
    /Chinese, .*\n.*China, Taiwan/,
    /one page, with pictures: examples\/out\/territories\.html\n/,
  ],
  '01-plain.ts': [
    /W 196 × 12, H 12 × 248/,
    /Russian, Ukrainian, \w+: Russia/,
    /Portuguese, .*: Brazil/,
    /Korean, Japanese: South Korea/,
  ],
  '02-shared.ts': [/W\.languages 196 × 13, W\.geography 25 × 13, H 13 × 248/, /geography explained together: 9\d/],
  '03-deep.ts': [
    /layer 2\/2 eras/,
    /Around 18[45]\d: .*from 1790 to/,
    /Around 19[78]\d: .* to 2021/,
    /iraq terrorists/,
  ],
  '04-branches.ts': [/add %4 %9/, /top: W 13 × 6, H 6 × 248/, /languages explained through the whole graph: \d\d/],
  '05-condition.ts': [/W 12 × 6, Wcondition 6 × 6/, /Europe: German/, /Americas: Spanish/],
  '06-sweep.ts': [
    /all points {2}≤ 1\.\d+ G multiply-adds/,
    /40 of 40: k = 8, mask 4/,
    /k = \d, L1 = 0.* has the lowest held-out error/,
    /44 of 80 layers were fitted: 1\d% of the multiply-adds/,
  ],
  '07-multiplicative.ts': [
    /200 updates: cost 66\.0418 after the first, 0\.26872 after the last/,
    /largest step -4\.2108e-4: it never rises/,
    /relative error 0\.02352/,
    /samples 1 to 14/,
    /samples 13 to 27/,
    /samples 26 to 40/,
    /by exact coordinate steps: cost 0\.22\d\d/,
  ],
  '08-alternating.ts': [
    /half-step 1, X: residual 4\.812942\nhalf-step 2, Y: residual 0\.391006\nhalf-step 3, X: residual 0\.193458/,
    /half-step 25, X: residual 0\.010112\n/,
    /half-step 30, Y: residual 0\.004864\n/,
    /the layer after 15 iterations: residual 0\.004864/,
    /extrapolated: residual \d\.\de-\d+/,
  ],
};

const run = async (name: string) =>
  (await promisify(execFile)('npx', ['tsx', '--conditions=source', `examples/${name}`], { cwd: root })).stdout;

describe('examples', () => {
  test('each has a test', () => {
    const files = readdirSync(`${root}/examples`).filter((name) => /^\d\d-/.test(name));
    expect(files).toEqual(Object.keys(expected));
  });

  test.each(Object.entries(expected))('%s', async (name, patterns) => {
    const stdout = await run(name);
    for (const pattern of patterns) expect(stdout).toMatch(pattern);
    expect(stdout).not.toMatch(/NaN|undefined|Infinity/);
  });

  test('README shows what the first one prints', async () => {
    const shown = /```\n(Loss per modality[^`]*)```/.exec(readFileSync(`${root}/README.md`, 'utf8'))?.[1] ?? '';
    const printed = await run('00-territories.ts');
    const parts = shown.trimEnd().split('\n\n');
    expect(parts).toHaveLength(5);
    for (const part of parts) expect(printed).toContain(part);
  });
});
