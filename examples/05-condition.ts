// Conditioning: the region of each territory enters beside the data, and has loadings of its own.
import {
  column,
  factorCondition,
  factorInput,
  factorNet,
  nmfLayer,
  plotFactorsByGroup,
  plotGraph,
  row,
} from 'factorloom';
import { loadTerritories } from './data/territories.js';
import { strongest } from './print.js';
import { save } from './save.js';

const { languages, languageNames, territoryNames, regions } = loadTerritories();
const regionNames = [...new Set(regions)].sort();
const isIn = regionNames.map((name) => regions.map((region) => (region === name ? 1 : 0))); // 6 regions × territories

const spheres = nmfLayer(factorInput(languages, { name: 'languages' }), { name: 'spheres', k: 12 });
const guided = nmfLayer(factorCondition(spheres, isIn), { name: 'guided', k: 6 });
const net = factorNet(guided, { seed: 2 });
const fit = await net.fit();

const sphereNames = Array.from(fit.spheres.d, (_, r) => strongest(languageNames, column(fit.spheres.W, r), 1)[0]);
console.log(
  `W ${fit.guided.W.rows} × ${fit.guided.W.cols}, Wcondition ${fit.guided.Wcondition.rows} × ${fit.guided.Wcondition.cols}\n`,
);
for (let r = 0; r < fit.guided.d.length; r++) {
  const spoken = strongest(sphereNames, column(fit.guided.W, r), 3).join(', ');
  const where = strongest(regionNames, column(fit.guided.Wcondition, r), 2).join(', ');
  console.log(`${where}: ${spoken} (${strongest(territoryNames, row(fit.guided.H, r), 3).join(', ')})`);
}

await save('condition-graph', plotGraph(net, { title: 'Regions beside the data' }));
const title = 'Conditioned factors by region';
await save('condition-regions', plotFactorsByGroup(fit.guided.H, { groups: regions, title }));
