import { type DenseMatrix, dense } from '../matrix.js';
import { fillUniform } from './rng.js';

/** Numbers drawn between two turns of the event loop. */
const STRETCH = 1 << 19;

/** W (m × k) and H (k × n), uniform on (0, 1); every layer has four streams of its own, W and H one each. */
export async function randomStart(
  m: number,
  n: number,
  k: number,
  seed: number,
  stream: number,
): Promise<{ W: DenseMatrix; H: DenseMatrix }> {
  return { W: await uniform(m, k, seed, 4 * stream), H: await uniform(k, n, seed, 4 * stream + 1) };
}

/** m × block, uniform on (−½, ½): what a subspace search begins from. */
export async function randomBlock(m: number, block: number, seed: number, stream: number): Promise<DenseMatrix> {
  const out = await uniform(m, block, seed, 4 * stream + 2);
  for (let p = 0; p < out.data.length; p++) out.data[p] -= 0.5;
  return out;
}

async function uniform(rows: number, cols: number, seed: number, stream: number): Promise<DenseMatrix> {
  const out = dense(rows, cols);
  for (let from = 0; from < out.data.length; from += STRETCH) {
    fillUniform(out.data.subarray(from, from + STRETCH), seed, stream, from);
    if (from + STRETCH < out.data.length) await new Promise((resolve) => setImmediate(resolve));
  }
  return out;
}
