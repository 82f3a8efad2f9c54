import { describe } from 'vitest';
import { loadNative } from '../../src/kernels/native.js';
import { haveNative, withoutNative } from '../support/native.js';
import { conformance } from './conformance.js';
import { readLaws } from './stream-laws.js';

describe.skipIf(!haveNative)(`native kernels${withoutNative}`, () => {
  if (!haveNative) return;
  conformance('native', loadNative());
  readLaws(loadNative());
});
