import { factorInput, factorNet, factorShared, nmfLayer } from '../../src/index.js';
import { uniform } from './matrices.js';

/** A name that would end a script and begin another, if it could. */
export const hostile = `</script><script>globalThis.hit = true</script><img src=x onerror="globalThis.hit = true">'&`;

/** Two modalities under a layer of a deep graph, all of it named as badly as can be. */
export const hostileFit = () => {
  const sampleNames = Array.from({ length: 9 }, (_, j) => `${hostile} ${j} Ωμέγα 日本\u0001\ud800`);
  const one = factorInput(uniform(6, 9, 1), { name: hostile, featureNames: Array.from('abcde', (x) => `<${x}>`).concat('é'), sampleNames }); // biome-ignore format: one thought
  const other = factorInput(uniform(4, 9, 2), { name: 'données', sampleNames });
  const fine = nmfLayer(factorShared(one, other), { name: `fine ${hostile}`, k: 4 });
  return factorNet(nmfLayer(fine, { name: 'gröber', k: 2 }), { seed: 1, maxIter: 20 }).fit();
};
