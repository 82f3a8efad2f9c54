// Branches that meet again: parts and axes of two inputs, concatenated and summed.
import { factorAdd, factorConcat, factorInput, factorNet, nmfLayer, svdLayer } from 'factorloom';
import { loadTerritories } from './data/territories.js';
import { percent } from './print.js';

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
