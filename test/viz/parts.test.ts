import { expect, test } from 'vitest';
import { plotParts, simulateSwimmer } from '../../src/index.js';
import { dense, entry } from '../../src/matrix.js';
import { rgb, steps, UNKNOWN } from '../../src/viz/colours.js';
import { data, decoded, drawn, images, texts } from './support.js';

/** The colour of a share of the ramp. */
const colour = (share: number) => steps('viridis', 255)[Math.round(share * 254)].map(Math.round);

test('the parts of the swimmer, each pixel in its place, one image each', async () => {
  const { W } = simulateSwimmer();
  const picture = plotParts(W, { height: 32, width: 32 });
  const svg = await drawn(picture);
  expect(svg.match(/<image/g)).toHaveLength(17);
  expect(texts(svg)).toEqual(expect.arrayContaining(['0', '16', 'each over its largest pixel']));
  images(picture.spec)
    .map(decoded)
    .forEach((image, r) => {
      expect([image.height, image.width]).toEqual([96, 96]);
      for (let i = 0; i < 32; i++)
        for (let j = 0; j < 32; j++) expect(image.at(3 * i + 1, 3 * j + 2)).toEqual(colour(entry(W, j + 32 * i, r)));
    });
});

test('pixels line after line or upright, largest parts first, over their own largest or over that of all', async () => {
  const [height, width] = [2, 3];
  const W = { ...dense(6, 2, Float64Array.of(0, 1, 2, 3, 4, 5, 10, 8, 6, 4, 2, NaN)), colNames: ['é', '<b>'] };
  const [first, second] = images(plotParts(W, { height, width }).spec).map(decoded);
  const [tall, wide] = [first.height / height, first.width / width];
  for (let i = 0; i < height; i++)
    for (let j = 0; j < width; j++) expect(first.at(i * tall, j * wide)).toEqual(colour((3 * i + j) / 5));
  expect(second.at(tall, 2 * wide)).toEqual(rgb(UNKNOWN));
  const [upright] = images(plotParts(W, { height, width, order: 'columns' }).spec).map(decoded);
  for (let i = 0; i < height; i++)
    for (let j = 0; j < width; j++) expect(upright.at(i * tall, j * wide)).toEqual(colour((i + 2 * j) / 5));
  const sorted = plotParts(W, { height, width, sort: true, relative: false, columns: 1 });
  expect(texts(await drawn(sorted))).toEqual(expect.arrayContaining(['&lt;b&gt;', 'é']));
  expect(data(sorted.spec)[0].map(({ name, x }) => [name, x])).toEqual([['<b>', 0], ['é', 0]]); // biome-ignore format: a list
  expect(
    images(sorted.spec)
      .map(decoded)[1]
      .at(tall, 2 * wide),
  ).toEqual(colour(0.5));
});

test('a part of zeros, and parts of any sign', async () => {
  expect(await drawn(plotParts([[0], [0]], { height: 1, width: 2 }))).toContain('<image');
  const [image] = images(plotParts([[-2], [1]], { height: 1, width: 2 }).spec).map(decoded);
  expect(image.at(0, 0)).toEqual(colour(0));
  expect(image.at(0, image.width - 1)).toEqual(colour(0.75));
});
