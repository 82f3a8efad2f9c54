import { describe, expect, test } from 'vitest';
import type { Fault } from '../../src/issues.js';
import { expectFault, type FaultCase, untyped } from '../support/faults.js';
import { issuesOf } from '../support/issues.js';
import { uniform } from '../support/matrices.js';

const { factorAdd, factorConcat, factorCondition, factorInput, factorNet, factorShared, nmfLayer, svdLayer, H, W } =
  untyped;

const X = uniform(6, 5, 1);
const x = factorInput(X, { name: 'x' });
const y = factorInput(uniform(4, 5, 2), { name: 'y' });
const a = nmfLayer(x, { name: 'a', k: 2 });

const net = (output: unknown, config?: unknown) => () => factorNet(output, config);
const withData = (data: unknown) => net(nmfLayer(factorInput(data, { name: 'x' }), { name: 'a', k: 1 }));
const masked = (mask: unknown) => net(nmfLayer(factorInput(X, { name: 'x', mask }), { name: 'a', k: 1 }));
const gappy = factorInput(X, { name: 'x', mask: { features: [2], samples: [1] } });
const ones = { kind: 'csc', rows: 6, cols: 5, indptr: [0, 1, 1, 1, 1, 1], indices: [0], values: [1] };
const thrower = Object.defineProperty({ samples: [] }, 'features', {
  get: () => {
    throw new Error('boo');
  },
});
const pair = (name: string, seed: number) => factorInput(uniform(2, 2, seed), { name, sampleNames: [...name] });
const cyclic = (): unknown => {
  const inner: Record<string, unknown> = { kind: 'layer', method: 'nmf', spec: { name: 'inner', k: 2 } };
  const outer = { kind: 'layer', method: 'nmf', spec: { name: 'outer', k: 2 }, input: inner };
  inner.input = outer;
  return { node: outer };
};

