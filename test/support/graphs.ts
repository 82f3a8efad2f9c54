import {
  factorAdd,
  factorConcat,
  factorCondition,
  factorInput,
  factorShared,
  nmfLayer,
  svdLayer,
} from '../../src/index.js';
import { sparse, uniform } from './matrices.js';

/** A diamond with every kind of node: one input under three layers, one sparse, a nested condition, an SVD. */
export function diamond() {
  const rna = factorInput(uniform(12, 9, 1), { name: 'rna' });
  const atac = factorInput(sparse(7, 9, 2), { name: 'atac' });
  const joint = nmfLayer(factorShared(rna, atac), { name: 'joint', k: 3 });
  const b = nmfLayer(rna, { name: 'b', k: 3, L1: 0.001 });
  const axes = svdLayer(atac, { name: 'axes', k: 2, center: true });
  const parts = factorConcat(factorAdd(joint, b), factorCondition(axes, uniform(1, 9, 3)), joint);
  return nmfLayer(factorCondition(parts, uniform(2, 9, 4)), { name: 'top', k: 2 });
}
