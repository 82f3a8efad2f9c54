// Deep NMF: 12 topics of the State of the Union addresses, and on top of them 3 eras that nobody asked for.
import { column, factorInput, factorNet, nmfLayer, plotAssignments, plotConnections, plotGraph, row } from 'factorloom';
import { loadAddresses } from './data/state-of-the-union.js';
import { showProgress, strongest } from './print.js';
import { save } from './save.js';

const { words, vocabulary, years, spans } = loadAddresses();
const topics = factorInput(words, { name: 'words' }).nmfLayer({ name: 'topics', k: 12 });
const net = factorNet(nmfLayer(topics, { name: 'eras', k: 3 }), { seed: 8, maxIter: 500, tol: 1e-6 });
const fit = await net.fit({ onProgress: showProgress });

const topicNames = Array.from(fit.topics.d, (_, r) => strongest(vocabulary, column(fit.topics.W, r), 4).join(' '));
const meanYear = (weights: Float64Array) =>
  weights.reduce((sum, weight, j) => sum + weight * years[j], 0) / weights.reduce((sum, weight) => sum + weight, 0);
const eras = Array.from(fit.eras.d, (_, r) => ({ r, mean: meanYear(row(fit.eras.H, r)) })).sort(
  (a, b) => a.mean - b.mean,
);

for (const { r, mean } of eras) {
  const strong = years.filter(
    (_, j) => row(fit.eras.H, r)[j] === Math.max(...fit.eras.H.data.subarray(3 * j, 3 * j + 3)),
  );
  console.log(
    `\nAround ${mean.toFixed(0)}: strongest in ${strong.length} addresses, from ${strong[0]} to ${strong.at(-1)}`,
  );
  for (const topic of strongest(topicNames, column(fit.eras.W, r), 4)) console.log(`  ${topic}`);
}

console.log(
  `\nloss of the words: from 12 topics ${fit.topics.loss.toExponential(3)}, from 3 eras through them ${fit.summary.loss.toExponential(3)}`,
);
await save('deep-graph', plotGraph(net, { title: 'Topics, and eras on top' }));
const strongestOf = { 'coarse: eras': fit.eras, 'fine: topics': fit.topics };
await save(
  'deep-assignments',
  plotAssignments(strongestOf, { groups: spans, title: 'Addresses by their strongest factor' }),
);
await save('deep-connections', plotConnections(fit, 'eras', { title: 'How eras are made of topics' }));
