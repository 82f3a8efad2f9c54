// Deep, and which rank on top: a search over the second layer's k. The first layer is fitted once for each mask.
import { crossValidateGraph, factorInput, factorNet, nmfLayer, plotGraph, plotSweep } from 'factorloom';
import { loadAddresses } from './data/state-of-the-union.js';
import { save } from './save.js';

const { words } = loadAddresses();
const first = nmfLayer(factorInput(words, { name: 'words' }), { name: 'first', k: 20 });
const second = (k: number) => nmfLayer(first, { name: 'second', k });
const result = await crossValidateGraph({
  params: { k: [3, 5, 8] },
  reps: 4,
  seed: 1,
  layerFn: ({ k }) => second(k),
});
console.log(`${result.table()}\n\n${result.reason}\n`);

const { fitted, asked } = result.work;
console.log(
  `${fitted} of ${asked} layers were fitted: the first once for each of 4 masks, the second for each mask and rank`,
);
const { best } = result;
const net = factorNet(second(best.k), { seed: 1 });
const fit = await net.fit();
console.log(
  `with k = ${best.k} on all data: first.H ${fit.first.H.rows} × ${fit.first.H.cols}, second.H ${fit.second.H.rows} × ${fit.second.H.cols}`,
);

await save('deep-sweep-graph', plotGraph(net, { title: 'Two layers' }));
await save('deep-sweep', plotSweep(result, { train: true, title: 'Rank of the second layer' }));
