import { type DenseMatrix, dense } from '../matrix.js';
import { rUniforms } from '../random/r-random.js';
import { fillUniform } from './rng.js';
import { turn } from './turn.js';

/** Numbers drawn between two turns of the event loop. */
const STRETCH = 1 << 19;

/** Factors to begin from: features × k and k × samples. */
export interface Start {
  readonly W: DenseMatrix;
  readonly H: DenseMatrix;
}

/**
 * W (m × k) and H (k × n), uniform on (0, 1); every layer has four streams of its own, W and H one each. The `nth` start
 * of a layer goes on where the one before it ended.
 */
export async function randomStart(
  m: number,
  n: number,
  k: number,
  seed: number,
  stream: number,
  nth = 0,
): Promise<Start> {
  return {
    W: await uniform(m, k, seed, 4 * stream, nth * m * k),
    H: await uniform(k, n, seed, 4 * stream + 1, nth * k * n),
  };
}

/** The seeds of R that are not negative. */
const SEEDS = 2 ** 31;

/**
 * W (m × k) and then H (k × n), column by column, as R's `runif` draws them after `set.seed(seed + stream)`; without
 * `withH` H is zero and not drawn. The `nth` start of a layer goes on where the one before it ended.
 */
export async function randomStartOfR(
  m: number,
  n: number,
  k: number,
  { seed, stream, nth, withH }: { seed: number; stream: number; nth: number; withH: boolean },
): Promise<Start> {
  const uniform = rUniforms(((seed % SEEDS) + stream) % SEEDS);
  const before = nth * (m + (withH ? n : 0)) * k;
  await inStretches(before, uniform);
  const draw = async ({ data }: DenseMatrix) =>
    inStretches(data.length, (p) => {
      data[p] = uniform();
    });
  const start = { W: dense(m, k), H: dense(k, n) };
  await draw(start.W);
  if (withH) await draw(start.H);
  return start;
}

/** Does something `count` times, and lets the event loop turn now and then. */
async function inStretches(count: number, each: (p: number) => void): Promise<void> {
  for (let p = 0; p < count; p++) {
    if (p > 0 && p % STRETCH === 0) await turn();
    each(p);
  }
}

/** m × block, uniform on (−½, ½): what a subspace search begins from. */
export async function randomBlock(m: number, block: number, seed: number, stream: number): Promise<DenseMatrix> {
  const out = await uniform(m, block, seed, 4 * stream + 2);
  for (let p = 0; p < out.data.length; p++) out.data[p] -= 0.5;
  return out;
}

/** A matrix of numbers of a stream, uniform on (0, 1), from the `first` on. */
export async function uniform(
  rows: number,
  cols: number,
  seed: number,
  stream: number,
  first = 0,
): Promise<DenseMatrix> {
  const out = dense(rows, cols);
  for (let from = 0; from < out.data.length; from += STRETCH) {
    fillUniform(out.data.subarray(from, from + STRETCH), seed, stream, first + from);
    if (from + STRETCH < out.data.length) await turn();
  }
  return out;
}
