import { expect, test } from 'vitest';
import { only, untyped } from '../support/faults.js';
import { uniform } from '../support/matrices.js';

const { factorInput, factorNet, nmfLayer } = untyped;

const X = uniform(6, 5, 1);
const x = factorInput(X, { name: 'x' });
const a = nmfLayer(x, { name: 'a', k: 2 });
const net = (output: unknown) => () => factorNet(output);

test('a node that went through JSON is refused, for its typed arrays are gone', () => {
  const copy = JSON.parse(JSON.stringify(nmfLayer(x, { name: 'a', k: 2 })));
  expect(only(net(copy)).code).toBe('invalid-data');
  expect(only(net({ node: { kind: ['concat'], inputs: [] } })).code).toBe('invalid-node');
});

test('a hand-made node is as good as one from the builder', () => {
  const node = {
    kind: 'layer',
    method: 'nmf',
    input: { kind: 'input', options: { name: 'x' }, data: X },
    spec: { name: 'a', k: 2 },
  };
  expect(factorNet({ node }).plan).toEqual(factorNet(a).plan);
  const rows = { name: 'x', orientation: 'samples-by-features' };
  const turned = { kind: 'input', options: rows, data: uniform(5, 6, 1) };
  expect(factorNet({ node: { ...node, input: turned } }).plan.slots[0].shape).toEqual([6, 5]);
  expect(only(net({ node: { ...node, method: 'ica' } })).code).toBe('invalid-node');
  expect(only(net({ node: { ...node, input: { kind: 'input', options: { name: 'x' } } } })).code).toBe('invalid-data');
});
