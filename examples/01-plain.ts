// Plain NMF: one matrix, one layer. A graph of one layer is nmf(), to the bit.
import { column, factorInput, factorNet, nmf, nmfLayer, plotGraph, plotLoadings, row } from 'factorloom';
import { loadTerritories } from './data/territories.js';
import { strongest } from './print.js';
import { save } from './save.js';

const { languages, languageNames, territoryNames } = loadTerritories();
const input = factorInput(languages, { name: 'languages', featureNames: languageNames });
const net = factorNet(nmfLayer(input, { name: 'spheres', k: 12 }), { seed: 4 });
const { spheres, summary } = await net.fit();

console.log(
  `W ${spheres.W.rows} × ${spheres.W.cols}, H ${spheres.H.rows} × ${spheres.H.cols}, mse ${summary.loss.toExponential(3)}`,
);
for (let r = 0; r < spheres.d.length; r++) {
  const spoken = strongest(languageNames, column(spheres.W, r), 3).join(', ');
  console.log(`${spoken}: ${strongest(territoryNames, row(spheres.H, r), 5).join(', ')}`);
}

const plain = await nmf(languages, { k: 12, seed: 4 });
console.log('\nmethod      mse        iterations');
console.log(`graph       ${spheres.loss.toExponential(3)}  ${spheres.iterations}`);
console.log(`nmf()       ${plain.loss.toExponential(3)}  ${plain.iterations}`);
const same = (['W', 'H'] as const).every((factor) => {
  const other = plain[factor].data;
  return spheres[factor].data.every((x, p) => Object.is(x, other[p]));
});
console.log(same ? 'the same bits' : 'other bits');

await save('plain-graph', plotGraph(net, { title: 'One layer' }));
await save('plain-loadings', plotLoadings(spheres, { factors: [0, 1, 2, 3, 4, 5], n: 6 }));
