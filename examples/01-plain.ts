// Plain NMF: one matrix, one layer.
import { column, factorInput, factorNet, nmfLayer, row } from 'factorloom';
import { loadTerritories } from './data/territories.js';
import { strongest } from './print.js';

const { languages, languageNames, territoryNames } = loadTerritories();
const net = factorNet(nmfLayer(factorInput(languages, { name: 'languages' }), { name: 'spheres', k: 12 }), { seed: 4 });
const { spheres, summary } = await net.fit();

console.log(
  `W ${spheres.W.rows} × ${spheres.W.cols}, H ${spheres.H.rows} × ${spheres.H.cols}, mse ${summary.loss.toExponential(3)}`,
);
for (let r = 0; r < spheres.d.length; r++) {
  const spoken = strongest(languageNames, column(spheres.W, r), 3).join(', ');
  console.log(`${spoken}: ${strongest(territoryNames, row(spheres.H, r), 5).join(', ')}`);
}
