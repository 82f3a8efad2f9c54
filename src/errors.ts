import { describe, type GraphIssue } from './issues.js';

/** Faults that a message lists. */
const SHOWN = 30;

/** A graph that cannot be compiled; `issues` lists every fault found, not the first. */
export class GraphError extends Error {
  override readonly name = 'GraphError';
  readonly issues: readonly GraphIssue[];

  constructor(issues: readonly GraphIssue[]) {
    const lines = issues.slice(0, SHOWN).map(describe);
    if (issues.length > SHOWN) lines.push(`… and ${issues.length - SHOWN} more, in issues`);
    super(
      issues.length === 1 ? lines[0] : `${issues.length} faults:\n${lines.map((line) => `  - ${line}`).join('\n')}`,
    );
    this.issues = Object.freeze([...issues]);
  }
}

/** What a kernel can fail with. */
export type KernelErrorCode = 'invalid-argument' | 'non-finite' | 'out-of-memory' | 'panic';

/** A numerical function failed while a graph was being fitted; `layer` names the layer it worked on. */
export class KernelError extends Error {
  override readonly name = 'KernelError';
  readonly code: KernelErrorCode;
  readonly layer: string | undefined;

  constructor(
    code: KernelErrorCode,
    message: string,
    options: { readonly layer?: string; readonly cause?: unknown } = {},
  ) {
    const where = options.layer === undefined ? '' : ` (in layer '${options.layer}')`;
    super(`${message}${where}`, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.layer = options.layer;
  }
}

/** The backend asked for cannot be loaded; `tried` lists each path and why it failed. */
export class BackendUnavailableError extends Error {
  override readonly name = 'BackendUnavailableError';
  readonly code = 'backend-unavailable';
  readonly tried: readonly { readonly path: string; readonly reason: string }[];

  constructor(backend: string, tried: readonly { readonly path: string; readonly reason: string }[]) {
    const list = tried.map(({ path, reason }) => `${path}: ${reason}`).join('; ');
    super(
      `The ${backend} backend must be built before it can be asked for; tried ${list}. They are built by 'npm start' in a clone of the project, with Rust on the machine; or use backend: 'reference'.`,
    );
    this.tried = tried;
  }
}

/** What can be wrong with a file that a fit or a graph is to be read from, or a fit written to. */
export type ModelFileErrorCode =
  | 'not-a-fit'
  | 'not-a-checkpoint'
  | 'other-fit'
  | 'damaged'
  | 'newer-version'
  | 'not-read'
  | 'not-saved';

/** A file that isn't what it must be; `path` names it. */
abstract class FileError<Code extends string> extends Error {
  readonly code: Code;
  readonly path: string;
  /** What differs from what was expected, where it is another's: parts of it, or names. */
  readonly differs: readonly string[];

  constructor(
    code: Code,
    path: string,
    message: string,
    options: { readonly cause?: unknown; readonly differs?: readonly string[] } = {},
  ) {
    super(`${message} (${path})`, 'cause' in options ? { cause: options.cause } : undefined);
    this.differs = Object.freeze([...(options.differs ?? [])]);
    this.code = code;
    this.path = path;
  }
}

/**
 * A file that can't be read, or not as a fit, or gone on from, or a fit that can't be saved. For 'other-fit' `differs` names parts of
 * the plan ('fit.0.args.k') or other things ("input 'rna'", 'backend', 'version').
 */
export class ModelFileError extends FileError<ModelFileErrorCode> {
  override readonly name = 'ModelFileError';
}

/** What can be wrong with the store of a sweep. */
export type SweepStoreErrorCode =
  | 'not-a-store'
  | 'damaged'
  | 'other-sweep'
  | 'newer-version'
  | 'busy'
  | 'not-written'
  | 'unavailable';

/**
 * A file that can't be used as the store of a sweep, or a row that can't be kept in it. For 'other-sweep' `differs` names what
 * is not the same: "input 'rna'", 'seed', 'backend', or a part of the plan of a point ('k = 3: fit.0.args.L1').
 */
export class SweepStoreError extends FileError<SweepStoreErrorCode> {
  override readonly name = 'SweepStoreError';
}

/** What can be wrong with a worker thread of a sweep. */
export type SweepWorkerErrorCode = 'not-started' | 'ended';

/**
 * A worker thread of a sweep (`executor: 'threads'`) that couldn't start, or that ended before its fit was done, for want of
 * memory, say: `cause` is the error that ended it, where there was one. It ends the sweep, for it says nothing of a point.
 */
export class SweepWorkerError extends Error {
  override readonly name = 'SweepWorkerError';
  readonly code: SweepWorkerErrorCode;
  /** That of the thread; null: there was none. */
  readonly exitCode: number | null;

