import { createRequire } from 'node:module';
import { inspect } from 'node:util';
import { createContext, runInContext } from 'node:vm';
import { Resvg } from '@resvg/resvg-js';
import { describe, expect, test } from 'vitest';
import { plotComposition, plotHeatmap, plotLoss, plotScatter } from '../../src/index.js';
import { groupColours, rgb, SET2, steps } from '../../src/viz/colours.js';
import { dataUrl, png } from '../../src/viz/png.js';
import { uniform } from '../support/matrices.js';
import { decoded, drawn, texts } from './support.js';

const fits = { 'α & <b>"β"</b>': { history: [1, 2, 3].map((iteration) => ({ iteration, loss: 1 / iteration })) } };
const hostile = '</script><script>globalThis.hit = true</script><img src=x onerror=alert(1)>';

describe('a picture', () => {
  test('is frozen, and gives the same SVG each time', async () => {
    const picture = plotLoss(fits);
    expect(Object.isFrozen(picture) && Object.isFrozen(picture.spec)).toBe(true);
    expect(await drawn(picture)).toBe(await picture.toSvg());
  });

  test('is named where it is printed, and drawn in a notebook', async () => {
    const picture = plotLoss(fits, { title: 'Loss \u001b[31m' });
    expect(inspect(picture)).toBe("Picture 'Loss \ufffd[31m': toSvg(), toPng(), toHtml()");
    const bundle = await Reflect.get(picture, Symbol.for('Jupyter.display')).call(picture);
    expect(bundle).toEqual({
      'text/plain': inspect(picture),
      'image/svg+xml': await picture.toSvg(),
      'application/vnd.vegalite.v6+json': picture.spec,
    });
  });

  test('as PNG: the size asked for, and text in it', async () => {
    const picture = plotLoss(fits, { title: 'Ünïcode' });
    const [one, two] = [await picture.toPng({ scale: 1 }), await picture.toPng()];
    const size = (image: Uint8Array) => Buffer.from(image).readUInt32BE(16);
    expect(Array.from(one.subarray(1, 4))).toEqual([80, 78, 71]);
    expect(Math.abs(size(two) - 2 * size(one))).toBeLessThan(2);
    // Other letters are another image: they are drawn.
    const other = await plotLoss(fits, { title: 'Ünïcøde' }).toPng({ scale: 1 });
    expect(Buffer.from(other).equals(one)).toBe(false);
  });

  test('as PNG: letters that only a font of the caller has', async () => {
    const file = createRequire(import.meta.url).resolve('dejavu-fonts-ttf/ttf/DejaVuMathTeXGyre.ttf');
    const images = ['𝒜', '𝒟'].map(async (title) => {
      const picture = plotLoss(fits, { title });
      return [await picture.toPng(), await picture.toPng({ fonts: [file] })].map((image) => Buffer.from(image));
    });
    const [[plain, own], [otherPlain, other]] = await Promise.all(images);
    expect(plain.equals(otherPlain)).toBe(true);
    expect(own.equals(other)).toBe(false);
  });

  test('names are letters, whatever they hold: in SVG, and in PNG', async () => {
    const H = { ...uniform(2, 4, 1), colNames: [hostile, 'µ → ∞', 'Ωмега', 'a.b["c"]\\'] };
    const picture = plotHeatmap(H, { title: hostile, annotation: [hostile, hostile, '日本', 'é'] });
    const svg = await drawn(picture);
    expect(svg).not.toMatch(/<script|<img/);
    expect(texts(svg)).toEqual(expect.arrayContaining(['µ → ∞', 'Ωмега', 'a.b["c"]\\', '日本', 'é']));
    expect((await picture.toPng()).length).toBeGreaterThan(1000);
  });

  test('what XML cannot hold is replaced', async () => {
    const picture = plotHeatmap([[1]], { title: 'a\u0000b\u000bc\ud800d' });
    expect(texts(await drawn(picture))).toContain('a\ufffdb\ufffdc\ufffdd');
    expect((await picture.toPng()).length).toBeGreaterThan(100);
  });
});

describe('a page', () => {
  test('asks no network for anything, and escapes names', async () => {
    const groups = [hostile, 'b', 'a', 'a'];
    const html = await plotScatter(uniform(2, 4, 1), { groups, title: hostile }).toHtml();
    const own = html.replace(/<script>[\s\S]*?<\/script>/, '');
    expect(own).toContain('<title>&lt;/script&gt;&lt;script&gt;');
    expect(own).toContain("default-src 'none'");
    // Only the scripts of the page itself: Vega, and what starts it.
    expect(html.match(/<script/g)).toHaveLength(2);
    expect(html.match(/<\/script>/g)).toHaveLength(2);
    expect(html).not.toMatch(/<(script|img|link|iframe)[^>]*(src|href)=/);
  });

  test('its scripts draw what the SVG in it shows', async () => {
    const picture = plotScatter(uniform(2, 9, 1), { title: hostile, groups: Array.from('abcabcabc') });
    const html = await picture.toHtml();
    const [vega, start] = [...html.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, script]) => script);
    const context = createContext({ console, setTimeout, clearTimeout, structuredClone });
    runInContext('globalThis.self = globalThis; globalThis.window = undefined;', context);
    runInContext(vega, context);
    const drawing = start.replace(
      "{ renderer: 'svg', container: '#picture', hover: true }).runAsync()",
      "{ renderer: 'none' }).toSVG()",
    );
    expect(drawing).not.toBe(start);
    const svg: string = await runInContext(drawing, context);
    expect(svg).toBe(await picture.toSvg());
    expect(html).toContain(svg);
    expect(runInContext('globalThis.hit', context)).toBe(undefined);
  });
});

describe('colours', () => {
  test('of groups are Set2 as far as it goes, and all different beyond', () => {
    expect(groupColours(8)).toEqual(SET2);
    for (const n of [1, 9, 17, 60]) expect(new Set(groupColours(n)).size).toBe(n);
  });

  test.each(['viridis', 'inferno'] as const)('%s rises in lightness', (ramp) => {
    const light = steps(ramp, 64).map(([r, g, b]) => 0.2126 * r + 0.7152 * g + 0.0722 * b);
    light.slice(1).forEach((x, i) => { expect(x).toBeGreaterThan(light[i]); }); // biome-ignore format: one thought
  });

  test('eleven groups in a bar', async () => {
    const groups = Array.from({ length: 22 }, (_, j) => j % 11);
    const svg = await drawn(plotComposition(uniform(3, 22, 1), { groups }));
    expect(texts(svg)).toEqual(expect.arrayContaining(['0', '9', '10']));
  });
});

test('a PNG is read as it was written, by a reader of others too', () => {
  const palette = [rgb('#ff0000'), rgb('#00ff00'), rgb('#0000ff')];
  const pixels = Uint8Array.of(0, 1, 2, 2, 1, 0);
  const image = png(3, 2, pixels, palette);
  const own = decoded(image.toString('base64'));
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="3" height="2"><image width="3" height="2" xlink:href="${dataUrl(image)}"/></svg>`;
  const theirs = new Resvg(svg).render();
  expect([own.width, own.height, theirs.width, theirs.height]).toEqual([3, 2, 3, 2]);
  pixels.forEach((place, p) => {
    expect(own.at(Math.floor(p / 3), p % 3)).toEqual(palette[place]);
    expect(Array.from(theirs.pixels.subarray(4 * p, 4 * p + 3))).toEqual(palette[place]);
  });
});
