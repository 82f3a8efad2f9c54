import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import {
  crossValidateRank,
  factorInput,
  GraphError,
  graphSweep,
  nmfLayer,
  openSweep,
  ReportError,
  W,
} from '../../src/index.js';
import { uniform } from '../support/matrices.js';
import { captions, cells, markup, titles } from '../support/pages.js';
import { hostile } from '../support/report-fits.js';

const folder = mkdtempSync(join(tmpdir(), 'sweep-report-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const fresh = () => join(folder, `${files++}.html`);
const written = async (of: { report(path: string, options?: { title?: string }): Promise<void> }) => {
  const path = fresh();
  await of.report(path);
  return readFileSync(path, 'utf8');
};

const X = uniform(12, 15, 1);
const store = join(folder, 'sweep.db');
const sweep = graphSweep({
  params: { k: [1, 2, 3], L1: [0, 0.01] },
  layerFn: ({ k, L1 }) => {
    if (k === 3 && L1 > 0) throw new Error(hostile);
    return nmfLayer(factorInput(X, { name: 'x' }), { name: 'parts', k, maxIter: 30, W: W({ L1 }) });
  },
  ...{ reps: 2, seed: 3, testFraction: 0.2 },
});
const found = await sweep.run({ store, keep: 'best' });
const page = await written(found);

describe('the report of a sweep', () => {
  test('says what was chosen, of which points, and why', () => {
    expect(titles(page)).toEqual([
      'The choice',
      'The parameters',
      'The graph of the best point',
      'The work',
      'What failed, and why',
      'Every row',
    ]);
    expect(markup(page)).toContain('<title>Sweep over k, L1</title>');
    for (const fact of ['2, each of 20.0% of entries', '<dd>3</dd>', '<dd>0.001</dd>']) expect(markup(page)).toContain(fact); // biome-ignore format: one thought
    expect(markup(page)).toContain(`<p>${found.reason}</p>`);
    const points = cells(page, 'Points by rising');
    expect(points).toHaveLength(6);
    expect(points.slice(0, 5).map((line) => line.slice(0, 3))).toEqual(
      found.points.map(({ params, testLoss }) => [String(params.k), String(params.L1), testLoss.toPrecision(5)]),
    );
    expect(points[0][7]).toMatch(/^best/);
    expect(points[5]).toEqual(['3', '0.01', '', '', '', '', '', 'failed on 2']);
    const drawn = [/held out, ± one standard error/, /in the order in which they were tried/, /Every point over/, /each parameter explains/, /What reads what/]; // biome-ignore format: one thought
    expect(captions(page)).toEqual(drawn.map((words) => expect.stringMatching(words)));
    expect(/NaN|undefined|\[object/.exec(markup(page))?.[0]).toBe(undefined);
  });

  test('has every row, and what failed once for all masks, as text', () => {
    expect(cells(page, 'Every point on every mask')).toHaveLength(12);
    const [failure, ...others] = cells(page, '2 rows');
    expect(others).toEqual([]);
    expect(failure.slice(0, 4)).toEqual(['3', '0.01', '0, 1', 'invalid-point']);
    expect(failure[4]).toContain('&lt;/script&gt;&lt;script&gt;');
    expect(markup(page)).not.toContain('<img');
    const { fitted, asked } = found.work;
    expect(markup(page)).toContain(`<dd>${asked}</dd>`);
    expect(markup(page)).toContain(`<dd>${fitted} (`);
  });

  test('of a store: the same points; the graph of the best is known where its fit is kept', async () => {
    const stored = await written(await openSweep(store));
    expect(titles(stored)).toEqual(titles(page).filter((title) => title !== 'The work'));
    for (const caption of ['Points by rising', '2 rows']) expect(cells(stored, caption)).toEqual(cells(page, caption));
    // Without fits nobody knows the graph.
    rmSync(`${store}.fits`, { recursive: true });
    expect(titles(await written(await openSweep(store)))).not.toContain('The graph of the best point');
  });

  test('says what a picture lacks where it cannot be drawn', async () => {
    const one = graphSweep({
      params: { k: [1, 2], L1: [0.1] },
      layerFn: ({ k, L1 }) => nmfLayer(factorInput(X, { name: 'x' }), { name: 'parts', k, maxIter: 5, W: W({ L1 }) }),
      reps: 1,
    });
    const page = markup(await written(await one.run()));
    expect(page).toMatch(/each parameter explains by itself: not drawn, for the sweep must be .*at least 2 values of L1.*; got 1\./); // biome-ignore format: one thought
  });

  test('of a store in which no point is done yet, and of ranks', async () => {
    const begun = join(folder, 'begun.db');
    const control = new AbortController();
    await crossValidateRank(X, { k: [1, 2], seed: 1, store: begun, signal: control.signal, onProgress: () => control.abort() }).catch(() => {}); // biome-ignore format: one thought
    const early = await openSweep(begun);
    expect(early.points).toEqual([]);
    const page = await written(early);
    expect(markup(page)).toContain('No point is done on every mask yet.');
    expect(titles(page)).toEqual(['The choice', ...(early.rows.length > 0 ? ['Every row'] : [])]);
    const ranks = await crossValidateRank(X, { k: [1, 2], seed: 1, reps: 1 });
    const path = fresh();
    await ranks.report(path, { title: 'Ränge' });
    expect(readFileSync(path, 'utf8')).toContain('<h1>Ränge</h1>');
    // One parameter is its own curve, and nothing is to be weighed.
    expect(readFileSync(path, 'utf8')).not.toContain('The parameters');
    // One mask has no standard error: its columns are not there.
    expect(cells(readFileSync(path, 'utf8'), 'Points by rising')[0]).toHaveLength(5);
  });
});

describe('a report of a sweep is refused', () => {
  test.each([
    [{ title: 1 }, 'invalid-option', 'title'],
    [{ groups: [] }, 'unknown-option', 'groups'],
    [null, 'invalid-option', 'options'],
  ])('%o', async (options, code, option) => {
    // As one without types might give them.
    const error = await found.report(fresh(), options as never).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(GraphError);
    expect(error).toMatchObject({ issues: [{ code, option, at: 'report' }] });
  });

  test('where it cannot be written', async () => {
    const written = () => readdirSync(folder).filter((name) => /html|part/.test(name));
    const before = written();
    await expect(found.report(join(folder, 'none', 'a.html'))).rejects.toBeInstanceOf(ReportError);
    await expect(found.report(folder)).rejects.toMatchObject({ code: 'not-written', path: folder });
    expect(written()).toEqual(before);
  });
});
