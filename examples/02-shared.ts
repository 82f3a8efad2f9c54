// Two modalities over the same samples: one H, one W each. What does geography change?
import { factorInput, factorNet, factorShared, nmfLayer } from 'factorloom';
import { loadTerritories } from './data/territories.js';
import { percent } from './print.js';

const data = loadTerritories();
const languages = factorInput(data.languages, { name: 'languages' });
const geography = factorInput(data.geography, { name: 'geography' });
const config = { seed: 1, maxIter: 500, tol: 1e-6 };

const alone = await factorNet(nmfLayer(languages, { name: 'spheres', k: 13 }), config).fit();
const joint = await factorNet(nmfLayer(factorShared(languages, geography), { name: 'spheres', k: 13 }), config).fit();

const { W, H } = joint.spheres;
console.log(
  `W.languages ${W.languages.rows} × ${W.languages.cols}, W.geography ${W.geography.rows} × ${W.geography.cols}, H ${H.rows} × ${H.cols}`,
);
console.log(`languages explained alone: ${percent(alone.summary.inputs.languages.explained)}`);
for (const [name, { explained }] of Object.entries(joint.summary.inputs)) {
  console.log(`${name} explained together: ${percent(explained)}`);
}