/** One graph per fault: code, how it is made, some of its fields, and its sentence. */
const faults: readonly FaultCase[] = [
  ['invalid-node', net(nmfLayer(42, { name: 'a', k: 2 })), { got: '42', at: 'a ← ?' }, /must come from/],
  ['invalid-node', net(undefined), { got: 'undefined' }, /must come from/],
  [
    'cycle',
    net(cyclic()),
    { nodes: ['outer', 'inner', 'outer'] },
    /must not lead back to itself; got outer ← inner ← outer/,
  ],
  ['invalid-output', net(x), { got: 'input x' }, /must be a layer/],
  ['invalid-output', net(factorCondition(a, uniform(1, 5, 1))), { got: 'factorCondition' }, /must be a layer/],
  [
    'invalid-member',
    net(nmfLayer(factorShared(x, factorConcat(a, a)), { name: 't', k: 1 })),
    { node: 'factorShared' },
    /inputs or layers/,
  ],
  [
    'invalid-member',
    net(nmfLayer(factorShared(x, x), { name: 't', k: 1 })),
    { node: 'factorShared', member: 'input x' },
    /different names/,
  ],
  ['invalid-member', net(factorConcat(a, x)), { node: 'factorConcat', member: 'input x' }, /embeddings.*factorShared/],
  [
    'invalid-member',
    net(nmfLayer(factorConcat(a, factorCondition(y, X)), { name: 't', k: 1 })),
    { node: 'factorConcat' },
    /embeddings/,
  ],
  [
    'invalid-member',
    net(factorAdd(a, factorCondition(nmfLayer(y, { name: 'b', k: 1 }), uniform(1, 5, 1)))),
    {},
    /condition on the sum/,
  ],
  ['too-few-members', net(factorConcat(a)), { node: 'factorConcat', got: 1 }, /at least two members; got 1/],
  [
    'invalid-name',
    net(nmfLayer(x, { k: 2 })),
    { what: 'layer', got: undefined },
    /name of a layer must be a non-empty string/,
  ],
  ['invalid-name', net(nmfLayer(x, { name: '', k: 2 })), { got: '' }, /got ''/],
  ['invalid-name', net(nmfLayer(factorInput(X), { name: 'a', k: 2 })), { what: 'input' }, /name of an input/],
  ['invalid-name', net(nmfLayer(x, { name: '~condition', k: 2 })), {}, /begin with '~'/],
  ['invalid-name', net(nmfLayer(x, { name: 'a\nb', k: 2 })), { got: 'a\nb' }, /no control characters/],
  ['reserved-name', net(nmfLayer(x, { name: 'then', k: 2 })), { name: 'then' }, /'then': the word is reserved/],
  [
    'reserved-name',
    net(nmfLayer(factorInput(X, { name: '__proto__' }), { name: 'a', k: 2 })),
    { what: 'input' },
    /reserved/,
  ],
  ['duplicate-name', net(nmfLayer(a, { name: 'a', k: 1 })), { what: 'layer', name: 'a' }, /two named 'a'/],
  [
    'duplicate-name',
    net(nmfLayer(factorShared(x, factorInput(X, { name: 'x' })), { name: 'a', k: 1 })),
    { what: 'input' },
    /Inputs must have/,
  ],
  [
    'unknown-option',
    net(nmfLayer(x, { name: 'a', k: 2, maxiter: 3 })),
    { option: 'maxiter' },
    /did you mean 'maxIter'/,
  ],
  ['unknown-option', net(nmfLayer(x, { name: 'a', k: 2, penalty: 3 })), { option: 'penalty' }, /it has name, k/],
  [
    'unknown-option',
    net(svdLayer(x, { name: 'a', k: 2, L21: 3 })),
    { of: "layer 'a'", option: 'L21' },
    /no option 'L21'/,
  ],
  ['unknown-option', net(nmfLayer(x, { name: 'a', k: 2, W: W({ l1: 1 }) })), { option: 'W.l1' }, /did you mean 'L1'/],
  [
    'unknown-option',
    net(nmfLayer(x, { name: 'a', k: 2, nonneg: { w: true } })),
    { option: 'nonneg.w' },
    /did you mean 'W'/,
  ],
  ['unknown-option', net(a, { threads: 2 }), { of: 'factorNet', option: 'threads' }, /factorNet has no option/],
  [
    'unknown-option',
    net(nmfLayer(factorInput(X, { name: 'x', maks: 'zeros' }), { name: 'a', k: 2 })),
    { option: 'maks' },
    /factorInput/,
  ],
  [
    'invalid-option',
    net(nmfLayer(x, { name: 'a', k: 0 })),
    { option: 'k', got: 0 },
    /k of layer 'a' must be a whole number, at least 1; got 0/,
  ],
  ['invalid-option', net(nmfLayer(x, { name: 'a', k: 2.5 })), { option: 'k', got: 2.5 }, /whole number/],
  ['invalid-option', net(nmfLayer(x, { name: 'a' })), { option: 'k', got: undefined }, /got undefined/],
  ['invalid-option', net(nmfLayer(x, { name: 'a', k: '3' })), { option: 'k', got: '3' }, /got '3'/],
  ['invalid-option', net(nmfLayer(x, { name: 'a', k: 2, L1: -1 })), { option: 'L1' }, /finite number, at least 0/],
  ['invalid-option', net(nmfLayer(x, { name: 'a', k: 2, L2: Number.NaN })), { option: 'L2' }, /got NaN/],
  [
    'invalid-option',
    net(nmfLayer(x, { name: 'a', k: 2, tol: Number.POSITIVE_INFINITY })),
    { option: 'tol' },
    /got Infinity/,
  ],
  [
    'invalid-option',
    net(nmfLayer(x, { name: 'a', k: 2, W: H({ L1: 1 }) })),
    { option: 'W', got: expect.anything() },
    /made by W/,
  ],
  ['invalid-option', net(nmfLayer(x, { name: 'a', k: 2, W: 3 })), { option: 'W', got: 3 }, /made by W/],
  [
    'invalid-option',
    net(nmfLayer(x, { name: 'a', k: 2, embedding: 'raw' })),
    { option: 'embedding' },
    /'scaled' or 'normalized'; got 'raw'/,
  ],
  ['invalid-option', net(a, { seed: -1 }), { of: 'factorNet', option: 'seed' }, /seed of factorNet/],
  ['invalid-option', net(a, { norm: 'l1' }), { option: 'norm' }, /'L1' or 'L2' or 'none'/],
  ['invalid-option', net(nmfLayer(x, { name: 'a', k: 2, sweeps: 0 })), { option: 'sweeps' }, /or 'auto'; got 0/],
  ['invalid-option', net(nmfLayer(x, { name: 'a', k: 2, restarts: 1.5 })), { option: 'restarts' }, /whole number/],
  [
    'invalid-option',
    net(nmfLayer(x, { name: 'a', k: 2, start: 'pca' })),
    { option: 'start' },
    /'nndsvda' or 'svd' or \{ W, H \}; got 'pca'/,
  ],
  [
    'invalid-option',
    net(a, { start: { W: X, H: X } }),
    { of: 'factorNet', option: 'start' },
    /got an object with W, H/,
  ],
  ['invalid-option', net(nmfLayer(x, { name: 'a', k: 2, start: { w: X } })), { option: 'start' }, /an object with w/],
  [
    'unknown-option',
    net(nmfLayer(x, { name: 'a', k: 2, start: { W: uniform(6, 2, 1), H: uniform(2, 5, 2), d: 1 } })),
    { option: 'start.d' },
    /did you mean/,
  ],
  [
    'incompatible-options',
    net(nmfLayer(x, { name: 'a', k: 2, solver: 'mu', accelerate: 'her' })),
    { of: "layer 'a'", options: { accelerate: 'her', solver: 'mu' } },
    /^Extrapolation must have solver 'hals' or 'bpp'; got accelerate: 'her', solver: 'mu' in layer 'a': give the layer accelerate: 'none', or one of these solvers \(at a\)\.$/,
  ],
  [
    'invalid-data',
    net(nmfLayer(factorInput([[1, 2], [3]], { name: 'x' }), { name: 'a', k: 1 })),
    { of: "input 'x'" },
    /rows of equal length/,
  ],
  [
    'invalid-data',
    net(nmfLayer(factorInput([], { name: 'x' }), { name: 'a', k: 1 })),
    { got: 'no rows' },
    /rows of numbers/,
  ],
  [
    'invalid-data',
    net(nmfLayer(factorInput([[]], { name: 'x' }), { name: 'a', k: 1 })),
    { got: '1 × 0' },
    /at least 1 × 1/,
  ],
  [
    'invalid-data',
    net(nmfLayer(factorInput([[1, '2']], { name: 'x' }), { name: 'a', k: 1 })),
    {},
    /got string at row 0, column 1/,
  ],
  [
    'invalid-data',
    net(nmfLayer(factorInput(null, { name: 'x' }), { name: 'a', k: 1 })),
    { got: 'null' },
    /a dense or CSC matrix/,
  ],
  [
    'invalid-data',
    net(nmfLayer(factorInput('x.csv', { name: 'x' }), { name: 'a', k: 1 })),
    {},
    /a file of which readMatrix says: Data must be a file that can be read; got none, looked for at .*x\.csv/,
  ],
  [
    'invalid-data',
    net(nmfLayer(factorCondition(x, { rows: 2, cols: 5, data: [1] }), { name: 'a', k: 1 })),
    { of: 'a condition' },
    /2 × 5 numbers; got 1/,
  ],
  [
    'nothing-known',
    withData([
      [1, 2],
      [NaN, NaN],
      [NaN, NaN],
    ]),
    { of: "input 'x'", what: 'feature', index: 1, count: 2 },
    /Every feature of input 'x' must have an entry that is known; got none for feature 1 and 1 more: leave them out/,
  ],
  [
    'nothing-known',
    withData([
      [1, 2, NaN],
      [3, NaN, NaN],
    ]),
    { what: 'sample', index: 2, count: 1, at: 'a' },
    /none for sample 2: leave it out/,
  ],
  [
    'invalid-mask',
    masked([[1, 0]]),
    { of: "input 'x'", rule: 'as large as the data, 6 × 5', got: '1 × 2' },
    /The mask/,
  ],
  [
    'invalid-mask',
    masked('zeroes'),
    {},
    /must be 'zeros', \{ features, samples \}, or a matrix of zeros and ones; got/,
  ],
  ['invalid-mask', masked({ features: [6], samples: [0] }), {}, /within 6 × 5; got feature 6, sample 0 at place 0/],
  ['invalid-mask', masked({ features: [1, 2], samples: [0] }), {}, /as many features as samples/],
  [
    'invalid-mask',
    masked({ features: [1], samples: [0], sample: [2] }),
    {},
    /features and samples alone; got 'sample'/,
  ],
  ['invalid-mask', masked({ ...ones, unlisted: 'missing' }), {}, /of zeros and ones; got entries that are unlisted/],
  ['invalid-mask', masked(thrower), {}, /readable; got boo/],
  ['invalid-mask', masked(uniform(6, 5, 3)), {}, /of zeros and ones; got 0\./],
  [
    'invalid-weights',
    net(nmfLayer(factorInput(X, { name: 'x', weights: [[1, 0]] }), { name: 'a', k: 1 })),
    { of: "input 'x'", rule: 'as large as the data, 6 × 5', got: '1 × 2' },
    /The weights of input 'x' must be as large as the data, 6 × 5; got 1 × 2/,
  ],
  [
    'incompatible-options',
    net(nmfLayer(gappy, { name: 'a', k: 1, solver: 'bpp' })),
    { options: { solver: 'bpp' } },
    /missing entries must have solver 'hals'/,
  ],
  [
    'incompatible-options',
    net(nmfLayer(gappy, { name: 'a', k: 1, start: 'nndsvd' })),
    { options: { start: 'nndsvd' } },
    /missing entries must have start 'random'/,
  ],
  [
    'incompatible-options',
    net(svdLayer(x, { name: 'a', k: 1, solver: 'lanczos', W: W({ L1: 0.1 }), nonneg: { H: true } })),
    { options: { solver: 'lanczos', 'W.L1': 0.1, 'H.nonneg': true } },
    /a solver of its own must have no L1 and no nonneg/,
  ],
  [
    'incompatible-options',
    net(svdLayer(x, { name: 'a', k: 1, center: true, nonneg: true })),
    { options: { center: true, 'H.nonneg': true } },
    /not centred.*say nonneg for W alone/,
  ],
  [
    'unknown-option',
    net(svdLayer(x, { name: 'a', k: 1, W: W({ angular: 0.1 }) })),
    { of: "layer 'a'", option: 'W.angular' },
    /has no option 'W.angular'/,
  ],
  [
    'invalid-names',
    net(nmfLayer(factorInput(X, { name: 'x', sampleNames: ['a'] }), { name: 'a', k: 1 })),
    { of: "input 'x'", which: 'sampleNames' },
    /must be 5, one for each sample; got 1/,
  ],
  [
    'names-mismatch',
    net(nmfLayer(factorShared(pair('ab', 1), pair('ba', 2)), { name: 'a', k: 1 })),
    { node: 'factorShared' },
    /same sample names in the same order; got 'a' in ab and 'b' in ba at place 0/,
  ],
  [
    'non-finite',
    net(nmfLayer(factorInput([[1, Number.NEGATIVE_INFINITY]], { name: 'x' }), { name: 'a', k: 1 })),
    { row: 0, col: 1 },
    /-Infinity/,
  ],
  [
    'value-range',
    net(nmfLayer(factorInput([[1e200]], { name: 'x' }), { name: 'a', k: 1 })),
    { largest: 1e200 },
    /multiply the data by a power of ten/,
  ],
  [
    'value-range',
    net(nmfLayer(factorInput([[1e-200, 0]], { name: 'x' }), { name: 'a', k: 1 })),
    { largest: 1e-200 },
    /largest magnitude/,
  ],
  [
    'sample-mismatch',
    net(nmfLayer(factorShared(x, factorInput(uniform(3, 4, 1), { name: 'z' })), { name: 'a', k: 1 })),
    {
      samples: [
        { name: 'x', count: 5 },
        { name: 'z', count: 4 },
      ],
    },
    /same samples .*x 5, z 4/,
  ],
  ['sample-mismatch', net(nmfLayer(factorCondition(a, uniform(5, 2, 1)), { name: 't', k: 1 })), {}, /a 5, Z 2/],
  [
    'rank-mismatch',
    net(factorAdd(a, nmfLayer(y, { name: 'b', k: 3 }))),
    {
      ranks: [
        { name: 'a', count: 2 },
        { name: 'b', count: 3 },
      ],
    },
    /equal rank; got a k=2, b k=3 \(at add\)/,
  ],
  // What real callers hand over by mistake.
  ['invalid-node', net(factorConcat(a, undefined)), { got: 'undefined', at: 'concat ← ?' }, /must come from/],
  ['invalid-node', net(nmfLayer(factorShared(x, null), { name: 'a', k: 1 })), { got: 'null' }, /must come from/],
  [
    'invalid-option',
    net(nmfLayer(x, { name: 'a', k: 2 ** 32 + 1 })),
    { option: 'k' },
    /a whole number, at most 2147483647/,
  ],
  ['invalid-data', withData({ shape: [1, 2], data: ['1', '2'] }), {}, /numbers; got string at position 0/],
  [
    'invalid-data',
    withData({ shape: [1, 2], data: [1, 2], strides: 'fortran' }),
    {},
    /two whole strides; got 'fortran'/,
  ],
  ['invalid-data', withData({ shape: [1, 2], data: [1, 2], strides: [0.5, 1] }), {}, /two whole strides/],
  ['invalid-data', withData({ shape: [1, 2], data: [1, 2], offset: '1' }), {}, /whole offset; got '1'/],
  ['invalid-data', withData({ shape: [1e9, 1e9], data: [1], strides: [0, 0] }), {}, /small enough for memory/],
  [
    'invalid-data',
    withData({ kind: 'csc', rows: 2, cols: 2, indptr: [0, '1', 2], indices: [0, 1], values: [1, 2] }),
    {},
    /whole column bounds; got '1'/,
  ],
  ['invalid-data', withData({ rows: Symbol('r'), cols: 1, data: [1] }), {}, /got rows Symbol\(r\)/],
  [
    'invalid-data',
    withData({ shape: [2, 3], data: [1, 2], indices: [0, 1], indptr: [0, 1, 1, 2] }),
    {},
    /a CSC matrix as \{ kind: 'csc', rows, cols, indptr, indices, values \}/,
  ],
  ['invalid-data', withData({ rows: 1, cols: 2, data: new BigInt64Array(2) }), {}, /a dense or CSC matrix/],
  [
    'invalid-data',
    withData(new Float32Array(6)),
    { got: 'a Float32Array of 6' },
    /wrap numbers as \{ rows, cols, data \}/,
  ],
  ['invalid-data', withData([1, 2, 3]), {}, /rows of numbers, \[\[…\], \[…\]\]; got a row that is a number/],
  [
    'invalid-data',
    withData({
      get kind() {
        throw new Error('trap');
      },
    }),
    { got: 'trap' },
    /readable/,
  ],
  [
    'invalid-data',
    withData({ rows: 2.5, cols: 2, data: [1, 2, 3, 4, 5] }),
    {},
    /whole rows and cols, each below 2³²; got rows 2.5/,
  ],
  ['invalid-data', withData({ rows: -1, cols: -1, data: [1] }), {}, /whole rows and cols/],
  ['invalid-data', withData({ shape: [2, 2], strides: [-2, 1], data: [1, 2, 3, 4] }), {}, /within its data/],
  ['invalid-option', net(a, null), { of: 'factorNet', got: null }, /must be an object of options; got null/],
  [
    'sample-mismatch',
    net(nmfLayer(factorShared(x, factorInput(uniform(5, 3, 1), { name: 'z' })), { name: 'a', k: 1 })),
    { turned: ['z'] },
    /the rows of z would fit.*orientation: 'samples-by-features'/,
  ],
  [
    'unknown-option',
    net(nmfLayer(factorCondition(x, uniform(1, 5, 1), { orient: 1 }), { name: 'a', k: 1 })),
    { of: 'factorCondition', option: 'orient' },
    /no option 'orient'/,
  ],
];

