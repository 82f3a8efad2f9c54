import { expect, test } from 'vitest';
import { factorInput, factorNet, nmfLayer, type RefineOptions, refine } from '../../src/index.js';
import { type Checkpoints, openKeeper, type Reached } from '../../src/runtime/checkpoint.js';
import { uniform } from '../support/matrices.js';

const nothing = { results: new Map(), inWork: null, joint: null };
const at = (iterations: number): Omit<Reached, 'seed'> => ({
  ...nothing,
  inWork: { layer: 'a', restart: 0, state: { iterations, numbers: new Float64Array(0) } },
});

/** A place that takes its time, and fails from some writing on. */
function slow(found: Reached | null, failing = Number.POSITIVE_INFINITY) {
  const written: (number | null)[] = [];
  let running = 0;
  const checkpoints: Checkpoints = {
    every: 1,
    read: async () => found,
    async write({ inWork }) {
      expect(++running).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 5));
      running--;
      if (written.length >= failing) throw new Error('full');
      written.push(inWork?.state.iterations ?? null);
    },
  };
  return { checkpoints, written };
}

test('one file at a time, and of those that wait the last', async () => {
  const { checkpoints, written } = slow(null);
  const keeper = await openKeeper(checkpoints, () => 7);
  expect([written, keeper.reached.seed]).toEqual([[null], 7]);
  for (const iterations of [1, 2, 3, 4]) keeper.save(at(iterations));
  await keeper.settled();
  expect(written).toEqual([null, 1, 4]);
  keeper.save(at(5));
  await keeper.settled();
  expect(written).toEqual([null, 1, 4, 5]);
});

test('what was found is begun with, and not written again', async () => {
  const found: Reached = { ...at(9), seed: 3 };
  const { checkpoints, written } = slow(found);
  const keeper = await openKeeper(checkpoints, () => 7);
  expect([keeper.reached, written]).toEqual([found, []]);
});

test('writing that fails is told at the next state and at the end', async () => {
  const { checkpoints, written } = slow(null, 2);
  const keeper = await openKeeper(checkpoints, () => 7);
  keeper.save(at(1));
  await keeper.settled();
  keeper.save(at(2));
  await expect(keeper.settled()).rejects.toThrow('full');
  expect(() => keeper.save(at(3))).toThrow('full');
  expect(written).toEqual([null, 1]);
  await expect(openKeeper(slow(null, 0).checkpoints, () => 7)).rejects.toThrow('full');
});

test('refine, which fits several graphs, has no checkpoint', async () => {
  const fit = await factorNet(nmfLayer(factorInput(uniform(6, 5, 1), { name: 'x' }), { name: 'a', k: 2 })).fit();
  const options = { checkpoint: { path: 'somewhere' } } as RefineOptions; // callers without types
  await expect(refine(fit, [0, 0, 1, 1, 1], options)).rejects.toMatchObject({
    issues: [{ code: 'unknown-option', option: 'checkpoint' }],
  });
});
