import { expect, test } from 'vitest';
import { only, untyped } from '../support/faults.js';
import { issuesOf } from '../support/issues.js';
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

test.each([null, undefined, 42, { kind: 'z' }, { kind: 'layer' }])(
  '%j under a layer is a fault like any other',
  (odd) => {
    const read = [odd, { kind: 'shared', inputs: [x.node, odd] }, { kind: 'condition', input: odd, Z: X }];
    const ways = [
      { method: 'nmf', spec: {} },
      { method: 'nmf', spec: { loss: 'kl' } },
      { method: 'nmf', spec: { symmetric: true } },
      { method: 'svd', spec: { scale: true } },
    ];
    for (const input of read) {
      for (const { method, spec } of ways) {
        const node = { kind: 'layer', method, input, spec: { name: 'a', k: 2, ...spec } };
        for (const config of [{}, { training: 'joint' }])
          expect(issuesOf(() => factorNet({ node }, config)).map(({ code }) => code)).toContain('invalid-node');
      }
    }
  },
);

test('what is no node is told of beside a road that leads back to itself, whichever is come to first', () => {
  const spec = { name: 'a', k: 2 };
  for (const turned of [false, true]) {
    const loop: { kind: string; inputs: unknown[] } = { kind: 'concat', inputs: [] };
    loop.inputs = turned ? [42, loop] : [loop, 42];
    const found = issuesOf(() => factorNet({ node: { kind: 'layer', method: 'nmf', input: loop, spec } }));
    expect(found.map(({ code }) => code)).toEqual(['invalid-node', 'cycle']);
  }
});
