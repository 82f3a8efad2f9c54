import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Picture } from 'factorloom';

const folder = process.env.EXAMPLES_OUT ?? fileURLToPath(new URL('out', import.meta.url));
const MOST_SVG_BYTES = 200_000;

/** Writes a picture into `examples/out`, as SVG where that is at most 200 kB and as PNG else, and prints where it is. */
export async function save(name: string, picture: Picture): Promise<void> {
  const svg = await picture.toSvg();
  const small = Buffer.byteLength(svg) <= MOST_SVG_BYTES;
  const file = join(folder, `${name}.${small ? 'svg' : 'png'}`);
  await mkdir(folder, { recursive: true });
  await rm(join(folder, `${name}.${small ? 'png' : 'svg'}`), { force: true }); // what it was, where its size has changed
  await writeFile(file, small ? svg : await picture.toPng());
  console.log(`picture: ${relative(process.cwd(), file)}`);
}