describe('one fault, one issue', () => {
  test.each(faults.map((fault, i) => ({ i, code: fault[0], fault })))('$i: $code', ({ fault }) => expectFault(fault));

  test('every code of a graph has been met', () => {
    const all: { readonly [code in Fault['code']]: true } = {
      'invalid-node': true,
      cycle: true,
      'invalid-output': true,
      'invalid-member': true,
      'too-few-members': true,
      'invalid-name': true,
      'reserved-name': true,
      'duplicate-name': true,
      'unknown-option': true,
      'invalid-option': true,
      'incompatible-options': true,
      'invalid-data': true,
      'non-finite': true,
      'invalid-mask': true,
      'invalid-weights': true,
      'nothing-known': true,
      'invalid-names': true,
      'names-mismatch': true,
      'value-range': true,
      'sample-mismatch': true,
      'rank-mismatch': true,
    };
    expect(new Set(faults.map(([code]) => code))).toEqual(new Set(Object.keys(all)));
  });
});

test('all faults are told at once, each with its place', () => {
  const bad = nmfLayer(factorInput([[1, Infinity]], { name: 'x' }), { name: 'summary', k: -1, maxit: 3, H: W({}) });
  const issues = issuesOf(net(nmfLayer(factorConcat(bad), { name: 'top', k: 1 }), { sede: 1 }));
  expect(issues.map(({ code, at }) => `${code} at ${at}`)).toMatchInlineSnapshot(`
    [
      "unknown-option at factorNet",
      "non-finite at top ← concat ← summary ← x",
      "invalid-option at top ← concat ← summary",
      "invalid-option at top ← concat ← summary",
      "unknown-option at top ← concat ← summary",
      "reserved-name at top ← concat ← summary",
      "too-few-members at top ← concat",
    ]
  `);
});

