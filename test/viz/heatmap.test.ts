import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { averageLinkage } from '../../src/consensus/average-linkage.js';
import { leafOrder } from '../../src/consensus/clusters.js';
import { plotConsensus, plotHeatmap } from '../../src/index.js';
import { dense } from '../../src/matrix.js';
import { rgb, SET2, steps, UNKNOWN } from '../../src/viz/colours.js';
import { lowRank, uniform } from '../support/matrices.js';
import { decoded, drawn, images, texts } from './support.js';

const names = (letter: string, n: number) => Array.from({ length: n }, (_, i) => `${letter}${i}`);
/** Rows of two kinds in turn, and columns of two kinds in turn. */
const checked = {
  ...dense(
    6,
    4,
    Float64Array.from({ length: 24 }, (_, p) => ((p % 6) % 2) * 2 + (Math.floor(p / 6) % 2) + 0.01 * p),
  ),
  rowNames: names('r', 6),
  colNames: names('c', 4),
};
/** The colour of a number between two others. */
const colour = (x: number, low: number, high: number, ramp: 'viridis' | 'inferno' = 'viridis') =>
  steps(ramp, 255)[Math.round(((x - low) / (high - low)) * 254)].map(Math.round);

describe('the leaves of a tree', () => {
  test('are all items, those of each merge side by side', () => {
    const cases = fc.record({ n: fc.integer({ min: 1, max: 12 }), seed: fc.integer({ min: 1, max: 1000 }) });
    fc.assert(
      fc.property(cases, ({ n, seed }) => {
        const D = uniform(n, n, seed);
        for (let j = 0; j < n; j++)
          for (let i = 0; i < n; i++) D.data[i + j * n] = D.data[Math.max(i, j) + Math.min(i, j) * n];
        const merges = averageLinkage(D);
        const order = leafOrder(n, merges);
        expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
        const members = (node: number): readonly number[] =>
          node < n ? [node] : [...members(merges[node - n].left), ...members(merges[node - n].right)];
        merges.forEach((_, s) => {
          const places = members(n + s).map((item) => order.indexOf(item));
          expect(Math.max(...places) - Math.min(...places)).toBe(places.length - 1);
        });
      }),
    );
  });
});

