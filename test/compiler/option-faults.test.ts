import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ZodObject, type ZodType } from 'zod';
import { optionFaults } from '../../src/dsl/check-options.js';
import * as schemas from '../../src/dsl/schemas.js';
import { W } from '../../src/index.js';

const all = Object.entries(schemas).filter((entry): entry is [string, ZodObject] => entry[1] instanceof ZodObject);

/** What options may be, rightly or wrongly. */
const value = fc.constantFrom<unknown>(
  ...[undefined, null, true, 0, 1, 2, 0.5, -1, Number.NaN, 'auto', 'L1', 'random', 'hals', 'balance', 'none', 'a', []],
  ...[{}, { W: 1, H: 2 }, { W: true }, W({ L1: 1 }), W({ L1: -1 }), () => 1, AbortSignal.abort(), [1, 2], ['a']],
);

describe.each(all)('%s', (_, schema) => {
  const keys = fc.constantFrom(...Object.keys(schema.shape), 'toString', 'unknown', '__proto__');
  const isSound = (options: unknown) => (schema as ZodType).safeParse(options).success;

  test('has faults where zod has', () => {
    const options = fc.array(fc.tuple(keys, value), { maxLength: 4 }).map(Object.fromEntries);
    // Options that are right one by one, so that many are right together.
    const sound = options.map((some) =>
      Object.fromEntries(
        Object.entries(some).filter(([key, own]) => schema.shape[key]?.safeParse?.(own).success === true),
      ),
    );
    fc.assert(
      fc.property(fc.oneof(options, sound), (some) => {
        expect(optionFaults(schema, some, 'it').length === 0).toBe(isSound(some));
      }),
    );
  });

  test('options that are no plain object are looked at as a whole', () => {
    const inherited = Object.create({ unknown: 1 });
    for (const odd of [null, 1, 'k', [], [1], () => 1, inherited, new (class { k = 1 })(), Object.create(null)]) // biome-ignore format: one thought
      expect(optionFaults(schema, odd, 'it').length === 0, String(typeof odd)).toBe(isSound(odd));
    expect(optionFaults(schema, undefined, 'it').length === 0).toBe(isSound({}));
  });

  test('has no checks of its options together, which would not be looked at', () => {
    expect(schema.def.checks ?? []).toEqual([]);
  });
});
