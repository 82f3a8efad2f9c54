import { checkOptions } from '../dsl/check-options.js';
import { simulateSwimmerOptions } from '../dsl/schemas.js';
import { multiply } from '../kernels/reference/orthogonal.js';
import { type DenseMatrix, dense } from '../matrix.js';
import { addNoise } from './random.js';
import type { Simulated } from './simulate-nmf.js';

export interface SimulateSwimmerOptions {
  /** Standard deviation of the noise, ≥ 0, in units of the mean of all pixels; what comes below 0 is made 0. Default 0. */
  readonly noise?: number | undefined;
  /** Of the noise, a whole number ≥ 0; default 0. */
  readonly seed?: number | undefined;
}

export interface Swimmer extends Simulated {
  /** 1024 × 256: an image in each column, 32 lines of 32 pixels one after the other. */
  readonly X: DenseMatrix;
  /** 1024 × 17: the torso, then for each limb of `limbs`, in order, its four positions. Entries are 0 or 1. */
  readonly W: DenseMatrix;
  /** 17 × 256: which parts an image shows, five of them. Entries are 0 or 1. */
  readonly H: DenseMatrix;
  /** The position of each limb in each image: 256 numbers from 0 to 3. */
  readonly limbs: Readonly<Record<Limb, readonly number[]>>;
}

export type Limb = (typeof LIMBS)[number]['name'];

const SIZE = 32;
const POSITIONS = 4;
/** Pixels of a limb. */
const LENGTH = 6;
/** Columns, and lines from the first to the last. */
const TORSO = { columns: [15, 16], lines: [10, 21] } as const;

/** Arms turn from upwards to downwards and outwards, legs from outwards and upwards to downwards: [lines, columns] a step. */
const ARM = [[-1, 0], [-1, 1], [0, 1], [1, 1]] as const; // biome-ignore format: one thought
const LEG = [[-1, 1], [0, 1], [1, 1], [1, 0]] as const; // biome-ignore format: one thought
/** A limb begins beside its joint, a pixel of the torso, and goes to the left (−1) or to the right. */
const LIMBS = [
  { name: 'leftArm', line: 10, column: 14, side: -1, steps: ARM },
  { name: 'rightArm', line: 10, column: 17, side: 1, steps: ARM },
  { name: 'leftLeg', line: 21, column: 14, side: -1, steps: LEG },
  { name: 'rightLeg', line: 21, column: 17, side: 1, steps: LEG },
] as const;

/**
 * The swimmer: 256 images of a figure with a torso and four limbs in four positions each, in every combination. X = W·H of
 * non-negative rank 17: no two parts share a pixel, so all limbs can be told from the data. Not so the torso, which is in
 * every image: a share of it in each position of one limb explains the images as well.
 *
 *   x_ij = max(0, (W·H)_ij + noise · μ · ε_ij),   μ the mean of W·H, ε_ij standard normal.
 *
 * @returns Image a + 4b + 16c + 64d has the left arm in position a, the right arm in b, the left leg in c, the right leg in d.
 * @throws GraphError 'unknown-option', 'invalid-option'.
 * @example
 * const { X, limbs } = simulateSwimmer();
 * const { parts } = await factorNet(nmfLayer(factorInput(X, { name: 'x' }), { name: 'parts', k: 17 })).fit();
 * console.log(nearestNeighbourAccuracy(parts.H, limbs.leftArm));
 * @see Donoho & Stodden 2003; the figure is drawn anew from its description.
 */
export function simulateSwimmer(options: SimulateSwimmerOptions = {}): Swimmer {
  checkOptions(simulateSwimmerOptions, options, 'simulateSwimmer');
  const { noise = 0, seed = 0 } = options;
  const W = dense(SIZE * SIZE, 1 + LIMBS.length * POSITIONS);
  const draw = (part: number, line: number, column: number) => {
    W.data[column + line * SIZE + part * W.rows] = 1;
  };
  for (const column of TORSO.columns)
    for (let line = TORSO.lines[0]; line <= TORSO.lines[1]; line++) draw(0, line, column);
  LIMBS.forEach(({ line, column, side, steps }, limb) => {
    draw(0, line, column);
    steps.forEach(([down, out], position) => {
      for (let p = 1; p <= LENGTH; p++) draw(partOf(limb, position), line + p * down, column + p * out * side);
    });
  });
  const images = POSITIONS ** LIMBS.length;
  const H = dense(W.cols, images);
  for (let image = 0; image < images; image++) {
    H.data[image * H.rows] = 1;
    for (let limb = 0; limb < LIMBS.length; limb++) H.data[partOf(limb, positionOf(limb, image)) + image * H.rows] = 1;
  }
  const X = multiply(W, H);
  addNoise(X.data, noise, { seed, stream: 0 });
  return Object.freeze({ X, W, H, limbs: limbsOf(images) });
}

const partOf = (limb: number, position: number): number => 1 + limb * POSITIONS + position;
const positionOf = (limb: number, image: number): number => Math.floor(image / POSITIONS ** limb) % POSITIONS;

function limbsOf(images: number): Swimmer['limbs'] {
  const positions = (limb: number) =>
    Object.freeze(Array.from({ length: images }, (_, image) => positionOf(limb, image)));
  const [leftArm, rightArm, leftLeg, rightLeg] = LIMBS.map((_, limb) => positions(limb));
  return Object.freeze({ leftArm, rightArm, leftLeg, rightLeg });
}
