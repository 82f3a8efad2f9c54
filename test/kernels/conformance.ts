import { expect, test } from 'vitest';
import type { Kernels } from '../../src/kernels/kernels.js';
import { dense, toDense } from '../../src/matrix.js';
import { lowRank, meanSquare, multiply, sparse, uniform } from '../support/matrices.js';

import { argumentLaws } from './argument-laws.js';
import { checkpointLaws } from './checkpoint-laws.js';
import { encodeLaws } from './encode-laws.js';
import { factorLaws } from './factor-laws.js';
import { holdOutLaws } from './hold-out-laws.js';
import { improveLaws } from './improve-laws.js';
import { lookLaws } from './look-laws.js';
import { missingLaws } from './missing-laws.js';
import { multiplyLaws } from './multiply-laws.js';
import { nmfLaws } from './nmf-laws.js';
import { penaltyLaws } from './penalty-laws.js';
import { solverLaws } from './solver-laws.js';
import { streamLaws } from './stream-laws.js';
import { svdGapLaws } from './svd-gap-laws.js';
import { svdLaws } from './svd-laws.js';
import { svdPairLaws } from './svd-pair-laws.js';
import { svdSolverLaws } from './svd-solver-laws.js';
import { tiedLaws } from './tied-laws.js';
import { trapLaws } from './trap-laws.js';
import { weightLaws } from './weight-laws.js';

/** Laws that every backend keeps; a new one is tested by naming it. */
export function conformance(name: string, kernels: Kernels): void {
  argumentLaws(name, kernels);
  nmfLaws(name, kernels);
  solverLaws(name, kernels);
  penaltyLaws(name, kernels);
  trapLaws(name, kernels);
  tiedLaws(name, kernels);
  encodeLaws(name, kernels);
  holdOutLaws(name, kernels);
  missingLaws(name, kernels);
  checkpointLaws(name, kernels);
  streamLaws(name, kernels);
  weightLaws(name, kernels);
  multiplyLaws(name, kernels);
  factorLaws(name, kernels);
  improveLaws(name, kernels);
  svdLaws(name, kernels);
  svdSolverLaws(name, kernels);
  svdGapLaws(name, kernels);
  svdPairLaws(name, kernels);
  lookLaws(name, kernels);

  test(`${name}: mse is the mean squared difference`, async () => {
    const [W, H] = [uniform(14, 3, 1), uniform(3, 9, 2)];
    for (const X of [[uniform(14, 9, 3)], [sparse(14, 9, 4)], [uniform(5, 9, 5), sparse(9, 9, 6)]]) {
      const whole = dense(14, 9);
      let top = 0;
      for (const block of X.map(toDense)) {
        for (let j = 0; j < 9; j++)
          for (let i = 0; i < block.rows; i++) whole.data[top + i + j * 14] = block.data[i + j * block.rows];
        top += block.rows;
      }
      expect((await kernels.mse({ X, W, H })) / meanSquare(whole, multiply(W, H))).toBeCloseTo(1, 12);
    }
    expect(await kernels.mse({ X: [lowRank(6, 5, 2, 9)], W: uniform(6, 2, 9), H: uniform(2, 5, 10) })).toBeLessThan(
      1e-30,
    );
  });
}
