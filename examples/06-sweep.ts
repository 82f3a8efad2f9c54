// How many eras? A sweep over the rank of a deep graph's second layer, on entries that no fit has seen: the first layer is
// fitted once for each mask, whatever the number of points.
import { factorInput, graphSweep, H, nmfLayer, plotSweep } from 'factorloom';
import { loadAddresses } from './data/state-of-the-union.js';
import { save } from './save.js';

const { words } = loadAddresses();
const addresses = factorInput(words, { name: 'words' });
const topics = nmfLayer(addresses, { name: 'topics', k: 12 });
const sweep = graphSweep({
  params: { k: [2, 3, 4, 6, 8], L1: [0, 0.01, 0.1] },
  reps: 4,
  seed: 1,
  layerFn: ({ k, L1 }) => nmfLayer(topics, { name: 'eras', k, H: H({ L1 }) }),
});
console.log(`${sweep.explain()}\n`);

const steps = sweep.steps();
let step = await steps.next();
for (; !step.done; step = await steps.next()) {
  const { done, of, row, left } = step.value;
  const line = `  ${done} of ${of}: k = ${row.params.k}, mask ${row.replicate + 1}, ${left.toFixed(1)} s left`;
  if (process.stdout.isTTY) process.stdout.write(`\r${line}\x1b[K`);
  else if (done % 10 === 0) console.log(line);
}
const result = step.value;
console.log(`\n${result.table()}\n\n${result.reason}`);
const { fitted, asked, multiplyAdds, multiplyAddsAlone } = result.work;
console.log(
  `\n${fitted} of ${asked} layers were fitted: ${(100 * (multiplyAdds / multiplyAddsAlone)).toFixed(0)}% of the multiply-adds of separate fits`,
);
await save('sweep-grid', plotSweep(result, { title: 'How many eras?' }));
