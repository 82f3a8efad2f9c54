import { describe, expect, test } from 'vitest';
import { expectFault, type FaultCase, untyped } from '../support/faults.js';
import { issuesOf } from '../support/issues.js';
import { uniform } from '../support/matrices.js';

const { factorInput, factorNet, factorShared, nmfLayer, svdLayer, W } = untyped;

const X = uniform(6, 5, 1);
const given = (weights: unknown) => factorInput(X, { name: 'x', weights });
const counted =
  (weights: unknown, more: object = {}, config: object = {}) =>
  () =>
    factorNet(nmfLayer(given(weights), { name: 'a', k: 1, ...more }), config);
const filled = (value: number) => ({ rows: 6, cols: 5, data: new Float64Array(30).fill(value) });
const listed = { kind: 'csc', rows: 6, cols: 5, indptr: [0, 1, 1, 1, 1, 1], indices: [0], values: [1] };
const thrower = {
  get features() {
    throw new Error('boo');
  },
};
const each = [1, 2, 3, 4, 5];

/** Codes, fields and sentences of what is wrong with weights of features, samples and entries. */
const faults: readonly FaultCase[] = [
  ...(
    [
      ['balance', /must be a matrix, by entry; got the string 'balance'/],
      [3, /ndarray or rows of numbers, by entry; got number/],
      [null, /by entry; got null/],
      [X.data, /wrap numbers .* by entry; got a Float64Array/],
      [{ feature: [1] }, /must be a matrix, or \{ features, samples, entries \}; got 'feature' among them/],
      [{ features: [1, 2] }, /must be 6, one for each feature; got 2 features/],
      [{ samples: new Float32Array(6) }, /must be 5, one for each sample; got 6 samples/],
      [{ samples: 'all' }, /must be an array of numbers by sample; got 'all'/],
      [{ samples: [1, 1, '1', 1, 1] }, /must be numbers by sample; got '1' at place 2/],
      [{ samples: [1, 1, -1, 1, 1] }, /must be finite numbers, at least 0; got -1 among those of samples/],
      [{ features: [1, 1, 1, 1, 1, Number.NaN] }, /finite numbers, at least 0; got NaN among those of features/],
      [{ entries: [[1, 0]] }, /must be as large as the data, 6 × 5; got 1 × 2/],
      [filled(Number.POSITIVE_INFINITY), /finite numbers, at least 0; got Infinity among those of entries/],
      [filled(-1), /got -1/],
      [{ ...listed, unlisted: 'missing' }, /must be known: .*; got entries that are unlisted/],
      [thrower, /must be readable; got boo/],
      [{ features: new Array(6).fill(1e200), samples: new Array(5).fill(1e200) }, /largest product .* got Infinity/],
    ] as const
  ).map(
    ([weights, message]): FaultCase => ['invalid-weights', counted(weights), { of: "input 'x'", at: 'a ← x' }, message],
  ),
  ['nothing-known', counted({ features: [1, 0, 1, 1, 1, 0] }), { what: 'feature', index: 1, count: 2 }, /feature 1/],
  ['nothing-known', counted({ samples: [1, 1, 1, 0, 1] }), { what: 'sample', index: 3, count: 1 }, /for sample 3/],
  [
    'incompatible-options',
    counted({ samples: each }, { solver: 'bpp' }),
    { options: { solver: 'bpp' } },
    /A layer that reads weights by sample or entry must have solver 'hals'.*or leave these weights out/,
  ],
  [
    'incompatible-options',
    counted(uniform(6, 5, 3), { start: 'nndsvd' }),
    { options: { start: 'nndsvd' } },
    /must have start 'random' or \{ W, H \}.*leave start out, or leave these weights out/,
  ],
  [
    'incompatible-options',
    () =>
      factorNet(
        nmfLayer(factorShared(given({ samples: each }), factorInput(X, { name: 'y' })), {
          name: 'a',
          k: 1,
          solver: 'mu',
        }),
      ),
    { options: { solver: 'mu' } },
    /weights by sample or entry/,
  ],
  [
    'incompatible-options',
    counted({ features: [...each, 6] }, { W: W({ upperBound: 1 }), norm: 'none' }),
    { options: { 'W.upperBound': 1, weight: '6 by features' } },
    /upper bound on W must have data without weights/,
  ],
  [
    'incompatible-options',
    () => factorNet(svdLayer(given({ samples: each }), { name: 's', k: 1 })),
    { options: { weight: '5 by samples' } },
    /An SVD layer must have data without weights/,
  ],
  ...[{ features: [...each, 6] }, { samples: each }].map(
    (weights): FaultCase => [
      'incompatible-options',
      counted(weights, { projective: true }),
      { options: { projective: true } },
      /A projective layer must have data without weights/,
    ],
  ),
];

describe('weights by feature, sample and entry', () => {
  test.each(faults.map((fault, i) => ({ i, code: fault[0], fault })))('$i: $code', ({ fault }) => expectFault(fault));

  test('where nothing counts, or little of it, nothing is known', () => {
    for (const weights of [filled(0), { ...listed, values: [0] }, listed])
      expect(issuesOf(counted(weights))).toMatchObject([
        { code: 'nothing-known', what: 'feature' },
        { code: 'nothing-known', what: 'sample' },
      ]);
  });

  test('what can be had with them', () => {
    counted({ features: [...each, 6] }, { solver: 'bpp', start: 'nndsvd' })();
    counted(
      { samples: [1, 0.5, 0.2, 1, 1] },
      { W: W({ upperBound: 1 }), norm: 'none', start: { W: uniform(6, 1, 1), H: uniform(1, 5, 1) } },
    )();
    counted(filled(2), { solver: 'mu' }, {})();
    for (const weights of [filled(2), { features: [...each, 6] }, { samples: each }, uniform(6, 5, 2)])
      counted(weights, {}, { training: 'joint' })();
  });
});
