import type { Factors, FitSummary, InputSummary } from '../runtime/fit.js';

type SavedInput = InputSummary<{ readonly [layer: string]: readonly number[] } | undefined>;

/** A summary in JSON, which has no typed arrays. Files from before there were any `factors` have none. */
export type SavedSummary = Omit<FitSummary, 'inputs'> & { readonly inputs: { readonly [input: string]: SavedInput } };

export const savedSummary = ({ inputs, ...rest }: FitSummary): SavedSummary => ({
  ...rest,
  inputs: mapped(inputs, ({ factors, ...input }) => ({ ...input, factors: mapped(factors, (each) => [...each]) })),
});

export const summaryOf = ({ inputs, ...rest }: SavedSummary): FitSummary =>
  Object.freeze({
    ...rest,
    inputs: mapped(inputs, ({ factors = {}, ...input }) => Object.freeze({ ...input, factors: numbers(factors) })),
  });

const numbers = (factors: NonNullable<SavedInput['factors']>): Factors =>
  mapped(factors, (each) => Float64Array.from(each));

const mapped = <T, U>(record: { readonly [name: string]: T }, of: (value: T) => U): { readonly [name: string]: U } =>
  Object.freeze(Object.fromEntries(Object.entries(record).map(([name, value]) => [name, of(value)])));
