import { type Command, InvalidArgumentError } from 'commander';
import { type FileMatrix, factorInput, type InputExpr, IoError, readMatrix } from '../index.js';
import { closest } from '../issues.js';
import { UsageError } from './failure.js';
import { type Meter, watchReading } from './progress.js';
import { READ_OPTIONS, type Reading, type ReadingFlags, readingOf, readValue, withReading } from './reading.js';
import { oneOf } from './values.js';

/** `name=path`. */
export interface InputFile {
  readonly name: string;
  readonly path: string;
}

/** How inputs are read, by their names. */
type Readings = ReadonlyMap<string, Reading>;

/** Options that say what data there are, and how they are read. */
export const withInputs = (command: Command): Command =>
  withReading(
    command
      .option(
        '-i, --input <name=file>',
        'data by name, again for each input; a file alone is named by itself',
        inputFile,
      )
      .option(
        '--read <input.option=value>',
        `how one input is read, again for more: ${READ_OPTIONS.join(', ')}; goes before what is said for all`,
        reading,
      ),
  );

/** What `withInputs` has found. */
export interface InputFlags extends ReadingFlags {
  readonly input?: readonly InputFile[];
  readonly read?: Readings;
  /** Shows how far they are read. */
  readonly meter?: Meter;
}

/** The files of data. */
export const pathsOf = ({ input = [] }: InputFlags): readonly string[] => input.map(({ path }) => path);

/** One more input; 'dir/rna.npz' alone is called rna. */
function inputFile(text: string, before: readonly InputFile[] = []): readonly InputFile[] {
  const { name: given, path } = namedFile(text);
  const name = given ?? /([^\\/.][^\\/.]*)[^\\/]*[\\/]*$/.exec(path)?.[1] ?? '';
  if (name === '' || path === '') throw new InvalidArgumentError('It must be a file, or name=file.');
  if (before.some((one) => one.name === name)) throw new InvalidArgumentError(`There is an input '${name}' before.`);
  return [...before, { name, path }];
}

/** A file, and the name before it where there is one. */
export function namedFile(text: string): { readonly name?: string; readonly path: string } {
  const at = text.indexOf('=');
  if (at <= 0 || /[\\/]/.test(text.slice(0, at))) return { path: text };
  return { name: text.slice(0, at), path: text.slice(at + 1) };
}

/** One more option of an input; what stands behind '=' is taken as it is. */
function reading(text: string, before: Readings = new Map()): Readings {
  const [, input, asked, value] = /^([^=]+)\.([^=.]+)=(.*)$/s.exec(text) ?? [];
  if (input === undefined) throw new InvalidArgumentError('It must be input.option=value, as in rna.layout=triplets.');
  const option = oneOf(READ_OPTIONS)(asked) as keyof Reading; // one of these
  const own = before.get(input) ?? {};
  if (own[option] !== undefined) throw new InvalidArgumentError(`'${input}' has its ${option} before.`);
  return new Map(before).set(input, { ...own, [option]: readValue(option, value) });
}

/** A file, and all that is said of how it is read. */
interface Asked extends InputFile {
  readonly options: Reading;
}

/** @throws UsageError for what is said of an input that isn't there. */
function askedIn({ input = [], read = new Map(), ...flags }: InputFlags): readonly Asked[] {
  const names = input.map(({ name }) => name);
  const idle = [...read.keys()].find((name) => !names.includes(name));
  if (idle !== undefined) {
    const meant = closest(idle, names);
    throw new UsageError(
      `--read must be of an --input: ${names.join(', ') || 'there is none'}; got ${idle}${meant === undefined ? '' : `. Did you mean ${meant}?`}`,
    );
  }
  return input.map(({ name, path }) => ({ name, path, options: { ...readingOf(flags), ...read.get(name) } }));
}

/**
 * The inputs of a graph, by name: read, or with `stream` left in their files.
 *
 * @throws UsageError for what is said of an input that isn't there, and where it is streamed for all but its orientation.
 */
export async function makeInputs(flags: InputFlags, stream: boolean): Promise<MadeInputs> {
  if (!stream) {
    const data = await readInputs(flags);
    return { made: new Map(Array.from(data, ([name, matrix]) => [name, factorInput(matrix, { name })])), data };
  }
  const made = askedIn(flags).map(({ name, path, options: { orientation, ...others } }) => {
    const other = Object.entries(others).find(([, value]) => value !== undefined);
    if (other !== undefined)
      throw new UsageError(`With --stream, of a file its orientation alone must be said; got ${other[0]} of ${name}`);
    return [name, factorInput(path, { name, orientation, stream: true })] as const;
  });
  return { made: new Map(made), data: new Map() };
}

/** Inputs, and those of their data that are in memory. */
export interface MadeInputs {
  readonly made: ReadonlyMap<string, InputExpr<string>>;
  readonly data: ReadonlyMap<string, FileMatrix>;
}

/**
 * The matrices in the files, by name, one after the other.
 *
 * @throws UsageError for what is said of an input that isn't there.
 */
export async function readInputs(flags: InputFlags): Promise<ReadonlyMap<string, FileMatrix>> {
  const found = new Map<string, FileMatrix>();
  for (const { name, path, options } of askedIn(flags)) found.set(name, await readAs(name, path, options, flags.meter));
  return found;
}

async function readAs(name: string, path: string, options: Reading, meter?: Meter): Promise<FileMatrix> {
  try {
    return await readMatrix(path, { ...options, onProgress: meter && watchReading(meter) });
  } catch (error) {
    if (!(error instanceof IoError) || error.code !== 'invalid-option') throw error;
    throw new UsageError(`${error.message}. What is meant for one input alone is said by --read ${name}.option=value`, {
      cause: error,
    });
  } finally {
    meter?.close();
  }
}
