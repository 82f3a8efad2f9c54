import { describe, test } from 'vitest';
import { expectFault, type FaultCase, untyped } from '../support/faults.js';
import { scaled, uniform } from '../support/matrices.js';

const { factorCondition, factorConcat, factorInput, factorNet, factorShared, nmfLayer, svdLayer, W } = untyped;

const X = uniform(4, 5, 1);
const net = (output: unknown) => () => factorNet(output);
const spec = { name: 'a', k: 1 };
const weighed = (weight: unknown, data = X) => factorInput(data, { name: 'x', weight });
const y = factorInput(uniform(3, 5, 2), { name: 'y' });
const shared = (weights: unknown, x: unknown = weighed(1)) => net(nmfLayer(factorShared(x, y, { weights }), spec));

const faults: readonly FaultCase[] = [
  ...[0, -1, Number.NaN, Number.POSITIVE_INFINITY, '2', null, 'balanced', [1]].map((weight): FaultCase => {
    const fields = { of: 'factorInput', option: 'weight', got: weight };
    return [
      'invalid-option',
      net(nmfLayer(weighed(weight), spec)),
      fields,
      /a finite number above 0, or 'balance'; got/,
    ];
  }),
  [
    'invalid-option',
    net(nmfLayer(factorCondition(y, X, { weight: 0 }), spec)),
    { of: 'factorCondition', option: 'weight', got: 0 },
    /above 0/,
  ],
  ...[3, 'balanced', null, [1, 2], { x: 0 }, { x: 1, y: '2' }].map(
    (weights): FaultCase => [
      'invalid-option',
      shared(weights),
      { of: 'factorShared' },
      /finite numbers? above 0, or 'balance'; got/,
    ],
  ),
  [
    'unknown-option',
    shared({ x: 2, z: 'balance' }),
    { of: 'factorShared', option: 'weights.z', known: ['x', 'y'] },
    /factorShared has no option 'weights\.z'/,
  ],
  [
    'incompatible-options',
    net(svdLayer(weighed(2), { name: 's', k: 1 })),
    { of: "layer 's'", options: { weight: '2' } },
    /An SVD layer must have data without weights.*leave weights out below it, or use nmfLayer/,
  ],
  [
    'incompatible-options',
    net(svdLayer(factorShared(weighed(1), y, { weights: 'balance' }), { name: 's', k: 1 })),
    { options: { weight: 'balanced' } },
    /without weights/,
  ],
  [
    'incompatible-options',
    net(
      svdLayer(factorConcat(nmfLayer(y, spec), factorCondition(nmfLayer(y, { name: 'b', k: 1 }), X, { weight: 3 })), {
        name: 's',
        k: 1,
      }),
    ),
    { options: { weight: '3' } },
    /without weights/,
  ],
  [
    'incompatible-options',
    net(nmfLayer(weighed(2), { ...spec, norm: 'none', W: W({ upperBound: 1 }) })),
    { options: { 'W.upperBound': 1, weight: '2' } },
    /upper bound on W must have data without weights/,
  ],
  [
    'value-range',
    net(nmfLayer(weighed(1e-250, scaled(X, 1e-20)), spec)),
    { of: "input 'x' with its weight" },
    /largest magnitude in input 'x' with its weight must lie between/,
  ],
  ['value-range', shared({ x: 1e300 }, weighed(1e300)), { of: "input 'x' with its weight" }, /got Infinity/],
  [
    'incompatible-options',
    net(nmfLayer(weighed(1e40), { ...spec, precision: 'f32' })),
    { options: { precision: 'f32' } },
    /fitted in 32 bits/,
  ],
];

describe('weights that can not be had: one fault, one issue', () => {
  test.each(faults.map((fault, i) => ({ i, code: fault[0], fault })))('$i: $code', ({ fault }) => expectFault(fault));
});
