import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { crossValidateGraph, factorInput, nmfLayer } from '../../src/index.js';

interface Count {
  readonly job: string;
  readonly sex: string;
  readonly year: number;
  readonly count: number;
}

/** How many people had each of 255 occupations, women and men in 15 censuses of the United States, on a square-root scale. */
function loadJobs(): number[][] {
  const path = new URL('../../node_modules/vega-datasets/data/jobs.json', import.meta.url);
  const counts = JSON.parse(readFileSync(path, 'utf8')) as readonly Count[]; // what the package says it is
  const jobs = [...new Set(counts.map(({ job }) => job))];
  const censuses = [...new Set(counts.map(({ sex, year }) => `${sex} ${year}`))];
  const table = jobs.map(() => censuses.map(() => 0));
  for (const { job, sex, year, count } of counts)
    table[jobs.indexOf(job)][censuses.indexOf(`${sex} ${year}`)] = Math.sqrt(count);
  return table;
}

test.each([0, 1])('occupations: eight patterns predict what was held out best, seed %i', async (seed) => {
  const jobs = factorInput(loadJobs(), { name: 'jobs' });
  const { best, points } = await crossValidateGraph({
    params: { k: [5, 6, 7, 8, 9, 10] },
    reps: 20,
    seed,
    config: { maxIter: 500 },
    earlyStopping: {},
    workers: 2,
    layerFn: ({ k }) => nmfLayer(jobs, { name: 'patterns', k }),
  });
  expect(jobs.node.data).toMatchObject({ rows: 255, cols: 30 });
  expect(best.k).toBe(8);
  expect(points.length).toBe(6);
});
