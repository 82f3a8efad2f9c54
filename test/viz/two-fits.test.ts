import { describe, expect, test } from 'vitest';
import { correlation, cosine, plotAgreement, plotMatches } from '../../src/index.js';
import { column, dense, entry } from '../../src/matrix.js';
import { uniform } from '../support/matrices.js';
import { data, drawn, texts } from './support.js';

describe('plotAgreement', () => {
  test('a panel for each column, its cosine above, and y = x', async () => {
    const [A, B] = [uniform(12, 2, 1), { ...uniform(12, 2, 2), colNames: ['é', '<b>'] }];
    const picture = plotAgreement({ 'nöisy <X>': A, learned: B });
    const shown = texts(await drawn(picture));
    const alike = cosine(A, B);
    expect(shown).toEqual(
      expect.arrayContaining([
        'nöisy &lt;X&gt;',
        'learned',
        `é, cosine ${entry(alike, 0, 0).toFixed(3)}`,
        `&lt;b&gt;, cosine ${entry(alike, 1, 1).toFixed(3)}`,
      ]),
    );
    const [line, points, , second] = data(picture.spec);
    for (const { x, y } of line) expect(x).toBe(y);
    expect(points.map(({ x }) => x)).toEqual(Array.from(column(A, 0)));
    expect(second.map(({ y }) => y)).toEqual(Array.from(column(B, 1)));
  });

  test('columns of zeros, and of one number', async () => {
    const shown = texts(await drawn(plotAgreement({ a: dense(3, 1), b: dense(3, 1) }, { columns: 1 })));
    expect(shown).toContain('factor 0, cosine 0.000');
    await drawn(plotAgreement({ a: [[-2], [-2]], b: [[-2], [-2]] }));
  });
});

describe('plotMatches', () => {
  const H = uniform(3, 40, 1);
  /** Rows 2 and 0 of H, the second with its sign turned, and two more. */
  const other = uniform(4, 40, 2);
  for (let j = 0; j < 40; j++) {
    other.data[1 + 4 * j] = H.data[2 + 3 * j] + 3;
    other.data[3 + 4 * j] = -H.data[3 * j];
  }

  test('the factor that each is most like, by correlation, and the line', async () => {
    const picture = plotMatches(H, { ...other, rowNames: ['a', 'b', 'c', '<d>'] });
    const shown = texts(await drawn(picture));
    expect(shown).toEqual(expect.arrayContaining(['b', '&lt;d&gt;', 'largest |r|']));
    expect(shown).toContain('2 of 3 at 0.9 or above; the factor of the other fit above each');
    const [bars, [line]] = data(picture.spec);
    expect(line.threshold).toBe(0.9);
    expect(bars.map(({ again }) => again)[0]).toBe('<d>');
    expect(bars.map(({ again }) => again)[2]).toBe('b');
    const sizes = Array.from({ length: 3 }, (_, r) =>
      Math.max(...[0, 1, 2, 3].map((t) => Math.abs(entry(correlation(H, other, { by: 'rows' }), r, t)))),
    );
    bars.forEach(({ alike }, r) => { expect(alike).toBeCloseTo(sizes[r], 12); }); // biome-ignore format: one thought
    expect(bars.map(({ reaches }) => reaches)).toEqual([true, false, true]);
  });

  test('in pairs no factor is taken twice, and one may be left without', async () => {
    const twice = dense(2, 4, Float64Array.of(1, 1.1, 2, 2.2, 3, 3, 5, 5));
    const one = dense(1, 4, Float64Array.of(1, 2, 3, 5));
    const again = (match: 'best' | 'pairs') => data(plotMatches(twice, one, { match, by: 'cosine' }).spec)[0];
    expect(again('best')).toHaveLength(2);
    expect(again('pairs').map(({ factor }) => factor)).toEqual(['0']);
    const svg = await drawn(plotMatches(twice, one, { match: 'pairs', threshold: 0 }));
    expect(texts(svg)).toEqual(expect.arrayContaining(['0', '1', '|r|']));
    await drawn(plotMatches(dense(2, 3), dense(1, 3)));
  });
});