test('options set to undefined are left out', () => {
  expect(
    factorNet(nmfLayer(x, { name: 'a', k: 2, L1: undefined, W: W({ L1: undefined }) }), { seed: undefined }).plan
      .layers,
  ).toHaveLength(1);
});

test('nodes can not be changed after they were made', () => {
  const spec = { name: 'a', k: 2 };
  const layer = nmfLayer(x, spec);
  spec.k = 100;
  expect(factorNet(layer).plan.slots.at(-1)?.shape).toEqual([2, 5]);
  expect(Object.isFrozen(layer) && Object.isFrozen(layer.node) && Object.isFrozen(layer.node.spec)).toBe(true);
  expect(() => {
    layer.node.spec.k = 3;
  }).toThrow(TypeError);
});

test('a deep graph with thousands of faults is told in a short message; the issues are whole', () => {
  let chain: unknown = x;
  for (let i = 0; i < 4000; i++) chain = nmfLayer(chain, { name: `c${i}`, k: 0 });
  const issues = issuesOf(net(chain));
  expect(issues).toHaveLength(4000);
  expect(issues[0].at).toBe('c3999 ← c3998 ← c3997 ← c3996 ← … ← c3 ← c2 ← c1 ← c0');
  expect(net(chain)).toThrow(/^4000 faults:[\s\S]*… and 3970 more, in issues$/);
});
