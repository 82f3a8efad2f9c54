import { CommanderError } from 'commander';
import {
  BackendUnavailableError,
  GraphError,
  IoError,
  KernelError,
  MissingPeerError,
  ModelFileError,
  ReportError,
  SweepError,
  SweepStoreError,
  SweepWorkerError,
} from '../index.js';

/** What was typed can't be done: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code = 'usage';
}

/** What was asked for has failed, for a reason that the message tells whole: exit code 1. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code = 'failed';
}

const EXIT = { SIGINT: 130, SIGTERM: 143 } as const;

/** Somebody has stopped the command. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  readonly code = 'interrupted';
  readonly exitCode: number;

  constructor(signal: keyof typeof EXIT) {
    super(`Stopped by ${signal}`);
    this.exitCode = EXIT[signal];
  }
}

/** Errors whose message says all that a user needs. */
const TOLD = [
  UsageError,
  Failure,
  Interrupted,
  BackendUnavailableError,
  GraphError,
  IoError,
  KernelError,
  MissingPeerError,
  ModelFileError,
  ReportError,
  SweepError,
  SweepStoreError,
  SweepWorkerError,
];

/** 0: done; 1: failed; 2: not understood; 130: stopped by Ctrl-C. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof UsageError || (error instanceof IoError && error.code === 'invalid-option')) return 2;
  return error instanceof Interrupted ? error.exitCode : 1;
}

/** Whether what a command wrote was not read to its end. */
export const isUnread = (error: unknown): boolean =>
  error instanceof IoError && error.cause instanceof Error && 'code' in error.cause && error.cause.code === 'EPIPE';

/** The error in words; of one that nobody foresaw, where it came from too. */
export function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const message = TOLD.some((kind) => error instanceof kind) ? error.message : (error.stack ?? error.message);
  return [message, ...curesOf(error)].join('\n');
}

/** The error as data. */
export function dataOf(error: unknown): unknown {
  if (!(error instanceof Error)) return { error: { message: String(error) } };
  if (error instanceof CommanderError) return dataOf(asUsage(error));
  const { name, message } = error;
  if (error instanceof GraphError)
    return { error: { name, code: error.issues[0].code, message, issues: error.issues } };
  return { error: { name, code: 'code' in error ? error.code : 'unexpected', message } };
}

/** What commander says of what was typed, as we do; of nothing it prints the help. */
function asUsage({ code, message }: CommanderError): UsageError {
  const help = code === 'commander.help';
  return new UsageError(help ? 'There must be a command; got none. See --help' : message.replace(/^error: /, ''));
}

/** What the library says in terms of calls, in those of a command. */
function curesOf(error: Error): readonly string[] {
  if (error instanceof GraphError)
    return error.issues.flatMap((issue) => {
      if (issue.code === 'missing-data') return [`Give it by --input ${issue.name}=FILE.`];
      if (issue.code !== 'sample-mismatch') return [];
      // Z is that of a condition, which no --input is.
      return issue.turned
        .filter((name) => name !== 'Z')
        .map((name) => `Give it by --read ${name}.orientation=samples-by-features.`);
    });
  if (error instanceof IoError && error.message.includes('Give one as layer'))
    return ['Give it by --from-layer LAYER.'];
  if (error instanceof ModelFileError && error.code === 'other-fit')
    return [`Finish that fit by: factorloom resume ${error.path}`, 'Or give --checkpoint another FILE, or --anew.'];
  return [];
}
