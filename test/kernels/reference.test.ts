import { reference } from '../../src/kernels/reference.js';
import { conformance } from './conformance.js';

conformance('reference', reference);
