import { describe, test } from 'vitest';
import { expectFault, type FaultCase, untyped } from '../support/faults.js';
import { uniform } from '../support/matrices.js';

const { factorConcat, factorInput, factorNet, factorShared, nmfLayer } = untyped;

const X = uniform(6, 5, 1);
const net = (output: unknown) => () => factorNet(output);
/** Inputs of five samples with these names, stacked. */
const stacked = (options: unknown, ...lists: readonly unknown[]) => {
  const input = (sampleNames: unknown, i: number) =>
    factorInput(uniform(3, Array.isArray(sampleNames) ? sampleNames.length : 5, i), { name: `i${i}`, sampleNames });
  const all = [...lists.map(input), ...(options === undefined ? [] : [options])];
  return nmfLayer(factorShared(...all), { name: 'a', k: 1 });
};
const pair = factorInput(uniform(2, 2, 3), { name: 'pair' });
const letters = (word: string) => [...word];
const withNames = (names: object) => net(nmfLayer(factorInput(X, { name: 'x', ...names }), { name: 'a', k: 1 }));

const faults: readonly FaultCase[] = [
  [
    'invalid-names',
    withNames({ sampleNames: letters('abcd') }),
    { of: "input 'x'", which: 'sampleNames', got: '4', at: 'a ← x' },
    /^sampleNames of input 'x' must be 5, one for each sample; got 4/,
  ],
  ['invalid-names', withNames({ featureNames: letters('ABCDEE') }), {}, /all different; got 'E' at places 4 and 5/],
  ['invalid-names', withNames({ sampleNames: 'abcde' }), {}, /an array of strings; got 'abcde'/],
  ['invalid-names', withNames({ sampleNames: ['a', 'b', 3, 'd', 'e'] }), {}, /got 3 at place 2/],
  [
    'names-mismatch',
    net(stacked(undefined, letters('abcde'), letters('abdce'))),
    { node: 'factorShared', at: 'a ← shared' },
    /same sample names in the same order; got 'c' in i0 and 'd' in i1 at place 2 .* samples: 'intersection' \(or 'union'\) aligns/,
  ],
  ['names-mismatch', net(stacked({ samples: 'identical' }, letters('ab'), letters('abc'))), {}, /'union' keeps all/],
  ['names-mismatch', net(stacked({ samples: 'intersection' }, letters('ab'), letters('cd'))), {}, /a sample in common/],
  [
    'names-mismatch',
    net(stacked({ samples: 'union' }, letters('ab'), letters('cd'))),
    {},
    /in common with another; got none of i0, i1/,
  ],
  [
    'names-mismatch',
    net(
      factorConcat(
        stacked({ samples: 'union' }, letters('ab'), letters('ba')),
        nmfLayer(factorInput(uniform(2, 2, 3), { name: 'z', sampleNames: ['b', 'a'] }), { name: 'b', k: 1 }),
      ),
    ),
    { node: 'factorConcat' },
    /'a' in a and 'b' in b at place 0/,
  ],
  [
    'invalid-member',
    net(stacked({ samples: 'identical' }, letters('abcde'), undefined)),
    { node: 'factorShared', member: 'input i1' },
    /samples: 'identical' must have sample names; got input i1/,
  ],
  [
    'invalid-member',
    net(
      nmfLayer(
        factorShared(
          factorInput(uniform(2, 2, 3), { name: 'z', sampleNames: ['b', 'a'] }),
          stacked({ samples: 'union' }, letters('ab'), letters('ba')),
          { samples: 'union' },
        ),
        { name: 't', k: 1 },
      ),
    ),
    { member: 'layer a' },
    /only inputs are aligned/,
  ],
  [
    'invalid-node',
    net(nmfLayer(factorShared(pair, { rows: 2, cols: 2, data: [1, 2, 3, 4] }), { name: 'a', k: 1 })),
    { got: 'an object with rows, cols, data' },
    /must come from/,
  ],
  [
    'nothing-known',
    net(
      nmfLayer(
        factorShared(
          factorInput(
            [
              [1, NaN],
              [2, 3],
            ],
            { name: 'x', sampleNames: ['a', 'b'] },
          ),
          factorInput([[1]], { name: 'y', sampleNames: ['b'] }),
          { samples: 'intersection' },
        ),
        { name: 'a', k: 1 },
      ),
    ),
    { of: "input 'x', aligned", what: 'feature', index: 0 },
    /none for feature 0/,
  ],
  [
    'invalid-option',
    net(stacked({ samples: 'all' }, letters('ab'), letters('ab'))),
    { of: 'factorShared' },
    /'identical' or 'union' or 'intersection'; got 'all'/,
  ],
  ['unknown-option', net(stacked({ sample: 'union' }, letters('ab'), letters('ab'))), {}, /did you mean 'samples'/],
];

describe('names that can not be had: one fault, one issue', () => {
  test.each(faults.map((fault, i) => ({ i, code: fault[0], fault })))('$i: $code', ({ fault }) => expectFault(fault));
});
