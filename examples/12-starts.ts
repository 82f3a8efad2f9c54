// Where to begin? The same factorization from random numbers and from an SVD: iterations, final losses, and the way there.
import { nmf, plotLoss } from 'factorloom';
import { loadTerritories } from './data/territories.js';
import { save } from './save.js';

const { languages } = loadTerritories();
const options = { k: 12, tol: 1e-6, maxIter: 80 };
const say = (name: string, { iterations, loss }: { iterations: number; loss: number }) =>
  console.log(`${name.padEnd(12)} ${String(iterations).padStart(10)}   ${loss.toExponential(4)}`);

console.log('start        iterations   loss');
const fits = {
  random: await nmf(languages, { ...options, start: 'random', seed: 42 }),
  svd: await nmf(languages, { ...options, start: 'svd' }),
  nndsvd: await nmf(languages, { ...options, start: 'nndsvd' }),
  nndsvda: await nmf(languages, { ...options, start: 'nndsvda' }),
};
for (const [name, fit] of Object.entries(fits)) say(name, fit);
const { random, svd } = fits;
await save('starts', plotLoss({ random, svd }, { log: true, title: 'From a random start and from an SVD' }));

// One start proves nothing: there are several minima, and seeds end in different ones.
const seeds = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map((seed) => nmf(languages, { ...options, seed })));
for (const [i, fit] of seeds.entries()) say(`random, ${i + 1}`, fit);
const losses = seeds.map(({ loss }) => loss);
const better = losses.filter((loss) => loss <= svd.loss * (1 + 1e-4)).length;
console.log(`\n${better} of ${seeds.length} random starts end as low as the SVD's`);
const named = Object.fromEntries(seeds.map((fit, i) => [`random, seed ${i + 1}`, fit]));
await save('starts-random', plotLoss({ ...named, svd }, { log: true, title: 'Eight random starts and an SVD' }));

// Of starts that are raced, the best after ten iterations goes on.
say('best of 20', await nmf(languages, { ...options, seed: 42, restarts: 20 }));
