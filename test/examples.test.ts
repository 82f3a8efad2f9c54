import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import * as factorloom from '../src/index.js';

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
    /graph {7}(\S+ +\d+)\nnmf\(\) {7}\1\nthe same bits/,
  ],
  '02-shared.ts': [
    /W\.languages 196 × 13, W\.geography 25 × 13, H 13 × 248/,
    /geography explained together: 9\d/,
    /6 of 13 factors are at \.9/,
  ],
  '03-deep.ts': [
    /layer 2\/2 eras/,
    /Around 18[45]\d: .*from 1790 to/,
    /Around 19[78]\d: .* to 2021/,
    /iraq terrorists/,
    /from 12 topics 9\.5\d+e-5, from 3 eras through them 1\.1\d+e-4/,
  ],
  '04-branches.ts': [
    /add %4 %9/,
    /top: W 13 × 6, H 6 × 248/,
    /languages explained through the whole graph: \d\d/,
    /merged: W 13 × 5, H 5 × 248/,
  ],
  '05-condition.ts': [/W 12 × 6, Wcondition 6 × 6/, /Europe: German/, /Americas: Spanish/],
  '06-sweep.ts': [
    /all points {2}≤ 1\.\d+ G multiply-adds/,
    /60 of 60: k = 8, mask 4/,
    /k = \d, L1 = 0.* has the lowest held-out error/,
    /64 of 120 layers were fitted: 7% of the multiply-adds/,
  ],
  '07-multiplicative.ts': [
    /200 updates: cost 66\.0418 after the first, 0\.26872 after the last/,
    /largest step -4\.2108e-4: it never rises/,
    /relative error 0\.02352/,
    /samples 1 to 14/,
    /samples 13 to 27/,
    /samples 26 to 40/,
    /by exact coordinate steps: cost 0\.22\d\d/,
    /picture: .*multiplicative-cost\.svg/,
  ],
  '08-alternating.ts': [
    /half-step 1, X: residual 4\.812942\nhalf-step 2, Y: residual 0\.391006\nhalf-step 3, X: residual 0\.193458/,
    /half-step 25, X: residual 0\.010112\n/,
    /half-step 30, Y: residual 0\.004864\n/,
    /the layer after 15 iterations: residual 0\.004864/,
    /extrapolated: residual \d\.\de-\d+/,
    /\nA − YX\n( *-?0\.00\d\d){10}\n/,
  ],
  '09-recovery.ts': [
    /W 200 × 5, loss 3\.7387e-7 after \d+ iterations/,
    /true and learned {7}(0\.9[0-3]\d ?){5}\n/,
    /least squares, learned (0\.9[789]\d ?){5}\n/,
  ],
  '10-rank.ts': [
    /k = 5 has the lowest held-out error/,
    /k = 5, right: train 3\.7\d+e-7, test 4\.9\d+e-7/,
    /k = 15, too many: train 2\.8\d+e-7, test 6\.\d+e-7, lowest 5\.\d+e-7 after \d\n/,
  ],
  '11-interpretation.ts': [
    /Russian\n {2}Russian 0\.\d+, .*Ukrainian.*\n {2}Russia, Belarus/,
    /Portuguese\n {2}Portuguese.*\n {2}Brazil, Angola/,
    /Arabic\n {2}Arabic.*Levantine Arabic/,
  ],
  '12-starts.ts': [
    /random +\d+ {3}9\.127?\d*e-4\nsvd +\d+ {3}9\.127?\d*e-4/,
    /0 of 8 random starts end as low as the SVD's/,
    /best of 20 +\d+ {3}9\.1269e-4/,
  ],
  '13-projective.ts': [
    /standard {5,}0\.44\d +0\.38\d +0\.2\d+ {3}1\.008e-4 {2}32\.\d%/,
    /projective {5,}0\.08\d +0\.5[89]\d +0\.6\d+ {3}1\.04\de-4 {2}29\.\d%/,
    /must be symmetric or projective, not both/,
  ],
  '14-guided.ts': [
    /λ = -1 +0\.0\d .*\nλ = -0\.3 +0\.1\d .*\nunguided +0\.1\d .* 0\.0%\nλ = 0\.1 +0\.2\d .*\nλ = 0\.3 +0\.4\d .*\nλ = 1 +1\d\.\d\d /,
    /refine, 1 cycle +0\.5\d .*\nrefine, 3 cycles +0\.8\d /,
  ],
  '15-shared-guided.ts': [
    /W\.languages 196 × 8, W\.geography 25 × 8, H 8 × 248/,
    /unguided +1\.0\d +47\.\d% +91\.\d%\nguided +3\.\d\d +3\d\.\d% +90\.\d%/,
  ],
  '16-deep-sweep.ts': [
    /16 of 24 layers were fitted: the first once for each of 4 masks/,
    /k = 8 has the lowest held-out error/,
    /first\.H 20 × 233, second\.H 8 × 233/,
  ],
};

