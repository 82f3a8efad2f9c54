// Guided factors: languages drawn to regions that a first fit was not told of, or freed of what tells regions apart.
import {
  assess,
  column,
  computeTarget,
  factorInput,
  factorNet,
  H,
  nmfLayer,
  plotFactorsByGroup,
  plotScatter,
  refine,
  separability,
} from 'factorloom';
import { loadTerritories } from './data/territories.js';
import { strongest } from './print.js';
import { save } from './save.js';

const { languages, languageNames, regions } = loadTerritories();
const input = factorInput(languages, { name: 'languages' });
const config = { seed: 1, maxIter: 500, tol: 1e-6 };
const baseline = await factorNet(nmfLayer(input, { name: 'spheres', k: 8 }), config).fit();
type Spheres = typeof baseline.spheres;

// Where samples of one region would lie together, from the baseline's H; fits begin where the baseline ended.
const target = computeTarget(baseline.spheres.H, regions);
const start = { W: baseline.spheres.W, H: baseline.spheres.H };
const guided = async (targetLambda: number) => {
  const spheres = nmfLayer(input, { name: 'spheres', k: 8, start, H: H({ target, targetLambda }) });
  return (await factorNet(spheres, config).fit()).spheres;
};

const line = async (name: string, { H, d, loss }: Spheres) => {
  const { nearestNeighbourAccuracy, normalizedMutualInformation } = await assess(H, regions, { d });
  const excess = `${(100 * (loss / baseline.spheres.loss - 1)).toFixed(1)}%`;
  const told = [separability(H, regions), nearestNeighbourAccuracy, normalizedMutualInformation];
  console.log([name.padEnd(22), ...told.map((x) => x.toFixed(2).padStart(12)), excess.padStart(11)].join(''));
};
console.log('                      separability  neighbours         NMI  more loss');
const found = new Map<number, Spheres>();
for (const lambda of [-1, -0.3, 0, 0.1, 0.3, 1]) {
  const spheres = lambda === 0 ? baseline.spheres : await guided(lambda);
  found.set(lambda, spheres);
  await line(lambda === 0 ? 'unguided' : `λ = ${lambda}`, spheres);
}

// The same in one call, from a fit that is there; again and again, each time with the target of what came of it.
for (const cycles of [1, 3]) {
  const { spheres } = await refine(baseline, regions, { lambda: 0.3, cycles });
  await line(`refine, ${cycles} cycle${cycles === 1 ? '' : 's'}`, spheres);
}

const shown = {
  freed: [-1, 'Freed of regions, λ = −1'],
  unguided: [0, 'Unguided'],
  drawn: [1, 'Drawn to regions, λ = 1'],
} as const;
for (const [name, [lambda, title]] of Object.entries(shown)) {
  const { H, W } = found.get(lambda) ?? baseline.spheres;
  const rowNames = Array.from({ length: 8 }, (_, r) => strongest(languageNames, column(W, r), 1)[0]);
  await save(`guided-${name}-tiles`, plotFactorsByGroup({ ...H, rowNames }, { groups: regions, title }));
  if (name !== 'freed') await save(`guided-${name}`, plotScatter(H, { groups: regions, pca: true, title }));
}
