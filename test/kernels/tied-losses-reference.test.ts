import { reference } from '../../src/kernels/reference.js';
import { tiedLossLaws } from './tied-loss-laws.js';

tiedLossLaws('reference', reference);
