import { column, type DenseMatrix, dense, transpose } from '../matrix.js';
import type { MatrixInput } from '../matrix-input.js';
import { checking } from './check.js';
import { RAMPS, type Ramp } from './colours.js';
import { cellsUrl, rampLegend } from './heat.js';
import { type Picture, picture } from './picture.js';

export interface PartsPlotOptions {
  /** Pixels of a picture from top to bottom, a whole number ≥ 1. */
  readonly height: number;
  /** Pixels of a picture from left to right, a whole number ≥ 1; height · width rows make a picture. */
  readonly width: number;
  /** How the pixels of a picture lie in its column: line after line, or one upright line after the other; default 'rows'. */
  readonly order?: 'rows' | 'columns' | undefined;
  /** Pictures beside each other, a whole number ≥ 1; default 6. */
  readonly columns?: number | undefined;
  /** Those with the largest sum of squares first; default: as they are. */
  readonly sort?: boolean | undefined;
  /** Each over its own largest pixel in size; default true. If not, all are in the same colours. */
  readonly relative?: boolean | undefined;
  /** Colours from low to high; default 'viridis'. */
  readonly colours?: Ramp | undefined;
  /** Default 'Parts'. */
  readonly title?: string | undefined;
}

/** About how large a picture is drawn, and what is between two. */
const SIDE = 96;
const GAP = 10;
const NAME = 14;

/**
 * The columns of a W that was fitted to images as images again, one beside the other; also some images themselves. What is missing
 * is grey.
 *
 * @param W (height · width) × k, of any sign.
 * @throws GraphError 'invalid-data' for a W whose rows are not height · width; 'non-finite', 'value-range', 'invalid-option',
 * 'unknown-option'.
 * @example
 * const { X } = simulateSwimmer();
 * const { W } = await nmf(X, { k: 17, seed: 1 });
 * await writeFile('parts.png', await plotParts(W, { height: 32, width: 32 }).toPng());
 */
export function plotParts(W: MatrixInput | DenseMatrix, options: PartsPlotOptions): Picture {
  const check = checking('plotParts');
  const own = check.options(options, [
    ...['height', 'width', 'order', 'columns', 'sort', 'relative', 'colours', 'title'],
  ]);
  const { height, width, order = 'rows', sort = false, relative = true, colours = 'viridis', title = 'Parts' } = own;
  const { columns = 6 } = own;
  const whole = (name: string, value: unknown) =>
    check.option(name, Number.isInteger(value) && Number(value) >= 1, 'a whole number, at least 1', value);
  whole('height', height);
  whole('width', width);
  whole('columns', columns);
  check.option('order', order === 'rows' || order === 'columns', "'rows' or 'columns'", order);
  check.flag('sort', sort);
  check.flag('relative', relative);
  check.option('colours', Object.hasOwn(RAMPS, colours), "'viridis' or 'inferno'", colours);
  const found = check.matrix('W', W);
  check.done();
  check.refuse('W', found.rows === height * width, `of ${height} · ${width} = ${height * width} rows, one for each pixel`, `${found.rows}`); // biome-ignore format: one thought
  check.done();

  const parts = Array.from({ length: found.cols }, (_, r) => {
    const pixels = column(found, r);
    return { name: found.colNames?.[r] ?? String(r), pixels, ...sizesOf(pixels) };
  });
  if (sort) parts.sort((a, b) => b.squares - a.squares);
  const most = parts.reduce((most, { largest }) => Math.max(most, largest), 0) || 1;
  const signed = found.data.some((x) => x < 0);
  const high = relative ? 1 : most;
  const domain = [signed ? -high : 0, high] as const;
  const cell = Math.max(1, Math.floor(SIDE / Math.max(height, width)));
  const [wide, tall] = [width * cell, height * cell];
  const across = Math.min(columns, parts.length);
  const values = parts.map(({ name, pixels, largest }, p) => {
    const size = relative ? largest || 1 : 1;
    const whole = pixels.map((x) => x / size);
    // A matrix lies column after column: what lies line after line is one that is turned.
    const shown = order === 'rows' ? transpose(dense(width, height, whole)) : dense(height, width, whole);
    return {
      ...{ name, x: (p % across) * (wide + GAP), y: Math.floor(p / across) * (tall + NAME + GAP) },
      url: cellsUrl(shown, colours, domain, [cell, cell]),
    };
  });
  const place = { type: 'quantitative', scale: null, axis: null };
  const [x, y] = [
    { ...place, field: 'x' },
    { ...place, field: 'y' },
  ];
  return picture(title, relative ? ['each over its largest pixel'] : [], {
    width: across * (wide + GAP) - GAP,
    height: Math.ceil(parts.length / across) * (tall + NAME + GAP) - GAP,
    data: { values },
    encoding: { x, y },
    layer: [
      {
        mark: { type: 'text', align: 'left', baseline: 'top', fontSize: 10, limit: wide },
        encoding: { text: { field: 'name', type: 'nominal' } },
      },
      {
        mark: {
          ...{ type: 'image', width: wide, height: tall, yOffset: NAME, align: 'left', baseline: 'top' },
          ...{ aspect: false, smooth: false },
        },
        encoding: { url: { field: 'url', type: 'nominal' } },
      },
      rampLegend('pixel', colours, domain),
    ],
  });
}

/** Of what is known: the sum of squares, and the largest in size. */
function sizesOf(pixels: Float64Array): { readonly squares: number; readonly largest: number } {
  const known = pixels.filter((x) => !Number.isNaN(x));
  const largest = known.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  return { squares: known.reduce((sum, x) => sum + x * x, 0), largest };
}
