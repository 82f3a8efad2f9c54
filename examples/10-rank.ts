// How many factors? Data of rank 5 cross-validated over k, and what too many factors do, iteration by iteration.
import {
  crossValidateGraph,
  crossValidateRank,
  factorInput,
  nmfLayer,
  plotLoss,
  plotSweep,
  simulateNmf,
} from 'factorloom';
import { save } from './save.js';

const { X } = simulateNmf({ rows: 200, cols: 80, k: 5, noise: 0.6, seed: 42 });

// Every rank is fitted on the same three masks, and scored on the 5% of the entries that no fit has seen.
const ranks = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
const layer = { tol: 1e-5, maxIter: 200 };
const found = await crossValidateRank(X, { k: ranks, testFraction: 0.05, reps: 3, seed: 1, layer });
console.log(`${found.table()}\n\n${found.reason}\n`);
await save('rank', plotSweep(found, { train: true, title: 'Data of rank 5: loss by rank' }));

// A fit of at most i iterations is the i-th iterate of a longer one from the same start.
const iterations = [...Array(20).keys(), 24, 29, 34, 39, 49, 59, 69, 79, 89, 99].map((i) => i + 1);
const x = factorInput(X, { name: 'x' });
const { points } = await crossValidateGraph({
  params: { k: [2, 5, 15], iterations },
  ...{ testFraction: 0.05, reps: 3, seed: 1, ridge: 0 },
  layerFn: ({ k, iterations }) => nmfLayer(x, { name: 'parts', k, maxIter: iterations, tol: 0 }),
});
const curve = (k: number, which: 'trainLoss' | 'testLoss') =>
  points
    .filter(({ params }) => params.k === k)
    .map((point) => ({ iteration: point.params.iterations, loss: point[which] }))
    .sort((a, b) => a.iteration - b.iteration);
const names = { 'k = 2, too few': 2, 'k = 5, right': 5, 'k = 15, too many': 15 };
const curves = Object.entries(names).map(([name, k]) => [name, curve(k, 'trainLoss'), curve(k, 'testLoss')] as const);
for (const [name, train, test] of curves) {
  const lowest = test.reduce((best, at) => (at.loss < best.loss ? at : best));
  const last = test[test.length - 1].loss;
  console.log(
    `${name}: train ${train[train.length - 1].loss.toFixed(2)}, test ${last.toFixed(2)}, lowest ${lowest.loss.toFixed(2)} after ${lowest.iteration}`,
  );
}
const fits = Object.fromEntries(curves.map(([name, history]) => [name, { history }]));
const heldOut = Object.fromEntries(curves.map(([name, , test]) => [name, test]));
await save(
  'rank-iterations',
  plotLoss(fits, { heldOut, facets: true, title: 'Loss by iteration, mean of three masks' }),
);
