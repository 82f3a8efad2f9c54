import { loadNative } from '../../src/kernels/native.js';
import { lossLaws } from './loss-laws.js';

lossLaws('native', loadNative());
