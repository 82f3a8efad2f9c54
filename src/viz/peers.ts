import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { peersFor } from '../peers.js';

/** The packages that pictures are drawn with, and the versions that will do: optional peers of this one. */
export const PEERS = {
  vega: '^6.4.0',
  'vega-lite': '^6.4.3',
  '@resvg/resvg-js': '^2.6.2',
  'dejavu-fonts-ttf': '^2.37.3',
} as const;

/** The line that installs all of them, and what loads one. */
export const { install: INSTALL, load: peer } = peersFor('draw a picture', PEERS);

const pathOf = (file: string) => createRequire(import.meta.url).resolve(file);

export const loadVega = (): Promise<typeof import('vega')> => peer('vega', () => import('vega'));
export const loadVegaLite = (): Promise<typeof import('vega-lite')> => peer('vega-lite', () => import('vega-lite'));
export const loadResvg = (): Promise<typeof import('@resvg/resvg-js')> =>
  peer('@resvg/resvg-js', () => import('@resvg/resvg-js'));

/** Vega as one script, for a page of its own. */
export const loadVegaScript = () => peer('vega', () => readFile(join(dirname(pathOf('vega')), 'vega.min.js'), 'utf8'));

/** The files of the fonts that text is drawn in. */
export const loadFonts = () =>
  peer('dejavu-fonts-ttf', () =>
    ['DejaVuSans', 'DejaVuSans-Bold'].map((name) => pathOf(`dejavu-fonts-ttf/ttf/${name}.ttf`)),
  );
