// Shared and guided: two modalities with one H, and that drawn to the regions of the territories.
import {
  column,
  computeTarget,
  factorInput,
  factorNet,
  factorShared,
  H,
  nmfLayer,
  plotFactorsByGroup,
  plotGraph,
  separability,
} from 'factorloom';
import { loadTerritories } from './data/territories.js';
import { percent, strongest } from './print.js';
import { save } from './save.js';

const data = loadTerritories();
const languages = factorInput(data.languages, { name: 'languages' });
const geography = factorInput(data.geography, { name: 'geography' });
const both = factorShared(languages, geography);
const config = { seed: 1, maxIter: 500, tol: 1e-6 };

const baseline = await factorNet(nmfLayer(both, { name: 'joint', k: 8 }), config).fit();
const target = computeTarget(baseline.joint.H, data.regions);
const net = factorNet(nmfLayer(both, { name: 'joint', k: 8, H: H({ target, targetLambda: 0.3 }) }), config);
const guided = await net.fit();

const { W } = guided.joint;
console.log(`W.languages ${W.languages.rows} × 8, W.geography ${W.geography.rows} × 8, H 8 × ${guided.joint.H.cols}`);
console.log('          separability  languages  geography');
for (const [name, { joint, summary }] of Object.entries({ unguided: baseline, guided })) {
  const explained = Object.values(summary.inputs).map((input) => percent(input.explained).padStart(9));
  console.log(
    `${name.padEnd(10)}${separability(joint.H, data.regions).toFixed(2).padStart(12)}  ${explained.join('  ')}`,
  );
}

await save('shared-guided-graph', plotGraph(net, { title: 'Two modalities, one H' }));
const names = Array.from(guided.joint.d, (_, r) => strongest(data.languageNames, column(W.languages, r), 2).join(', '));
const title = 'Joint factors drawn to regions';
await save(
  'shared-guided-regions',
  plotFactorsByGroup({ ...guided.joint.H, rowNames: names }, { groups: data.regions, title }),
);
