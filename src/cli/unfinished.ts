import { readFile, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { writeWhole } from '../files/write-whole.js';
import { Failure } from './failure.js';

/** A command that can be gone on with: it stands beside the file that it leaves behind how far it has come in. */
export interface Unfinished {
  /** What was typed after 'factorloom'. */
  readonly args: readonly string[];
  /** Where it was typed. */
  readonly folder: string;
  /** The file beside which it stands. */
  readonly place: string;
}

const WORD = 'factorloom-unfinished';

const besides = (path: string): string => `${path}.json`;

/** Leaves a command beside a file once that is the command's own, so that another's stays what it is. */
export interface Recorder {
  /** The file is the command's own; every call after the first does nothing. */
  begin(): void;
  /** Whether it has been left. @throws Failure where it could not be. */
  settled(): Promise<boolean>;
  /** The command is done. */
  remove(): Promise<void>;
}

/** Leaves nothing without a path. */
export function recorder(path: string | undefined, args: readonly string[]): Recorder {
  let left: Promise<void> | undefined;
  const settled = async () => {
    await left;
    return left !== undefined;
  };
  return {
    begin() {
      if (path === undefined || left !== undefined) return;
      left = leave(path, args);
      // Told where it is waited for.
      left.catch(() => {});
    },
    settled,
    async remove() {
      if (path !== undefined && (await settled())) await rm(besides(path), { force: true });
    },
  };
}

async function leave(path: string, args: readonly string[]): Promise<void> {
  const told = { format: WORD, version: 1, folder: process.cwd(), place: resolve(path), args };
  try {
    await writeWhole(besides(path), [new TextEncoder().encode(`${JSON.stringify(told, null, 2)}\n`)]);
  } catch (error) {
    const got = error instanceof Error ? error.message : String(error);
    throw new Failure(`The command must be left in a place that may be written to; got ${got}`, { cause: error });
  }
}

/** @throws Failure where there is none. */
export async function readUnfinished(path: string): Promise<Unfinished> {
  const place = resolve(besides(path));
  const refused = (got: string, cause?: unknown) =>
    new Failure(`What is resumed must have its command beside it, at ${place}; got ${got}`, { cause });
  let told: unknown;
  try {
    told = JSON.parse(await readFile(place, 'utf8'));
  } catch (error) {
    throw refused(error instanceof Error ? error.message : String(error), error);
  }
  const isText = (value: unknown): value is string => typeof value === 'string';
  const { format, version, folder, place: was, args } = Object(told) as Partial<Record<string, unknown>>; // any object may be asked
  if (format !== WORD) throw refused('a file of another kind');
  if (version !== 1) throw refused(`version ${String(version)}: update factorloom`);
  if (!isText(folder) || !isText(was) || !Array.isArray(args) || !args.every(isText))
    throw refused('a file that is not whole');
  return { folder, place: was, args };
}
