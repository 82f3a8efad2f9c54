import { crc32, deflateSync } from 'node:zlib';
import type { Rgb } from './colours.js';

const SIGNATURE = Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10);

/**
 * A PNG of one byte a pixel, the place of its colour (ISO/IEC 15948:2004).
 *
 * @param pixels height × width, row after row
 * @param palette at most 256 colours
 */
export function png(width: number, height: number, pixels: Uint8Array, palette: readonly Rgb[]): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // 8 bits a pixel, colours from a palette; the rest are the only methods there are, and no interlacing.
  header.set([8, 3, 0, 0, 0], 8);
  // Every row is led by its filter, here "less what stands before it": cells of several pixels become one number and zeros.
  const lines = Buffer.alloc(height * (width + 1));
  for (let i = 0, at = 0; i < height; i++) {
    lines[at++] = 1;
    for (let j = 0; j < width; j++) lines[at++] = pixels[i * width + j] - (j === 0 ? 0 : pixels[i * width + j - 1]);
  }
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('PLTE', Uint8Array.from(palette.flat(), Math.round)),
    chunk('IDAT', deflateSync(lines, { level: 9 })),
    chunk('IEND', new Uint8Array()),
  ]);
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  out.set(body, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}

/** The same as an address that holds its own data. */
export const dataUrl = (image: Buffer): string => `data:image/png;base64,${image.toString('base64')}`;
