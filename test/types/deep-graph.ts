/** A 60-layer chain and a 40-branch sum: `instantiations.test.ts` counts what they cost the type checker. */
import { type DenseMatrix, factorAdd, factorInput, factorNet, type Matrix, nmfLayer } from '../../src/index.js';

declare const X: Matrix;

const x = factorInput(X, { name: 'x' });
const chain = x
  .nmfLayer({ name: 'c0', k: 8 })
  .nmfLayer({ name: 'c1', k: 8 })
  .nmfLayer({ name: 'c2', k: 8 })
  .nmfLayer({ name: 'c3', k: 8 })
  .nmfLayer({ name: 'c4', k: 8 })
  .nmfLayer({ name: 'c5', k: 8 })
  .nmfLayer({ name: 'c6', k: 8 })
  .nmfLayer({ name: 'c7', k: 8 })
  .nmfLayer({ name: 'c8', k: 8 })
  .nmfLayer({ name: 'c9', k: 8 })
  .nmfLayer({ name: 'c10', k: 8 })
  .nmfLayer({ name: 'c11', k: 8 })
  .nmfLayer({ name: 'c12', k: 8 })
  .nmfLayer({ name: 'c13', k: 8 })
  .nmfLayer({ name: 'c14', k: 8 })
  .nmfLayer({ name: 'c15', k: 8 })
  .nmfLayer({ name: 'c16', k: 8 })
  .nmfLayer({ name: 'c17', k: 8 })
  .nmfLayer({ name: 'c18', k: 8 })
  .nmfLayer({ name: 'c19', k: 8 })
  .nmfLayer({ name: 'c20', k: 8 })
  .nmfLayer({ name: 'c21', k: 8 })
  .nmfLayer({ name: 'c22', k: 8 })
  .nmfLayer({ name: 'c23', k: 8 })
  .nmfLayer({ name: 'c24', k: 8 })
  .nmfLayer({ name: 'c25', k: 8 })
  .nmfLayer({ name: 'c26', k: 8 })
  .nmfLayer({ name: 'c27', k: 8 })
  .nmfLayer({ name: 'c28', k: 8 })
  .nmfLayer({ name: 'c29', k: 8 })
  .nmfLayer({ name: 'c30', k: 8 })
  .nmfLayer({ name: 'c31', k: 8 })
  .nmfLayer({ name: 'c32', k: 8 })
  .nmfLayer({ name: 'c33', k: 8 })
  .nmfLayer({ name: 'c34', k: 8 })
  .nmfLayer({ name: 'c35', k: 8 })
  .nmfLayer({ name: 'c36', k: 8 })
  .nmfLayer({ name: 'c37', k: 8 })
  .nmfLayer({ name: 'c38', k: 8 })
  .nmfLayer({ name: 'c39', k: 8 })
  .nmfLayer({ name: 'c40', k: 8 })
  .nmfLayer({ name: 'c41', k: 8 })
  .nmfLayer({ name: 'c42', k: 8 })
  .nmfLayer({ name: 'c43', k: 8 })
  .nmfLayer({ name: 'c44', k: 8 })
  .nmfLayer({ name: 'c45', k: 8 })
  .nmfLayer({ name: 'c46', k: 8 })
  .nmfLayer({ name: 'c47', k: 8 })
  .nmfLayer({ name: 'c48', k: 8 })
  .nmfLayer({ name: 'c49', k: 8 })
  .nmfLayer({ name: 'c50', k: 8 })
  .nmfLayer({ name: 'c51', k: 8 })
  .nmfLayer({ name: 'c52', k: 8 })
  .nmfLayer({ name: 'c53', k: 8 })
  .nmfLayer({ name: 'c54', k: 8 })
  .nmfLayer({ name: 'c55', k: 8 })
  .nmfLayer({ name: 'c56', k: 8 })
  .nmfLayer({ name: 'c57', k: 8 })
  .nmfLayer({ name: 'c58', k: 8 })
  .nmfLayer({ name: 'c59', k: 8 });
const sum = factorAdd(
  nmfLayer(x, { name: 's0', k: 8 }),
  nmfLayer(x, { name: 's1', k: 8 }),
  nmfLayer(x, { name: 's2', k: 8 }),
  nmfLayer(x, { name: 's3', k: 8 }),
  nmfLayer(x, { name: 's4', k: 8 }),
  nmfLayer(x, { name: 's5', k: 8 }),
  nmfLayer(x, { name: 's6', k: 8 }),
  nmfLayer(x, { name: 's7', k: 8 }),
  nmfLayer(x, { name: 's8', k: 8 }),
  nmfLayer(x, { name: 's9', k: 8 }),
  nmfLayer(x, { name: 's10', k: 8 }),
  nmfLayer(x, { name: 's11', k: 8 }),
  nmfLayer(x, { name: 's12', k: 8 }),
  nmfLayer(x, { name: 's13', k: 8 }),
  nmfLayer(x, { name: 's14', k: 8 }),
  nmfLayer(x, { name: 's15', k: 8 }),
  nmfLayer(x, { name: 's16', k: 8 }),
  nmfLayer(x, { name: 's17', k: 8 }),
  nmfLayer(x, { name: 's18', k: 8 }),
  nmfLayer(x, { name: 's19', k: 8 }),
  nmfLayer(x, { name: 's20', k: 8 }),
  nmfLayer(x, { name: 's21', k: 8 }),
  nmfLayer(x, { name: 's22', k: 8 }),
  nmfLayer(x, { name: 's23', k: 8 }),
  nmfLayer(x, { name: 's24', k: 8 }),
  nmfLayer(x, { name: 's25', k: 8 }),
  nmfLayer(x, { name: 's26', k: 8 }),
  nmfLayer(x, { name: 's27', k: 8 }),
  nmfLayer(x, { name: 's28', k: 8 }),
  nmfLayer(x, { name: 's29', k: 8 }),
  nmfLayer(x, { name: 's30', k: 8 }),
  nmfLayer(x, { name: 's31', k: 8 }),
  nmfLayer(x, { name: 's32', k: 8 }),
  nmfLayer(x, { name: 's33', k: 8 }),
  nmfLayer(x, { name: 's34', k: 8 }),
  nmfLayer(x, { name: 's35', k: 8 }),
  nmfLayer(x, { name: 's36', k: 8 }),
  nmfLayer(x, { name: 's37', k: 8 }),
  nmfLayer(x, { name: 's38', k: 8 }),
  nmfLayer(x, { name: 's39', k: 8 }),
);
const fit = await factorNet(nmfLayer(factorAdd(chain, sum), { name: 'top', k: 3 })).fit();
export const first: DenseMatrix = fit.c0.W;
export const last: DenseMatrix = fit.s39.W;
export const top: DenseMatrix = fit.top.W;
