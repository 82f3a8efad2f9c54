import { parseArgs } from 'node:util';
import { allThreads } from './context.js';

export interface Options {
  /** Sections, or beginnings of the names of races; empty: everything. */
  readonly only: readonly string[];
  readonly repeats: number;
  readonly threads: number;
  readonly quick: boolean;
  /** Where the report goes; default: results/, for a quick run or a part of it a folder that isn't tracked. */
  readonly out: string | undefined;
}

export const usage = `npm run bench -- [--only aml,threads] [--repeats 5] [--threads ${allThreads}] [--quick] [--out folder]`;

export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', default: '' },
      repeats: { type: 'string' },
      threads: { type: 'string', default: String(allThreads) },
      quick: { type: 'boolean', default: false },
      out: { type: 'string' },
    },
  });
  return {
    only: values.only.split(',').filter((name) => name !== ''),
    repeats: count('repeats', values.repeats ?? (values.quick ? '2' : '5')),
    threads: count('threads', values.threads),
    quick: values.quick,
    out: values.out,
  };
}

function count(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} must be a whole number from 1 on\n${usage}`);
  return value;
}
