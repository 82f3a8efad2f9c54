import { reference } from '../../src/kernels/reference.js';
import { lossLaws } from './loss-laws.js';

lossLaws('reference', reference);
