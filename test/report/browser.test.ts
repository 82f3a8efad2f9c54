import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Resvg } from '@resvg/resvg-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadTerritories } from '../../examples/data/territories.js';
import { crossValidateRank, factorInput, factorNet, factorShared, nmfLayer } from '../../src/index.js';
import { chromium, type Visit, type VisitOptions, visit } from '../support/chromium.js';
import { hostile, hostileFit } from '../support/report-fits.js';

const folder = mkdtempSync(join(tmpdir(), 'browser-'));
afterAll(() => rmSync(folder, { recursive: true }));
const place = (name: string) => join(folder, `${name}.html`);

/** Visits a page, and leaves whatever comes. */
async function visited<T>(name: string, look: (page: Visit) => Promise<T>, options?: VisitOptions): Promise<T> {
  const page = await visit(place(name), options);
  try {
    return await look(page);
  } finally {
    await page.close();
  }
}

/** The pointer comes to every picture, and these have been drawn anew. */
const TOUCHED = `(async () => {
  const pictures = [...document.querySelectorAll('figure:has(> script) .picture')];
  const still = pictures.map((picture) => picture.firstElementChild);
  for (const picture of pictures) picture.dispatchEvent(new PointerEvent('pointerenter'));
  for (let i = 0; i < 200; i++) {
    await new Promise((resolve) => setTimeout(resolve, 25));
    if (pictures.every((picture, i) => picture.querySelector('svg') && !picture.contains(still[i]))) return pictures.length;
  }
  return 'not all were drawn';
})()`;

const onFiles = (requests: readonly string[]) => requests.filter((address) => !address.startsWith('data:'));

describe.skipIf(chromium === undefined)(
  chromium === undefined ? 'a report in a browser: skipped, for there is no chromium' : 'a report in a browser',
  { timeout: 60_000 },
  () => {
    beforeAll(async () => {
      const data = loadTerritories();
      const languages = factorInput(data.languages, { name: 'languages', featureNames: data.languageNames });
      const geography = factorInput(data.geography, { name: 'geography', sampleNames: data.territoryNames });
      const spheres = nmfLayer(factorShared(languages, geography), { name: 'spheres', k: 13 });
      const fit = await factorNet(spheres, { seed: 1, maxIter: 500, tol: 1e-6 }).fit();
      await fit.report(place('territories'), { groups: data.regions });
      await (await hostileFit()).report(place('hostile'), { title: hostile });
      await (await crossValidateRank(data.geography, { k: [1, 2, 3], seed: 1 })).report(place('sweep'));
    }, 60_000);

    test('of the multi-modal example: small, whole, quiet, and by itself', async () => {
      expect(statSync(place('territories')).size).toBeLessThan(3e6);
      await visited('territories', async (page) => {
        expect(await page.evaluate('document.title')).toBe('Factorization of languages, geography');
        const text = String(await page.evaluate('document.body.innerText'));
        for (const words of ['Layer spheres', 'Russian (', 'stackRows', 'explains geography']) expect(text).toContain(words); // biome-ignore format: one thought
        expect(await page.evaluate("document.querySelectorAll('figure svg').length")).toBe(10);
        // Nothing is wider than the page.
        expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
        expect(await page.evaluate(TOUCHED)).toBe(10);
        expect(page.said).toEqual([]);
        expect(onFiles(page.requests)).toEqual([`file://${place('territories')}`]);
        // A network is not even asked for.
        expect(await page.evaluate("fetch('https://example.org').then(() => 'came', () => 'refused')")).toBe('refused');
        expect(page.said.join()).toContain('Content Security Policy');
      });
    });

    test('reads without scripts, in the dark and on a narrow screen', async () => {
      const dark = await visited('territories', (page) => page.screenshot({ y: 0, width: 420, height: 600 }), { scripts: false, dark: true, width: 420 }); // biome-ignore format: one thought
      const light = await visited('territories', (page) => page.screenshot({ y: 0, width: 420, height: 600 }), { scripts: false, width: 420 }); // biome-ignore format: one thought
      const [one, other] = [dark, light].map(brightness);
      expect(one).toBeLessThan(0.35);
      expect(other).toBeGreaterThan(0.85);
    });

    test.each(['hostile', 'sweep'])('%s: quiet, drawn, and no name runs', async (name) => {
      await visited(name, async (page) => {
        const count = Number(await page.evaluate("document.querySelectorAll('figure').length"));
        expect(count).toBeGreaterThan(1);
        expect(await page.evaluate(TOUCHED)).toBe(count);
        expect(await page.evaluate('globalThis.hit === undefined')).toBe(true);
        expect(page.said).toEqual([]);
        expect(onFiles(page.requests)).toEqual([`file://${place(name)}`]);
        if (name === 'hostile') expect(await page.evaluate('document.title')).toBe(hostile);
      });
    });
  },
);

/** Mean of all pixels of a PNG, 0 to 1. */
function brightness(png: Buffer): number {
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  const href = `data:image/png;base64,${png.toString('base64')}`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><image width="${width}" height="${height}" href="${href}"/></svg>`;
  const { pixels } = new Resvg(svg).render();
  return pixels.reduce((sum, x, p) => (p % 4 === 3 ? sum : sum + x), 0) / (255 * 3 * width * height);
}
