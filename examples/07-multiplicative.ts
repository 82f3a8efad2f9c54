// Lee & Seung's multiplicative updates, with the numbers that R draws: three groups of samples that overlap.
import {
  bipartiteMatch,
  cosine,
  factorInput,
  factorNet,
  nmfLayer,
  plotAgreement,
  plotHeatmap,
  plotLoss,
  row,
  rRandom,
  scaleFeatures,
  scaleSamples,
  toRows,
} from 'factorloom';
import { save } from './save.js';

// In R: set.seed(1301); W <- matrix(runif(60 * 3), 60); noise <- matrix(runif(60 * 40, 0, .05), 60)
const { runif } = rRandom(1301);
const [parts, noise] = [runif(60 * 3), runif(60 * 40, 0, 0.05)];
const groups = [
  [1, 14],
  [13, 27],
  [26, 40],
];
const value = (i: number, j: number) =>
  groups.reduce(
    (sum, [from, to], r) => sum + (from <= j + 1 && j + 1 <= to ? parts[i + 60 * r] : 0),
    noise[i + 60 * j],
  );
const V = Array.from({ length: 60 }, (_, i) => Array.from({ length: 40 }, (_, j) => value(i, j)));

// set.seed(42); W <- matrix(runif(60 * 3, .1, 1), 60); H <- matrix(runif(3 * 40, .1, 1), 3)
const draw = rRandom(42);
const start = {
  W: { rows: 60, cols: 3, data: draw.runif(60 * 3, 0.1, 1) },
  H: { rows: 3, cols: 40, data: draw.runif(3 * 40, 0.1, 1) },
};
const input = factorInput(V, { name: 'v' });
const updates = nmfLayer(input, { name: 'parts', k: 3, solver: 'mu', start, maxIter: 200, tol: 0 });
const fit = await factorNet(updates).fit();

const cost = fit.parts.history.map(({ objective }) => objective); // ½‖V − WH‖² after each update of H and W
const steps = cost.slice(1).map((now, t) => now - cost[t]);
console.log(`200 updates: cost ${cost[0].toFixed(4)} after the first, ${cost[199].toFixed(5)} after the last`);
console.log(`largest step ${Math.max(...steps).toExponential(4)}: it never rises`);
console.log(`relative error ${Math.sqrt(1 - fit.summary.inputs.v.explained).toFixed(5)}`);
for (let r = 0; r < 3; r++) {
  const h = row(fit.parts.H, r);
  const members = Array.from(h.keys()).filter((j) => h[j] > Math.max(...h) / 4);
  console.log(`part ${r + 1}: samples ${members[0] + 1} to ${members[members.length - 1] + 1}`);
}

// The default solver on the same data, from the same start.
const exact = await factorNet(nmfLayer(input, { name: 'exact', k: 3, start, maxIter: 1000, tol: 1e-10 })).fit();
console.log(
  `by exact coordinate steps: cost ${exact.exact.objective.toFixed(4)} after ${exact.exact.iterations} iterations`,
);

const costs = ({ history }: typeof fit.parts) => ({
  history: history.map(({ iteration, objective }) => ({ iteration, loss: objective })),
});
const curves = { 'multiplicative updates': costs(fit.parts), 'exact coordinate steps': costs(exact.exact) };
await save('multiplicative-cost', plotLoss(curves, { value: '½‖V − WH‖²', title: 'The cost falls with each update' }));

// True and recovered parts side by side, factors in the order of the groups, each over its largest entry.
const members = groups.map(([from, to]) =>
  Array.from({ length: 40 }, (_, j) => (from <= j + 1 && j + 1 <= to ? 1 : 0)),
);
const alike = cosine(members, fit.parts.H, { by: 'rows' });
const found = fit.parts.subset(bipartiteMatch({ ...alike, data: alike.data.map((x) => 1 - x) }).columns);
const rows = { true: members, recovered: toRows(scaleFeatures(found.H, { by: 'max' })) };
await save('multiplicative-groups', plotHeatmap(rows, { value: 'h over its largest', title: 'Samples of each part' }));
const loadings = { true: scaleSamples({ rows: 60, cols: 3, data: parts }, { by: 'sum' }), recovered: found.W };
await save('multiplicative-parts', plotAgreement(loadings, { title: 'Features of each part' }));