interface Ran {
  readonly stdout: string;
  readonly folder: string;
  /** Names of the pictures that were written. */
  readonly pictures: readonly string[];
}

const ran = new Map<string, Promise<Ran>>();
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Runs an example once, its pictures in a folder of its own. */
function run(name: string): Promise<Ran> {
  const before = ran.get(name);
  if (before !== undefined) return before;
  const running = (async () => {
    const folder = mkdtempSync(join(tmpdir(), 'factorloom-example-'));
    folders.push(folder);
    const env = { ...process.env, EXAMPLES_OUT: folder };
    const { stdout } = await promisify(execFile)('npx', ['tsx', '--conditions=source', `examples/${name}`], { cwd: root, env }); // biome-ignore format: one thought
    return { stdout, folder, pictures: readdirSync(folder).sort() };
  })();
  ran.set(name, running);
  return running;
}

/** What stands at the beginning of a file of that kind. */
const beginnings = { svg: '<svg', png: '\x89PNG' } as const;

describe('examples', () => {
  test('each has a test', () => {
    const files = readdirSync(`${root}/examples`).filter((name) => /^\d\d-/.test(name));
    expect(files).toEqual(Object.keys(expected));
  });

  test.each(Object.entries(expected))('%s', async (name, patterns) => {
    const { stdout, folder, pictures } = await run(name);
    for (const pattern of patterns) expect(stdout).toMatch(pattern);
    expect(stdout).not.toMatch(/NaN|undefined|Infinity/);
    expect(stdout.match(/^picture: /gm) ?? []).toHaveLength(pictures.length);
    for (const picture of pictures) {
      const bytes = readFileSync(join(folder, picture));
      expect(bytes.toString('latin1')).toMatch(new RegExp(`^${beginnings[picture.endsWith('.svg') ? 'svg' : 'png']}`));
      expect(bytes.length, picture).toBeGreaterThan(2000);
      expect(bytes.toString('latin1')).not.toMatch(/NaN|undefined|Infinity/);
    }
  });

  test('README shows what the first one prints', async () => {
    const shown = /```\n(Loss per modality[^`]*)```/.exec(readFileSync(`${root}/README.md`, 'utf8'))?.[1] ?? '';
    const { stdout: printed } = await run('00-territories.ts');
    const parts = shown.trimEnd().split('\n\n');
    expect(parts).toHaveLength(5);
    for (const part of parts) expect(printed).toContain(part);
  });

  test('the pictures beside them are those that they write', async () => {
    const written = (await Promise.all(Object.keys(expected).map(run))).flatMap(({ pictures }) => pictures);
    expect(new Set(written).size).toBe(written.length);
    expect(readdirSync(`${root}/examples/out`).filter((name) => !name.endsWith('.html'))).toEqual(written.sort()); // biome-ignore format: one thought
  });

  describe('the gallery', () => {
    const text = readFileSync(`${root}/examples/README.md`, 'utf8');
    const all = (pattern: RegExp) => [...text.matchAll(pattern)].map((match) => match[1]);

    test('shows pictures that are there, and links files that are there', () => {
      const shown = all(/<img src="out\/([^"]+)"/g).concat(all(/!\[[^\]]*\]\(out\/([^)]+)\)/g));
      expect(shown.length).toBeGreaterThan(15);
      for (const name of shown) expect(readdirSync(`${root}/examples/out`)).toContain(name);
      const links = all(/\]\(([^)#]+)\)/g);
      expect(links.length).toBeGreaterThan(20);
      for (const link of links) expect(existsSync(join(root, 'examples', link)), link).toBe(true);
    });

    test('names functions that there are, in the second column', () => {
      const cells = text.split('\n').filter((line) => line.startsWith('| ')).map((line) => line.split(' | ')[1] ?? ''); // biome-ignore format: one thought
      const names = cells.flatMap((cell) => [...cell.matchAll(/`([a-zA-Z]\w*)\(/g)].map((match) => match[1]));
      expect(names.length).toBeGreaterThan(20);
      for (const name of names) expect(Object.keys(factorloom)).toContain(name);
    });
  });
});
