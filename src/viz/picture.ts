import { access, constants } from 'node:fs/promises';
import { writable } from '../escape-html.js';
import type { JsonValue } from '../json.js';
import { checking } from './check.js';
import { page } from './html.js';
import { pictureDisplayed } from './look.js';
import { loadFonts, loadResvg, loadVega, loadVegaLite, loadVegaScript } from './peers.js';

/** A Vega-Lite spec, as JSON. */
export interface Spec {
  readonly $schema: string;
  readonly [part: string]: JsonValue;
}

export interface PngOptions {
  /** Pixels for each unit of the picture, a number above 0 and at most 10; default 2. */
  readonly scale?: number | undefined;
  /** Files of fonts to look in for letters that DejaVu Sans, which text is set in, doesn't have; default: none. */
  readonly fonts?: readonly string[] | undefined;
}

/**
 * A picture: what to draw, and what draws it. Drawing needs packages that are loaded then: `vega` and `vega-lite`, for a PNG
 * `@resvg/resvg-js` and `dejavu-fonts-ttf` too.
 */
export interface Picture {
  /** The picture in Vega-Lite, with its data: for an editor, or a page that has Vega. */
  readonly spec: Spec;
  /**
   * The picture as SVG.
   *
   * @throws MissingPeerError 'missing-peer'
   */
  toSvg(): Promise<string>;
  /**
   * The picture as PNG, on any machine the same letters: fonts are those of `dejavu-fonts-ttf`.
   *
   * @throws MissingPeerError 'missing-peer'
   * @throws GraphError 'invalid-option', 'unknown-option'
   */
  toPng(options?: PngOptions): Promise<Uint8Array>;
  /**
   * The picture as a page that holds all it needs and asks no network for anything; with tips under the pointer.
   *
   * @throws MissingPeerError 'missing-peer'
   */
  toHtml(): Promise<string>;
}

/** A part of a spec. */
export type Part = { readonly [part: string]: JsonValue };

const FONT = 'DejaVu Sans';

const CONFIG: Part = {
  font: `${FONT}, Verdana, sans-serif`,
  background: 'white',
  view: { stroke: null },
  title: { anchor: 'start', fontSize: 13, offset: 8, subtitleColor: '#555555', subtitleFontSize: 11 },
  axis: { labelLimit: 240, grid: false },
  legend: { labelLimit: 240, titleLimit: 240 },
};

/** The title of a panel, beneath that of the picture. */
export const panelTitle = (text: string): Part => ({ text, fontSize: 11, offset: 4 });

/** A picture of a spec without its frame; the subtitle says what a reader must know of it. */
export function picture(title: string, subtitle: readonly string[], body: Part): Picture {
  const spec: Spec = Object.freeze({
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    title: { text: title, ...(subtitle.length === 0 ? {} : { subtitle }) },
    config: CONFIG,
    ...body,
  });
  const made = {
    spec,
    toSvg: () => svgOf(spec),
    toPng: (options: PngOptions = {}) => pngOf(spec, options),
    toHtml: async () => {
      const { svg, vega } = await drawnOf(spec);
      return page(title, svg, vega, await loadVegaScript());
    },
  };
  return Object.freeze(pictureDisplayed(title)(made));
}

/** What a page shows of a picture: the SVG, and the spec from which Vega brings it to life. */
export async function drawnOf(spec: Spec): Promise<{ readonly svg: string; readonly vega: JsonValue }> {
  const vega = await vegaOf(spec);
  return { svg: await svgOfVega(vega), vega };
}

async function vegaOf(spec: Spec): Promise<JsonValue> {
  const { compile } = await loadVegaLite();
  // Its type lists all that Vega-Lite knows; ours is of JSON. What comes out is JSON again.
  return compile(structuredClone(spec) as unknown as Parameters<typeof compile>[0]).spec as unknown as JsonValue;
}

const svgOf = async (spec: Spec): Promise<string> => svgOfVega(await vegaOf(spec));

async function svgOfVega(made: JsonValue): Promise<string> {
  const vega = await loadVega();
  const view = new vega.View(vega.parse(made as Parameters<typeof vega.parse>[0]), { renderer: 'none' }); // made by Vega-Lite
  try {
    return writable(await view.toSVG());
  } finally {
    view.finalize();
  }
}

async function pngOf(spec: Spec, options: PngOptions): Promise<Uint8Array> {
  const check = checking('toPng');
  const { scale = 2, fonts = [] } = check.options(options, ['scale', 'fonts']);
  check.option('scale', typeof scale === 'number' && scale > 0 && scale <= 10, 'a number above 0, at most 10', scale);
  const isPaths = Array.isArray(fonts) && fonts.every((file) => typeof file === 'string');
  check.option('fonts', isPaths, 'a list of files', fonts);
  check.done();
  // What draws leaves out a font that it can't read without a word.
  for (const [i, file] of fonts.entries())
    check.option(`fonts.${i}`, await isThere(file), 'a file that can be read', file);
  check.done();
  const [{ Resvg }, fontFiles] = [await loadResvg(), await loadFonts()];
  const font = {
    loadSystemFonts: false,
    fontFiles: [...fontFiles, ...fonts],
    ...{ defaultFontFamily: FONT, sansSerifFamily: FONT },
  };
  const drawing = new Resvg(await svgOf(spec), { font, fitTo: { mode: 'zoom', value: scale } });
  return drawing.render().asPng();
}

const isThere = (file: string): Promise<boolean> =>
  access(file, constants.R_OK).then(
    () => true,
    () => false,
  );
