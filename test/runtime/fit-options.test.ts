import { expect, test } from 'vitest';
import * as factorloom from '../../src/index.js';
import { uniform } from '../support/matrices.js';

/** The library as plain JavaScript sees it: nothing is checked before it runs. */
// biome-ignore lint/suspicious/noExplicitAny: these tests stand for callers without types
type Untyped = { readonly [name: string]: (...args: readonly any[]) => any };
const { factorInput, factorNet, nmfLayer } = factorloom as unknown as Untyped;
const a = nmfLayer(factorInput(uniform(6, 5, 1), { name: 'x' }), { name: 'a', k: 2 });

test('options of fit are checked too', async () => {
  await expect(factorNet(a).fit({ thread: 2 })).rejects.toThrow(/did you mean 'threads'/);
  await expect(factorNet(a).fit({ threads: 0 })).rejects.toThrow(/at least 1; got 0/);
  await expect(factorNet(a).fit({ signal: {} })).rejects.toThrow(/an AbortSignal/);
  await expect(factorNet(a).fit({ onProgress: 3 })).rejects.toThrow(/a function; got 3/);
  await expect(factorNet(a).fit({ memory: 'none' })).rejects.toThrow(/'normal' or 'low'; got 'none'/);
  await expect(factorNet(a).fit({ backend: 'gpu' })).rejects.toThrow(/'auto' or 'native' or 'reference'/);
});
