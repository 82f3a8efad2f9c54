import { reference } from '../../src/kernels/reference.js';
import { lossLaws } from './loss-laws.js';
import { lossParameterLaws } from './loss-parameter-laws.js';

lossLaws('reference', reference);
lossParameterLaws('reference', reference);
