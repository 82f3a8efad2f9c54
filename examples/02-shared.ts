// Two modalities over the same samples: one H, one W each. What does geography change?
import {
  column,
  correlation,
  factorInput,
  factorNet,
  factorShared,
  nmfLayer,
  plotFactorsByGroup,
  plotGraph,
  plotMatches,
  plotVariance,
  row,
} from 'factorloom';
import { loadTerritories } from './data/territories.js';
import { percent, strongest } from './print.js';
import { save } from './save.js';

const data = loadTerritories();
const languages = factorInput(data.languages, { name: 'languages' });
const geography = factorInput(data.geography, { name: 'geography' });
const config = { seed: 1, maxIter: 500, tol: 1e-6 };

const alone = await factorNet(nmfLayer(languages, { name: 'spheres', k: 13 }), config).fit();
const net = factorNet(nmfLayer(factorShared(languages, geography), { name: 'spheres', k: 13 }), config);
const joint = await net.fit();

const { W, H } = joint.spheres;
console.log(
  `W.languages ${W.languages.rows} × ${W.languages.cols}, W.geography ${W.geography.rows} × ${W.geography.cols}, H ${H.rows} × ${H.cols}`,
);
console.log(`languages explained alone: ${percent(alone.summary.inputs.languages.explained)}`);
for (const [name, { explained }] of Object.entries(joint.summary.inputs)) {
  console.log(`${name} explained together: ${percent(explained)}`);
}

// Which of the joint factors are there without geography too?
const alike = correlation(H, alone.spheres.H, { by: 'rows' });
const best = Array.from({ length: H.rows }, (_, r) => Math.max(...row(alike, r).map(Math.abs)));
console.log(`best |r| with languages alone: ${best.map((r) => r.toFixed(2)).join(' ')}`);
console.log(`${best.filter((r) => r >= 0.9).length} of ${best.length} factors are at .9 or above`);

const names = Array.from(best, (_, r) => strongest(data.languageNames, column(W.languages, r), 1)[0]);
await save('shared-graph', plotGraph(net, { title: 'Two modalities, one H' }));
await save(
  'shared-regions',
  plotFactorsByGroup({ ...H, rowNames: names }, { groups: data.regions, title: 'Joint factors by region' }),
);
const title = 'Joint factors among those of languages alone';
await save('shared-matches', plotMatches(H, alone.spheres.H, { title }));
await save('shared-variance', plotVariance(joint, { title: 'What each joint factor explains' }));
