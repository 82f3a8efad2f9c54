// Projective NMF, X ≈ W·diag(d)·WᵀX: parts that hardly overlap, at a little more loss. Topics of the State of the Union addresses.
import { cosine, nmf, type PlainFit, plotHeatmap, sparsity } from 'factorloom';
import { loadAddresses } from './data/state-of-the-union.js';
import { save } from './save.js';

const { words, vocabulary: featureNames } = loadAddresses();
const options = { k: 6, seed: 42, tol: 1e-5, maxIter: 500, featureNames };
const fits = {
  standard: await nmf(words, options),
  projective: await nmf(words, { ...options, projective: true }),
};

const mean = (values: ArrayLike<number>) => Array.from(values).reduce((sum, x) => sum + x, 0) / values.length;
/** How alike two different columns of W are on average. */
const overlap = ({ W, d: { length: k } }: PlainFit) => mean(cosine(W, W).data.filter((_, p) => p % (k + 1) !== 0));

console.log('            cosine of W  sparsity (Hoyer)   zeros   loss       explained');
for (const [name, fit] of Object.entries(fits)) {
  const { hoyer, zeros } = sparsity(fit).W;
  const numbers = [overlap(fit).toFixed(3).padStart(11), mean(hoyer).toFixed(3).padStart(16), mean(zeros).toFixed(3)];
  const { explained } = fit.summary.inputs.data;
  console.log(
    `${name.padEnd(10)}  ${numbers.join('  ')}   ${fit.loss.toExponential(3)}  ${(100 * explained).toFixed(1)}%`,
  );
}
for (const [name, fit] of Object.entries(fits)) {
  console.log(`\n${name}`);
  for (const r of fit.d.keys()) console.log(`  ${fit.top(r, 6).map(({ feature }) => feature).join(', ')}`); // biome-ignore format: one thought
}

// The two forms that tie H to W answer different questions, and a layer has one of them.
const together = nmf([[2, 1], [1, 2]], { k: 1, symmetric: true, projective: true }); // biome-ignore format: one matrix
await together.catch(({ message }) => console.log(`\n${message}`));

const overlaps = {
  standard: cosine(fits.standard.W, fits.standard.W),
  projective: cosine(fits.projective.W, fits.projective.W),
};
await save('projective-overlap', plotHeatmap(overlaps, { value: 'cosine', title: 'How alike topics are' }));
