// How many factors? Data of rank 5 cross-validated over k, and what too many factors do, iteration by iteration.
import { crossValidateRank, type FittedRow, plotLoss, plotSweep } from 'factorloom';
import { loadBlocks } from './data/blocks.js';
import { save } from './save.js';

const { X } = loadBlocks();

// Every rank is fitted on the same three masks, and scored on the 5% of the entries that no fit has seen.
const ranks = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
const layer = { tol: 1e-5, maxIter: 200 };
const found = await crossValidateRank(X, { k: ranks, testFraction: 0.05, reps: 3, seed: 1, layer });
console.log(`${found.table()}\n\n${found.reason}\n`);
await save('rank', plotSweep(found, { train: true, title: 'Data of rank 5: loss by rank' }));

// A sweep that looks at the held-out loss after each iteration keeps what it has seen.
const looked = await crossValidateRank(X, {
  ...{ k: [2, 5, 15], testFraction: 0.05, reps: 1, seed: 1, ridge: 0, layer: { tol: 0, maxIter: 100 } },
  earlyStopping: { every: 1, patience: 100 },
});
const curves: Record<string, FittedRow> = {};
for (const row of looked.rows) {
  if (row.error !== null) throw new Error(row.error.message);
  const { k } = row.params;
  const name = `k = ${k}, ${k < 5 ? 'too few' : k > 5 ? 'too many' : 'right'}`;
  const last = row.looks[row.looks.length - 1];
  const after = row.looks.find(({ testLoss }) => testLoss === row.testLoss)?.iteration;
  console.log(
    `${name}: train ${last.trainLoss.toExponential(2)}, test ${last.testLoss.toExponential(2)}, lowest ${row.testLoss.toExponential(2)} after ${after}`,
  );
  curves[name] = row;
}
await save('rank-iterations', plotLoss(curves, { facets: true, title: 'Loss by iteration, on one mask' }));
