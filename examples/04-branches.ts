// Branches that meet again: parts and axes of two inputs, concatenated and summed.
import {
  factorAdd,
  factorConcat,
  factorInput,
  factorNet,
  nmfLayer,
  plotConnections,
  plotGraph,
  svdLayer,
} from 'factorloom';
import { loadTerritories } from './data/territories.js';
import { percent } from './print.js';
import { save } from './save.js';

const data = loadTerritories();
const languages = factorInput(data.languages, { name: 'languages' });
const geography = factorInput(data.geography, { name: 'geography' });

const spoken = nmfLayer(languages, { name: 'spoken', k: 10 });
const places = nmfLayer(geography, { name: 'places', k: 10 });
const axes = svdLayer(geography, { name: 'axes', k: 3, center: true });
const both = factorAdd(spoken, places); // ranks must agree: the type checker says so if they don't
const net = factorNet(nmfLayer(factorConcat(both, axes), { name: 'top', k: 6 }), { seed: 3 });

console.log(net.explain());
const fit = await net.fit();
console.log(`\ntop: W ${fit.top.W.rows} × ${fit.top.W.cols}, H ${fit.top.H.rows} × ${fit.top.H.cols}`);
for (const [name, { explained }] of Object.entries(fit.summary.inputs)) {
  console.log(`${name} explained through the whole graph: ${percent(explained)}`);
}

// Branches of one input at two resolutions, and one layer that weighs both.
const broad = nmfLayer(languages, { name: 'broad', k: 3 });
const narrow = nmfLayer(languages, { name: 'narrow', k: 10 });
const merged = await factorNet(nmfLayer(factorConcat(broad, narrow), { name: 'merged', k: 5 }), { seed: 3 }).fit();
const { W, H } = merged.merged;
console.log(`\nmerged: W ${W.rows} × ${W.cols}, H ${H.rows} × ${H.cols}`);
console.log(`explained by 3 and 10 factors merged to 5: ${percent(merged.summary.inputs.languages.explained)}`);

await save('branches-graph', plotGraph(net, { title: 'Branches that meet again' }));
await save('branches-merged', plotConnections(merged, 'merged', { title: 'Five factors made of three and ten' }));