describe('a heat map', () => {
  test('has the colour of each number in its place, and grey where none is known', async () => {
    const X = dense(2, 3, Float64Array.of(0, 1, 2, NaN, 4, -1));
    const picture = plotHeatmap(X);
    await drawn(picture);
    const [image] = images(picture.spec).map(decoded);
    const [tall, wide] = [image.height / 2, image.width / 3];
    expect([tall, wide]).toEqual([28, 28]);
    for (const [i, j, x] of [[0, 0, 0], [1, 0, 1], [0, 1, 2], [0, 2, 4], [1, 2, -1]] as const) // biome-ignore format: a table
      for (const [di, dj] of [[0, 0], [tall - 1, wide - 1]]) // biome-ignore format: corners
        expect(image.at(i * tall + di, j * wide + dj)).toEqual(colour(x, -1, 4));
    expect(image.at(tall, wide)).toEqual(rgb(UNKNOWN));
  });

  test('what is not negative begins at 0; one of zeros alone, or of nothing known, is drawn too', async () => {
    const [image] = images(plotHeatmap([[2, 4]]).spec).map(decoded);
    expect(image.at(0, 0)).toEqual(colour(2, 0, 4));
    expect(await drawn(plotHeatmap([[0, 0]]))).toContain('<image');
    expect(await drawn(plotHeatmap([[NaN]]))).toContain('<image');
    expect(await drawn(plotHeatmap([[-2, -2]]))).toContain('<image');
    expect(await drawn(plotHeatmap([[1e140, 1e-100]]))).toContain('<image');
  });

  test('clustering brings together what is alike, names and annotation with it', async () => {
    const annotation = ['even', 'odd', 'even', 'odd'];
    const picture = plotHeatmap(checked, {
      clusterRows: true,
      clusterColumns: true,
      annotation,
      annotationTitle: 'kind',
    });
    const shown = texts(await drawn(picture));
    const rows = shown.filter((text) => /^r\d$/.test(text)).map((text) => Number(text[1]));
    const columns = shown.filter((text) => /^c\d$/.test(text)).map((text) => Number(text[1]));
    expect([...rows].sort()).toEqual([0, 1, 2, 3, 4, 5]);
    for (const part of [rows.slice(0, 3), rows.slice(3)]) expect(new Set(part.map((i) => i % 2)).size).toBe(1);
    for (const part of [columns.slice(0, 2), columns.slice(2)]) expect(new Set(part.map((j) => j % 2)).size).toBe(1);
    expect(shown).toEqual(expect.arrayContaining(['kind', 'even', 'odd']));
    const [image, bar] = images(picture.spec).map(decoded);
    const high = Math.max(...checked.data);
    rows.forEach((i, at) => {
      columns.forEach((j, beside) => {
        expect(image.at(at * 28, beside * 28)).toEqual(colour(checked.data[i + j * 6], 0, high));
      });
    });
    columns.forEach((j, beside) => { expect(bar.at(0, beside * 28)).toEqual(rgb(SET2[j % 2])); }); // biome-ignore format: one thought
  });

  test('a group has one colour, in whatever order its columns come', async () => {
    // The last column is like the first.
    const X = { ...dense(1, 4, Float64Array.of(9, 1, 1.1, 8)), colNames: names('c', 4) };
    const picture = plotHeatmap(X, { clusterColumns: true, annotation: ['a', 'b', 'b', 'c'] });
    const columns = texts(await drawn(picture)).flatMap((text) => (/^c\d$/.test(text) ? [Number(text[1])] : []));
    const [, bar] = images(picture.spec).map(decoded);
    expect(columns).not.toEqual([0, 1, 2, 3]);
    const place = ['a', 'b', 'b', 'c'].map((label) => 'abc'.indexOf(label));
    columns.forEach((j, beside) => { expect(bar.at(0, beside * 28)).toEqual(rgb(SET2[place[j]])); }); // biome-ignore format: one thought
  });

  test('several stand side by side, in one order and the same colours', async () => {
    const other = { ...checked, data: checked.data.map((x) => 3 * x) };
    const picture = plotHeatmap({ checked, 'é <b>': other }, { clusterRows: true, annotation: [1, 1, 2, 2] });
    const shown = texts(await drawn(picture));
    expect(shown).toEqual(expect.arrayContaining(['checked', 'é &lt;b&gt;']));
    const rows = shown.filter((text) => /^r\d$/.test(text)).map((text) => Number(text[1]));
    expect(rows).toHaveLength(6);
    // The numbers of both and the bar above each, and one legend for all.
    expect(shown.filter((text) => text === 'value' || text === 'group')).toEqual(['value', 'group']);
    const [left, , right] = images(picture.spec).map(decoded);
    const high = Math.max(...other.data);
    rows.forEach((i, at) => {
      for (let j = 0; j < 4; j++) {
        expect(left.at(at * 28, j * 28)).toEqual(colour(checked.data[i + j * 6], 0, high));
        expect(right.at(at * 28, j * 28)).toEqual(colour(other.data[i + j * 6], 0, high));
      }
    });
  });

  test('the order of several is that of all of them together', async () => {
    // By itself the first has rows 0 and 1 beside each other, with the second it is 0 and 2.
    const column = (...numbers: readonly number[]) => ({
      ...dense(3, 1, Float64Array.from(numbers)),
      rowNames: names('r', 3),
    });
    const order = async (picture: ReturnType<typeof plotHeatmap>) =>
      texts(await drawn(picture))
        .filter((text) => /^r\d$/.test(text))
        .join('');
    const [first, second] = [column(0, 1, 5), column(0, 90, 0)];
    expect(await order(plotHeatmap(first, { clusterRows: true }))).toMatch(/r0r1|r1r0/);
    expect(await order(plotHeatmap({ first, second }, { clusterRows: true }))).toMatch(/r0r2|r2r0/);
  });

  test('trees stand beside what is clustered: heights are distances, leaves in the middle of their lines', async () => {
    // Columns 0, 1 | 9, 10: those of a pair meet at 1, the pairs at 9.
    const X = { ...dense(1, 4, Float64Array.of(0, 9, 1, 10)), colNames: names('c', 4) };
    const picture = plotHeatmap(X, { clusterColumns: true, tree: true });
    await drawn(picture);
    const [, tree] = images(picture.spec).map(decoded);
    expect([tree.height, tree.width]).toEqual([40, 4 * 28]);
    const isLine = (i: number, j: number) => tree.at(i, j).join() === rgb('#666666').join();
    const leaves = [14, 42, 70, 98];
    const at = (i: number) => Array.from({ length: 112 }, (_, j) => j).filter((j) => isLine(i, j));
    const low = 39 - Math.round(39 / 9);
    expect(at(39)).toEqual(leaves);
    expect(at(low)).toEqual([...Array.from({ length: 29 }, (_, p) => 14 + p), ...Array.from({ length: 29 }, (_, p) => 70 + p)]); // biome-ignore format: two lines
    expect(at(low - 1)).toEqual([28, 84]);
    expect(at(0)).toEqual(Array.from({ length: 57 }, (_, p) => 28 + p));
    const rows = plotHeatmap(checked, {
      clusterRows: true,
      clusterColumns: true,
      tree: true,
      annotation: [1, 2, 1, 2],
    });
    expect((await drawn(rows)).match(/<image/g)).toHaveLength(4);
    const sides = images(rows.spec).map(decoded).map(({ width, height }) => [height, width]); // biome-ignore format: one thought
    expect(sides).toEqual(expect.arrayContaining([[6 * 28, 40], [40, 4 * 28]])); // biome-ignore format: pairs
    const same = plotConsensus([[1, 1], [1, 1]], { tree: true }); // biome-ignore format: rows
    expect((await drawn(same)).match(/<image/g)).toHaveLength(3);
  });

  test('unclustered lines stay as they are', async () => {
    const shown = texts(await drawn(plotHeatmap(checked)));
    expect(shown.filter((text) => /^[rc]\d$/.test(text))).toEqual([...names('r', 6), ...names('c', 4)]);
  });

  test('rows with gaps are compared over what both have; those with nothing in common are far', async () => {
    const X = [[1, 1, NaN, NaN], [NaN, NaN, 9, 9], [1, 1, NaN, 1], [NaN, 5, 9, 9]]; // biome-ignore format: rows
    const shown = texts(await drawn(plotHeatmap({ ...dense(4, 4, Float64Array.from(X[0].flatMap((_, j) => X.map((row) => row[j])))), rowNames: names('r', 4) }, { clusterRows: true }))); // biome-ignore format: one thought
    const rows = shown.filter((text) => /^r\d$/.test(text)).map((text) => Number(text[1]) % 2);
    expect(rows[0]).toBe(rows[1]);
    expect(rows[2]).toBe(rows[3]);
  });

  test.each([
    ['factors', lowRank(824, 135, 5, 1)],
    ['noise', uniform(824, 135, 1)],
  ])('824 × 135 of %s: one image, at most 300 kB', async (_, X) => {
    const svg = await drawn(
      plotHeatmap(X, { clusterColumns: true, annotation: Array.from({ length: 135 }, (_, j) => j % 5) }),
    );
    expect(svg.length).toBeLessThan(300_000);
    // The numbers, and the annotation.
    expect(svg.match(/<image/g)).toHaveLength(2);
    const trees = await drawn(plotHeatmap(X, { clusterRows: true, clusterColumns: true, tree: true }));
    expect(trees.length).toBeLessThan(300_000);
  });

  test('more lines than a picture holds are means of neighbours, and it says so', async () => {
    const X = dense(
      12_001,
      2,
      Float64Array.from({ length: 24_002 }, (_, p) => (Math.floor((p % 12_001) / 11) % 3) / 2),
    );
    const picture = plotHeatmap(X);
    const shown = texts(await drawn(picture));
    expect(shown).toContain('12001 rows, each line the mean of 11');
    const [image] = images(picture.spec).map(decoded);
    expect(image.height).toBe(1091);
    for (const row of [0, 1, 2, 100, 1089]) expect(image.at(row, 0)).toEqual(colour((row % 3) / 2, 0, 1));
  });

  test('a dense, a row-major and a sparse matrix are one picture', () => {
    const rows = [[1, 0, 2], [0, 3, 0]]; // biome-ignore format: rows
    const list = plotHeatmap(rows).spec;
    expect(plotHeatmap(dense(2, 3, Float64Array.of(1, 0, 0, 3, 2, 0))).spec).toEqual(list);
    const [indptr, indices, values] = [[0, 1, 2, 3], [0, 1, 0], [1, 3, 2]]; // biome-ignore format: one matrix
    expect(plotHeatmap({ kind: 'csc', rows: 2, cols: 3, indptr, indices, values }).spec).toEqual(list);
  });
});

describe('a consensus', () => {
  test('has its clusters along the diagonal', async () => {
    const n = 9;
    const C = dense(
      n,
      n,
      Float64Array.from({ length: n * n }, (_, p) => ((p % n) % 3 === Math.floor(p / n) % 3 ? 1 : 0)),
    );
    const picture = plotConsensus(C, { annotation: Array.from({ length: n }, (_, i) => i % 3) });
    await drawn(picture);
    const [image, bar] = images(picture.spec).map(decoded);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) {
        const same = Math.floor(i / 3) === Math.floor(j / 3);
        expect(image.at(i * 28, j * 28)).toEqual(colour(same ? 1 : 0, 0, 1, 'inferno'));
        expect(bar.at(0, i * 28).join() === bar.at(0, j * 28).join()).toBe(same);
      }
  });
});
