/** The library imported and no graph built: what `deep-graph.ts` is compared with. */
export { factorAdd, factorInput, factorNet, type Matrix, nmfLayer } from '../../src/index.js';
