import { expect, test } from 'vitest';
import * as factorloom from '../../src/index.js';
import { GraphError, type GraphIssue } from '../../src/index.js';
import { uniform } from '../support/matrices.js';

/** The library as plain JavaScript sees it: nothing is checked before it runs. */
// biome-ignore lint/suspicious/noExplicitAny: these tests stand for callers without types
type Untyped = { readonly [name: string]: (...args: readonly any[]) => any };
const { factorInput, factorNet, nmfLayer } = factorloom as unknown as Untyped;

const X = uniform(6, 5, 1);
const x = factorInput(X, { name: 'x' });
const a = nmfLayer(x, { name: 'a', k: 2 });
const net = (output: unknown) => () => factorNet(output);

/** The one issue of a graph that has one. */
function only(build: () => unknown): GraphIssue {
  let issues: readonly GraphIssue[] = [];
  try {
    build();
  } catch (error) {
    if (!(error instanceof GraphError)) throw error;
    issues = error.issues;
  }
  expect(issues).toHaveLength(1);
  return issues[0];
}

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
