// Are planted factors found again? Data of rank 5 under three times as much noise are factorized, and the factors compared with
// those they were made of.
import {
  alternatingNnls,
  bipartiteMatch,
  cosine,
  type DenseMatrix,
  nmf,
  plotAgreement,
  plotHeatmap,
  scaleSamples,
} from 'factorloom';
import { loadBlocks } from './data/blocks.js';
import { save } from './save.js';

const { X, W, H } = loadBlocks();
const fit = await nmf(X, { k: 5, seed: 1, tol: 1e-5 });
console.log(
  `W ${fit.W.rows} × ${fit.d.length}, loss ${fit.loss.toExponential(4)} after ${fit.iterations} iterations\n`,
);

// Which factor is which: the pairing of least cost.
const alike = cosine(W, fit.W);
const { columns } = bipartiteMatch({ ...alike, data: alike.data.map((x) => 1 - x) });
const learned = fit.subset(columns).W;

// What could be known at best: W by least squares from the same noisy data, H being the true one.
const noisy = (await alternatingNnls(X, { start: { H }, halfSteps: 1 })).W;

const cosines = (A: DenseMatrix, B: DenseMatrix) => [0, 1, 2, 3, 4].map((r) => cosine(A, B).data[r + 5 * r].toFixed(3));
console.log('factor                     1     2     3     4     5');
console.log(`true and learned       ${cosines(W, learned).join(' ')}`);
console.log(`true and least squares ${cosines(W, noisy).join(' ')}`);
console.log(`least squares, learned ${cosines(noisy, learned).join(' ')}`);

// Both with columns that sum to 1, as those of a fit do.
const pair = { 'least squares, true H': scaleSamples(noisy, { by: 'sum' }), learned };
const look = { clusterRows: true, colours: 'inferno', value: 'loading' } as const;
await save('recovery-loadings', plotHeatmap(pair, { ...look, title: 'Loadings from noisy data, and learned ones' }));
await save('recovery-cosines', plotAgreement(pair, { title: 'Loadings by factor' }));