  constructor(
    code: SweepWorkerErrorCode,
    {
      exitCode,
      fitting,
      cause,
    }: { readonly exitCode: number | null; readonly fitting?: string | undefined; readonly cause?: unknown },
  ) {
    const got = exitCode === null ? 'none' : `one that ended with exit code ${exitCode}`;
    const rule = code === 'ended' ? 'live until its fits are done' : 'be able to start';
    const why = cause === undefined ? '' : `, because of: ${cause instanceof Error ? cause.message : String(cause)}`;
    const when = fitting === undefined ? '' : ` while it fitted ${fitting}`;
    super(
      `A worker thread of a sweep must ${rule}; got ${got}${when}${why}. Give it fewer workers, or executor: 'inline'`,
      cause === undefined ? undefined : { cause },
    );
    this.code = code;
    this.exitCode = exitCode;
  }
}

/** A report that can't be written; `path` names the file, and `cause` says why. */
export class ReportError extends FileError<'not-written'> {
  override readonly name = 'ReportError';
}

/** An optional package that a picture or a file needs can't be loaded; `install` is the line that installs all that is needed. */
export class MissingPeerError extends Error {
  override readonly name = 'MissingPeerError';
  readonly code = 'missing-peer';
  readonly package: string;
  readonly install: string;

  /** The same error, told by another thread in the words that it has. */
  static told({
    package: name,
    install,
    message,
  }: Pick<MissingPeerError, 'package' | 'install' | 'message'>): MissingPeerError {
    const error = new MissingPeerError(name, install, undefined, '');
    error.message = message;
    return error;
  }

  constructor(name: string, install: string, cause: unknown, purpose: string) {
    super(`To ${purpose} the package ${name} must be there; got none that can be loaded: ${install}`, { cause });
    this.package = name;
    this.install = install;
  }
}

/** What can be wrong with a file of data. */
export type IoErrorCode =
  | 'not-read'
  | 'not-written'
  | 'unknown-format'
  | 'damaged'
  | 'unsupported'
  | 'not-found'
  | 'invalid-option';

/** Where in a file something is at fault. */
export interface IoPlace {
  /** The byte, from 0, of what the file unpacks to where it is compressed. */
  readonly offset?: number | undefined;
  /** The line, from 1. */
  readonly line?: number | undefined;
  readonly cause?: unknown;
}

/**
 * A file of data that can't be read or written: 'not-read' where there is none that may be read, 'unknown-format' for what is no format
 * known here, 'damaged' for a file that breaks the rules of its own, 'unsupported' for what its format allows and no matrix of
 * numbers can be made of, 'not-found' for a part of it that was asked for, 'invalid-option' for what was asked.
 */
export class IoError extends FileError<IoErrorCode> {
  override readonly name = 'IoError';
  readonly offset: number | undefined;
  readonly line: number | undefined;

  /** The same error, told by another thread in the words that it has. */
  static told(
    { code, message, offset, line }: Pick<IoError, 'code' | 'message' | 'offset' | 'line'>,
    path: string,
  ): IoError {
    const error = new IoError(code, path, '', { offset, line });
    error.message = message;
    return error;
  }

  constructor(code: IoErrorCode, path: string, message: string, { offset, line, cause }: IoPlace = {}) {
    const at = line !== undefined ? `, at line ${line}` : offset !== undefined ? `, at byte ${offset}` : '';
    super(code, path, `${message}${at}`, cause === undefined ? {} : { cause });
    this.offset = offset;
    this.line = line;
  }
}
