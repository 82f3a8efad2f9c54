import { look } from '../matrix-check.js';
import type { Kernels } from './kernels.js';
import { encode } from './reference/encode.js';
import { factorLosses } from './reference/factor-losses.js';
import { improve } from './reference/improve.js';
import { deviance } from './reference/losses/deviance.js';
import { mse } from './reference/mse.js';
import { multiply } from './reference/multiply.js';
import { nmf, nmfStreamed } from './reference/nmf.js';
import { svd } from './reference/svd.js';
import { tied } from './reference/tied.js';

/**
 * The definition of right, in plain TypeScript: every other backend is compared with it. It works on the caller's
 * thread and lets the event loop turn every few milliseconds.
 */
export const reference: Kernels = Object.freeze({
  backend: 'reference',
  nmf,
  nmfStreamed,
  tied,
  encode,
  svd,
  mse,
  deviance,
  factorLosses,
  multiply,
  improve,
  look,
});
