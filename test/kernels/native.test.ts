import { describe } from 'vitest';
import { loadNative } from '../../src/kernels/native.js';
import { haveNative, withoutNative } from '../support/native.js';
import { conformance } from './conformance.js';

describe.skipIf(!haveNative)(`native kernels${withoutNative}`, () => {
  if (haveNative) conformance('native', loadNative());
});
