// What do factors mean? Languages of the world's territories: what each factor is made of, and where it is found.
import { nmf, plotComposition, plotFactorsByGroup, plotHeatmap, plotLoadings, row, scaleFeatures } from 'factorloom';
import { loadTerritories } from './data/territories.js';
import { strongest } from './print.js';
import { save } from './save.js';

const { languages, languageNames: featureNames, territoryNames: sampleNames, regions } = loadTerritories();
const fit = await nmf(languages, { k: 6, seed: 42, tol: 1e-5, featureNames, sampleNames });

// A factor is called by its strongest language.
const names = Array.from(fit.d, (_, r) => String(fit.top(r, 1)[0].feature));
for (const [r, name] of names.entries()) {
  const features = fit.top(r, 5).map(({ feature, weight }) => `${feature} ${weight.toFixed(3)}`);
  console.log(`${name}\n  ${features.join(', ')}\n  ${strongest(sampleNames, row(fit.H, r), 4).join(', ')}`);
}
await save('interpretation-features', plotLoadings(fit, { n: 5, title: 'Languages of each factor' }));

// Rows of H sum to 1, so a factor of few territories would outshine the others: each over its largest entry.
const H = { ...fit.H, rowNames: names };
const relative = scaleFeatures(H, { by: 'max' });
const heat = {
  clusterRows: true,
  clusterColumns: true,
  annotation: regions,
  annotationTitle: 'region',
  tree: true,
} as const;
const title = 'Territories by what is spoken there';
await save('interpretation-H', plotHeatmap(relative, { ...heat, value: 'h over its largest', title }));
await save('interpretation-regions', plotComposition(H, { groups: regions, d: fit.d, title: 'What regions speak' }));
await save('interpretation-tiles', plotFactorsByGroup(H, { groups: regions, title: 'Where factors are strong' }));
