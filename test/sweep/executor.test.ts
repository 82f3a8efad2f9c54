import { expect, test } from 'vitest';
import { crossValidateGraph, factorInput, nmfLayer } from '../../src/index.js';
import { uniform } from '../support/matrices.js';

const x = factorInput(uniform(60, 50, 1), { name: 'x' });
test('quick', async () => {
  const o = {
    params: { k: [1, 2, 3, 4] },
    reps: 2,
    layerFn: ({ k }: { k: number }) => nmfLayer(nmfLayer(x, { name: 'b', k: 5 }), { name: 'a', k }),
  };
  for (const backend of ['reference', 'native'] as const) {
    const a = await crossValidateGraph({ ...o, backend });
    const t = performance.now();
    const b = await crossValidateGraph({ ...o, backend, executor: 'threads', workers: 4, threads: 4 });
    console.log(performance.now() - t);
    expect(b.table()).toBe(a.table());
    expect(b.work).toEqual(a.work);
  }
});
