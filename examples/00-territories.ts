// The main job: which languages are spoken in the world's territories, and where these lie, factorized together.
import { mkdirSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { column, factorInput, factorNet, factorShared, nmfLayer, row } from 'factorloom';
import { loadTerritories } from './data/territories.js';
import { percent, showProgress, strongest } from './print.js';

const data = loadTerritories();
const sampleNames = data.territoryNames;
const languages = factorInput(data.languages, { name: 'languages', featureNames: data.languageNames, sampleNames });
const geography = factorInput(data.geography, { name: 'geography', featureNames: data.geographyNames, sampleNames });
const spheres = nmfLayer(factorShared(languages, geography), { name: 'spheres', k: 13 });
const net = factorNet(spheres, { seed: 1, maxIter: 500, tol: 1e-6 });

console.log(`The plan\n\n${net.explain()}\n\nFitting`);
const fit = await net.fit({ onProgress: showProgress });

const { inputs, seconds, backend } = fit.summary;
console.log(
  `  ${fit.spheres.converged ? 'converged' : 'stopped'} after ${seconds.toFixed(2)} s on the ${backend} kernels\n`,
);
console.log('Loss per modality');
for (const [name, { loss, explained, rows, cols }] of Object.entries(inputs)) {
  console.log(
    `  ${name.padEnd(10)} ${rows} × ${cols}   mse ${loss.toExponential(3)}   explained ${percent(explained)}`,
  );
}

const { W, d, H } = fit.spheres;
console.log('\nThe factors, by weight: languages | territories | places');
for (const [r, weight] of d.entries()) {
  console.log(`\n${String(r + 1).padStart(2)}. ${strongest(data.languageNames, column(W.languages, r), 5).join(', ')}`);
  console.log(`    ${strongest(data.territoryNames, row(H, r), 6).join(', ')}`);
  console.log(
    `    ${strongest(data.geographyNames, column(W.geography, r), 2).join(', ')}   (weight ${weight.toFixed(1)})`,
  );
}

const page = fileURLToPath(new URL('out/territories.html', import.meta.url));
mkdirSync(dirname(page), { recursive: true });
await fit.report(page, { title: 'Languages and places of 248 territories', groups: data.regions });
console.log(`\nAll of it on one page, with pictures: ${relative(process.cwd(), page)}`);
