import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  factorAdd,
  factorConcat,
  factorCondition,
  factorInput,
  factorNet,
  factorShared,
  loadFit,
  nmf,
  nmfLayer,
  plotConnections,
  saveFit,
} from '../../src/index.js';
import { entry } from '../../src/matrix.js';
import { expectFault } from '../support/faults.js';
import { lowRank, uniform } from '../support/matrices.js';
import { decoded, drawn, images, texts } from './support.js';

const x = factorInput(lowRank(20, 30, 4, 1), { name: 'x' });
const [a, b] = [nmfLayer(x, { name: 'a', k: 3 }), nmfLayer(x, { name: 'é <b>', k: 3 })];

test('rows are the factors below and columns those of the layer, over the largest weight', async () => {
  const fit = await factorNet(nmfLayer(a, { name: 'top', k: 2 }), { seed: 1 }).fit();
  const picture = plotConnections(fit, 'top');
  expect(texts(await drawn(picture)).filter((text) => /^(a|top) \d$/.test(text))).toEqual(['a 0', 'a 1', 'a 2', 'top 0', 'top 1']); // biome-ignore format: words
  // The largest has the last colour of the ramp.
  const [image] = images(picture.spec).map(decoded);
  const weights = [0, 1, 2].flatMap((i) =>
    [0, 1].map((r) => ({ i, r, weight: entry(fit.top.W, i, r) * fit.top.d[r] })),
  );
  const most = weights.reduce((most, one) => (one.weight > most.weight ? one : most));
  expect(image.at(most.i * 28, most.r * 28)).toEqual([0xfd, 0xe7, 0x25]);
  const whole = JSON.stringify(plotConnections(fit, 'top', { relative: false }).spec);
  expect(whole).toContain(`"domain":[0,${most.weight}]`);
  expect(JSON.stringify(picture.spec)).toContain('"domain":[0,1]');
});

test('of a fit that was saved and loaded it is the same', async () => {
  const fit = await factorNet(nmfLayer(a, { name: 'top', k: 2 }), { seed: 1 }).fit();
  const folder = await mkdtemp(join(tmpdir(), 'connections-'));
  try {
    await saveFit(fit, join(folder, 'fit'));
    const loaded = await loadFit(join(folder, 'fit'));
    expect(plotConnections(loaded, 'top').spec).toEqual(plotConnections(fit, 'top').spec);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('rows of stacks and sums are named by the layers that they come from; those of data are left out', async () => {
  const conditioned = factorCondition(factorConcat(a, b), uniform(2, 30, 1));
  const stacked = await factorNet(nmfLayer(conditioned, { name: 'top', k: 2 }), { seed: 1 }).fit();
  const shown = texts(await drawn(plotConnections(stacked, 'top')));
  expect(shown.slice(0, 8)).toEqual(expect.arrayContaining(['a 2', 'é &lt;b&gt; 0', 'é &lt;b&gt; 2']));
  expect(shown).toContain('rows of data and conditions are left out');
  expect(shown.some((text) => text.startsWith('condition'))).toBe(false);
  const summed = await factorNet(nmfLayer(factorAdd(a, b), { name: 'top', k: 2 }), { seed: 1 }).fit();
  expect(texts(await drawn(plotConnections(summed, 'top')))).toContain('a + é &lt;b&gt; 2');
  const mixed = await factorNet(nmfLayer(factorShared(x, a), { name: 'top', k: 2 }), { seed: 1 }).fit();
  const rows = texts(await drawn(plotConnections(mixed, 'top', { title: 'Ü' })));
  expect(rows).toEqual(expect.arrayContaining(['Ü', 'a 0', 'a 2', 'rows of data and conditions are left out']));
});

test('refuses what has no connections', async () => {
  const fit = await factorNet(nmfLayer(a, { name: 'top', k: 2 }), { seed: 1 }).fit();
  // @ts-expect-error: no layer of the fit
  expectFault(['invalid-option', () => plotConnections(fit, 'tpo'), { option: 'layer' }, /a layer of the fit: a, top; got 'tpo'/]); // biome-ignore format: one fault
  // @ts-expect-error: no layer at all
  expectFault(['invalid-option', () => plotConnections(fit, 'summary'), { option: 'layer' }, /a layer of the fit/]);
  expectFault(['invalid-option', () => plotConnections(fit, 'a'), { option: 'layer' }, /plotLoadings shows the features; got 'a'/]); // biome-ignore format: one fault
  expectFault(['invalid-data', () => plotConnections({ top: fit.top }, 'top'), { of: 'fit' }, /a fit of a graph/]);
  const plain = await nmf(lowRank(9, 8, 2, 1), { k: 2, seed: 1 });
  // @ts-expect-error: a layer by itself has none
  expectFault(['invalid-option', () => plotConnections(plain, 'nmf'), { option: 'layer' }, /plotLoadings/]);
  const odd = { colours: 'jet', relative: 1 } as never; // as a caller without types
  expect(() => plotConnections(fit, 'top', odd)).toThrow(/^2 faults/);
});
