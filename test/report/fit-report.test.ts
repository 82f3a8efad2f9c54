import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import {
  factorInput,
  factorNet,
  GraphError,
  loadFit,
  nmf,
  nmfLayer,
  partialFit,
  pca,
  ReportError,
  type Strongest,
  saveFit,
} from '../../src/index.js';
import { uniform } from '../support/matrices.js';
import { captions, cells, markup, titles } from '../support/pages.js';
import { hostile, hostileFit } from '../support/report-fits.js';

const folder = mkdtempSync(join(tmpdir(), 'report-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const fresh = () => join(folder, `${files++}.html`);

interface WithReport<O> {
  report(path: string, options?: O): Promise<void>;
}

/** The page as it was written. */
async function written<O>(of: WithReport<O>, options?: O): Promise<string> {
  const path = fresh();
  await of.report(path, options);
  return readFileSync(path, 'utf8');
}

const X = uniform(8, 12, 1);
const groups = Array.from({ length: 12 }, (_, j) => ['a', 'b & <c>', null][j % 3]);
const plain = await nmf(X, { k: 3, seed: 1, maxIter: 30 });
const deep = await hostileFit();

describe('the report of a fit', () => {
  test('says what was fitted, by tables and pictures', async () => {
    const page = await written(plain, { groups, title: 'Mine & <yours>' });
    expect(page).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(page).toContain('<title>Mine &amp; &lt;yours&gt;</title>');
    expect(titles(page)).toEqual(['The graph', 'The plan', 'The data', 'Losses', 'Layer nmf']);
    expect(markup(page)).toContain('1 input, 1 layer, 12 samples; seed 1');
    const { loss, explained } = plain.summary.inputs.data;
    expect(cells(page, 'Inputs')).toEqual([
      ['data', '8 × 12', 'none', loss.toPrecision(5), `${(100 * explained).toFixed(1)}%`],
    ]);
    expect(cells(page, 'Layers')[0].slice(0, 5)).toEqual(['nmf', 'nmf', '3', plain.loss.toPrecision(5), plain.objective.toPrecision(5)]); // biome-ignore format: one thought
    const factors = cells(page, 'Factors by weight');
    expect(factors.map(([factor, d]) => [factor, d])).toEqual(Array.from(plain.d, (d, r) => [String(r), d.toPrecision(5)])); // biome-ignore format: one thought
    const [{ feature, weight }] = plain.top(0, 1) as readonly Strongest[]; // W is one matrix
    expect(factors[0][3]).toMatch(new RegExp(`^${feature} \\(${Number(weight.toPrecision(2))}\\), `));
    // The sample in which it is strongest.
    const first = Array.from({ length: 12 }, (_, j) => plain.H.data[3 * j]);
    expect(factors[0][4]).toMatch(new RegExp(`^${first.indexOf(Math.max(...first))} \\(`));
    expect(captions(page)).toEqual([
      'What reads what, from the data above to the output below.',
      'What each factor of the output explains of each input by itself.',
      'Mean loss per entry of nmf, iteration by iteration.',
      'The features that each factor is strongest in.',
      'W: features down, those that are alike side by side, each over its largest weight; factors across.',
      'H of nmf: factors down, each over its largest weight; samples across, those that are alike side by side.',
      'The samples, by two principal components of H.',
      'What the samples of each group are made of.',
      'Where each factor is strong.',
    ]);
    expect(/NaN|undefined|\[object/.exec(markup(page))?.[0]).toBe(undefined);
  });

  test('every id is there once, and what refers to one finds it', async () => {
    const page = await written(deep);
    const ids = [...markup(page).matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
    expect(ids.length).toBeGreaterThan(12);
    expect(new Set(ids).size).toBe(ids.length);
    const wanted = [...markup(page).matchAll(/(?:url\(#|href="#|aria-labelledby=")([^)"]*)/g)].map(([, id]) => id);
    expect(wanted.length).toBeGreaterThan(12);
    for (const id of wanted) expect(ids).toContain(id);
  });

  test('names are text, whatever they hold, and nothing is asked of a network', async () => {
    const page = await written(deep, { title: hostile, groups: Array.from({ length: 9 }, (_, j) => `${hostile}${j % 2}`) }); // biome-ignore format: one thought
    const read = markup(page);
    expect(read).not.toMatch(/<img src=x|<i>|globalThis\.hit = true<\/script>/);
    expect(page).not.toMatch(/<\/script><script>globalThis/);
    expect(read).toContain('&lt;/script&gt;&lt;script&gt;globalThis.hit');
    for (const name of ['gröber', 'données', 'Ωμέγα', '日本\ufffd\ufffd', '&lt;a&gt;']) expect(read).toContain(name);
    expect(page).toContain("default-src 'none'");
    expect(read).not.toMatch(/<(script|img|link|iframe|image)[^>]*(src|href)="(?!data:)/);
  });

  test('of a deep graph: what the factors on top are in the features of the inputs, and how they are connected', async () => {
    const page = await written(deep, { layers: ['gröber'], top: 2 });
    expect(titles(page).slice(4)).toEqual(['Layer gröber']);
    expect(captions(page)).toContain('How the factors of gröber, across, are made of those below, down.');
    const { données: L } = await deep.loadings('gröber');
    const column = Array.from(L?.data.subarray(0, 4) ?? []);
    const best = column.indexOf(Math.max(...column));
    const [first] = cells(page, 'Factors by weight');
    // factor, d, explains of each, features of each, samples
    expect(first).toHaveLength(7);
    expect(first[5]).toMatch(new RegExp(`^${best} \\([^)]*\\), \\d+ \\([^)]*\\)$`));
  });

  test('of what was loaded: the same', async () => {
    const path = join(folder, 'fit.safetensors');
    await saveFit(plain, path);
    const when = /<dt>Written<\/dt><dd>[^<]*/;
    const [own, loaded] = [await written(plain, { groups }), await written(await loadFit(path), { groups })];
    expect(loaded.replace(when, '') === own.replace(when, '')).toBe(true);
  });

  test('of an SVD: what pairs explain, and samples by two of them; of one iterate there is no curve', async () => {
    const fit = await pca(X, { k: 2, seed: 1 });
    const page = await written(fit);
    expect(captions(page)).toEqual(
      expect.arrayContaining([
        'What each pair explains of the variance beside those before it, and all up to it together.',
        'The samples, by the first two pairs.',
      ]),
    );
    if (fit.history.length === 1) expect(captions(page).join()).not.toContain('Mean loss');
  });

  test('of joint training: its rounds; notes are told', async () => {
    const fine = nmfLayer(factorInput(X, { name: 'x' }), { name: 'fine', k: 9 });
    const net = factorNet(nmfLayer(fine, { name: 'top', k: 2 }), { seed: 1, training: 'joint', rounds: 3 });
    const fit = await net.fit();
    const page = await written(fit);
    const { rounds, notes } = fit.summary;
    expect(page).toContain(`the objective fell from ${rounds[0].objective.toPrecision(5)} to ${rounds[rounds.length - 1].objective.toPrecision(5)}`); // biome-ignore format: one thought
    expect(captions(page)).toContain('Mean loss per entry of x, round by round.');
    expect(page).toContain('>round</text>');
    expect(notes.length).toBeGreaterThan(0);
    for (const note of notes) expect(page).toContain(`<li>${note}</li>`);
  });

  test('what is large is a still image, or one in a few', async () => {
    const n = 6001;
    const fit = await nmf(uniform(3, n, 1), { k: 2, seed: 1, maxIter: 2 });
    const page = await written(fit, { groups: Array.from({ length: n }, (_, j) => j % 2) });
    expect(captions(page)).toContain('The samples, one in 2, by two principal components of H.');
    expect(page).toMatch(/<img src="data:image\/png;base64,[^"]*" width="\d+" alt="The samples, one in 2/);
    expect(page.length).toBeLessThan(3e6);
  });

  test('is not enumerable beside the layers, and a cancelled fit has none', async () => {
    expect(Object.keys(deep)).toEqual([`fine ${hostile}`, 'gröber', 'summary']);
    expect(JSON.parse(JSON.stringify(plain)).report).toBe(undefined);
    const reason = new Error('stop');
    const net = factorNet(nmfLayer(factorInput(X, { name: 'x' }), { name: 'a', k: 2 }));
    const control = new AbortController();
    await expect(net.fit({ signal: control.signal, onProgress: () => control.abort(reason) })).rejects.toBe(reason);
    expect(partialFit(reason)).not.toHaveProperty('report');
  });
});

describe('a report is refused', () => {
  const cases: readonly [options: object, code: string, fields: object, words: RegExp][] = [
    [{ groups: ['a'] }, 'invalid-data', { of: 'groups' }, /12, one for each sample; got 1/],
    [{ groups: 7 }, 'invalid-data', { of: 'groups' }, /one for each sample; got 7/],
    [{ layers: ['nmf', 'nfm'] }, 'invalid-option', { option: 'layers.1' }, /one of the layers nmf; got 'nfm'/],
    [{ layers: 'nmf' }, 'invalid-option', { option: 'layers' }, /a list of layers; got 'nmf'/],
    [{ top: 0 }, 'invalid-option', { option: 'top' }, /from 1 to 100; got 0/],
    [{ top: 2.5 }, 'invalid-option', { option: 'top' }, /got 2.5/],
    [{ title: 3 }, 'invalid-option', { option: 'title' }, /a text; got 3/],
    [{ topp: 3 }, 'unknown-option', { option: 'topp' }, /did you mean 'top'/],
  ];

  test.each(cases)('%o', async (options, code, fields, words) => {
    const path = fresh();
    const error = await plain.report(path, options).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(GraphError);
    expect(error).toMatchObject({ issues: [{ code, ...fields, at: 'report' }] });
    expect(String(error)).toMatch(words);
    expect(readdirSync(folder)).not.toContain(path.slice(folder.length + 1));
  });

  test('with more groups than there are colours for', async () => {
    const fit = await nmf(uniform(2, 300, 1), { k: 1, seed: 1, maxIter: 2 });
    const error = await fit.report(fresh(), { groups: Array.from({ length: 300 }, (_, j) => j) }).catch(String);
    expect(error).toMatch(/at most 255 groups; got 300/);
  });

  test.each(['', 7, undefined, 'a\0b'])('to %o', async (path) => {
    // As one without types might give it.
    const error = await plain.report(path as string).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ issues: [{ code: 'invalid-option', option: 'path', of: 'report' }] });
  });

  test('where a file cannot be written, and nothing is left there', async () => {
    const place = join(folder, 'places');
    mkdirSync(place);
    const there = join(place, 'folder.html');
    mkdirSync(there);
    writeFileSync(join(place, 'file'), 'x');
    for (const path of [there, join(place, 'none', 'a.html'), join(place, 'file', 'a.html')]) {
      const error = await plain.report(path).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(ReportError);
      expect(error).toMatchObject({ code: 'not-written', path, cause: { code: expect.stringMatching(/^E/) } });
      expect(String(error)).toMatch(/The file can't be written: .*\(.*\.html\)$/);
    }
    expect(readdirSync(place).sort()).toEqual(['file', 'folder.html']);
  });

  test('and a file that was there stays', async () => {
    const path = fresh();
    writeFileSync(path, 'before');
    chmodSync(path, 0o600);
    await expect(plain.report(path, { top: -1 })).rejects.toBeInstanceOf(GraphError);
    expect(readFileSync(path, 'utf8')).toBe('before');
  });

  test.each(['vega', 'vega-lite'])('without %s, saying which line installs it', async (name) => {
    vi.resetModules();
    vi.doMock(name, () => {
      throw new Error('no such package');
    });
    try {
      const own = await import('../../src/index.js');
      const fit = await own.nmf(X, { k: 1, seed: 1, maxIter: 2 });
      const path = fresh();
      const error = await fit.report(path).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(own.MissingPeerError);
      expect(error).toMatchObject({ package: name, install: expect.stringContaining(`npm install vega@`) });
      expect(readdirSync(folder)).not.toContain(path.slice(folder.length + 1));
    } finally {
      vi.doUnmock(name);
      vi.resetModules();
    }
  });
});
