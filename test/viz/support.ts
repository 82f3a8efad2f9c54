import { inflateSync } from 'node:zlib';
import { expect, vi } from 'vitest';
import type { Picture } from '../../src/index.js';

/** A picture as SVG, and that nothing was said of its spec on the way, which is JSON and nothing else. */
export async function drawn(picture: Picture): Promise<string> {
  const said = vi.spyOn(console, 'warn').mockImplementation(() => {});
  try {
    expect(JSON.parse(JSON.stringify(picture.spec))).toEqual(picture.spec);
    const svg = await picture.toSvg();
    expect(said.mock.calls).toEqual([]);
    expect(svg).toMatch(/^<svg[^>]*>[\s\S]*<\/svg>$/);
    // Images in base64 may hold any letters.
    expect(svg.replace(/base64,[^"]*/g, '')).not.toMatch(/NaN|undefined/);
    return svg;
  } finally {
    said.mockRestore();
  }
}

/** The texts of an SVG, escaped as they are there. */
export const texts = (svg: string): readonly string[] =>
  [...svg.matchAll(/<(?:text|tspan)[^>]*>([^<]+)</g)].map(([, text]) => text);

/** Every list of data in a spec, in order. */
export function data(part: unknown): readonly (readonly Readonly<Record<string, unknown>>[])[] {
  if (typeof part !== 'object' || part === null) return [];
  return Object.entries(part).flatMap(
    ([name, value]) =>
      name === 'data' ? [(value as { values: Readonly<Record<string, unknown>>[] }).values] : data(value), // all of ours are in place
  );
}

/** The images of a spec, as addresses. */
export const images = (spec: unknown): readonly string[] =>
  [...JSON.stringify(spec).matchAll(/"data:image\/png;base64,([^"]*)"/g)].map(([, text]) => text);

export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** The colour of a pixel. */
  at(row: number, col: number): readonly number[];
}

/** A PNG with a palette, each pixel less the one before it, as it is written here. */
export function decoded(base64: string): Pixels {
  const file = Buffer.from(base64, 'base64');
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < file.length; at += file.readUInt32BE(at) + 12)
    chunks.set(file.toString('latin1', at + 4, at + 8), file.subarray(at + 8, at + 8 + file.readUInt32BE(at)));
  const of = (name: string) => chunks.get(name) ?? Buffer.alloc(0);
  const [width, height] = [of('IHDR').readUInt32BE(0), of('IHDR').readUInt32BE(4)];
  const lines = inflateSync(of('IDAT'));
  for (let i = 0; i < height; i++) {
    expect(lines[i * (width + 1)]).toBe(1);
    for (let p = i * (width + 1) + 2; p < (i + 1) * (width + 1); p++) lines[p] += lines[p - 1];
  }
  const at = (row: number, col: number) => {
    const place = lines[row * (width + 1) + 1 + col];
    return Array.from(of('PLTE').subarray(3 * place, 3 * place + 3));
  };
  return { width, height, at };
}
