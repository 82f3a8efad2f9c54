import { createHash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import type { JsonValue } from '../json.js';
import { inScript } from '../viz/html.js';
import { loadVegaScript } from '../viz/peers.js';
import { drawnOf, type Picture } from '../viz/picture.js';
import { dataUrl } from '../viz/png.js';
import { type Html, html, trusted } from './html.js';
import { STYLE } from './style.js';

/** A picture, drawn when its turn comes. */
export interface Figure {
  readonly draw: () => Picture;
  /** What it shows, in a sentence, which also stands below it. */
  readonly caption: string;
}

export interface Section {
  readonly title: string;
  readonly parts: readonly (Html | Figure)[];
}

export interface Page {
  readonly title: string;
  /** What stands before the contents. */
  readonly lead: readonly Html[];
  readonly sections: readonly Section[];
}

/** Letters of an SVG above which it is an image, and of the JSON that brings a picture to life above which it stays still. */
const LARGEST_SVG = 200_000;
const LARGEST_LIVE = 150_000;

/** Each picture is drawn anew, with tips, when the pointer first comes to it; until then, and without scripts, its SVG stands there. */
const LIVE = `for (const data of document.querySelectorAll('figure > script[type="application/json"]')) {
  const place = data.parentElement.querySelector('.picture');
  const live = () => new vega.View(vega.parse(JSON.parse(data.textContent)), { renderer: 'svg', container: place, hover: true }).runAsync();
  place.addEventListener('pointerenter', live, { once: true });
}`;

/**
 * A page that holds all it needs, and that may ask for nothing: its pictures as SVG, one script for all of them, and a policy under
 * which only what is written here runs.
 *
 * @throws MissingPeerError 'missing-peer'
 */
export async function pageOf({ title, lead, sections }: Page): Promise<string> {
  const vega = await loadVegaScript();
  const places = sections.map((_, i) => `section-${i + 1}`);
  const bodies: Html[] = [];
  let figures = 0;
  for (const [i, { title, parts }] of sections.entries()) {
    const drawn: Html[] = [];
    for (const part of parts) drawn.push('markup' in part ? part : await figure(part, ++figures));
    bodies.push(html`<section id="${places[i]}" aria-labelledby="${places[i]}-title">
<h2 id="${places[i]}-title">${title}</h2>
${drawn}
</section>`);
  }
  const allowed = [vega, LIVE].map((script) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`);
  // Vega makes functions of its expressions, which is what 'unsafe-eval' lets it do.
  const policy = `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src ${allowed.join(' ')} 'unsafe-eval'; base-uri 'none'; form-action 'none'`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${trusted(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${trusted(STYLE)}</style>
</head>
<body>
<header>
<h1>${title}</h1>
${lead}
</header>
<nav aria-labelledby="contents">
<h2 id="contents">Contents</h2>
<ol>
${sections.map(({ title }, i) => html`<li><a href="#${places[i]}">${title}</a></li>`)}
</ol>
</nav>
<main>
${bodies}
</main>
<script>${trusted(vega)}</script>
<script>${trusted(LIVE)}</script>
</body>
</html>
`.markup;
}

async function figure({ draw, caption }: Figure, place: number): Promise<Html> {
  // Others have their turn between pictures.
  await turn();
  const picture = draw();
  const { svg, vega } = await drawnOf(picture.spec);
  const [image, live] =
    svg.length > LARGEST_SVG ? [await asImage(picture, caption), null] : [asSvg(svg, place, caption), liveOf(vega)];
  return html`<figure>
<div class="picture">${image}</div>
<figcaption>${caption}</figcaption>${live ?? ''}
</figure>`;
}

async function asImage(picture: Picture, caption: string): Promise<Html> {
  const [scale, png] = [2, Buffer.from(await picture.toPng({ scale: 2 }))];
  // A PNG says its width at byte 16.
  const width = Math.round(png.readUInt32BE(16) / scale);
  return html`<img src="${dataUrl(png)}" width="${width}" alt="${caption}">`;
}

/**
 * Clips and gradients within an SVG go by ids, which must not be those of another picture of the page; and Vega counts them on
 * from one picture to the next, where the same picture is to be the same.
 */
function asSvg(svg: string, place: number, caption: string): Html {
  const ids = new Map<string, string>();
  const ownOf = (id: string) => {
    const own = ids.get(id) ?? `picture-${place}-${ids.size + 1}`;
    ids.set(id, own);
    return own;
  };
  const own = svg.replace(/<[^>]*>/g, (tag) =>
    tag.replace(/(\sid="|="url\(#)([^")]*)/g, (_, before: string, id: string) => `${before}${ownOf(id)}`),
  );
  const { markup } = html`<svg role="img" aria-label="${caption}"`;
  return trusted(own.replace('<svg', () => markup));
}

function liveOf(vega: JsonValue): Html | null {
  const json = inScript(vega);
  return json.length > LARGEST_LIVE ? null : html`<script type="application/json">${trusted(json)}</script>`;
}
