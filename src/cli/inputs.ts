import { type Command, InvalidArgumentError } from 'commander';
import { FORMATS } from '../files/formats/detect.js';
import { type FileMatrix, type ReadMatrixOptions, readMatrix } from '../index.js';
import { choice } from './values.js';

/** `name=path`. */
export interface InputFile {
  readonly name: string;
  readonly path: string;
}

/** How files of data are read; what `readMatrix` takes. */
export type Reading = ReadMatrixOptions;

/** Options that say how files of data are read. */
export const withReading = (command: Command): Command =>
  command
    .addOption(choice('--from <format>', 'what the files are, where they do not say it', FORMATS))
    .addOption(
      choice('--orientation <way>', 'how the files lie, where they do not say it', [
        'features-by-samples',
        'samples-by-features',
      ]),
    )
    .option('--array <name>', 'the array of a .npz file that holds several, or the place of a matrix in an HDF5 file')
    .option(
      '--from-layer <name>',
      'of an AnnData file: one of its layers, raw, or obsm/…; of a 10x file: a type of features',
    );

/** What `withReading` has found. */
export interface ReadingFlags extends Omit<Reading, 'format' | 'layer'> {
  readonly from?: Reading['format'];
  readonly fromLayer?: Reading['layer'];
}

export const readingOf = ({ from, fromLayer, orientation, array }: ReadingFlags): Reading => ({
  format: from,
  layer: fromLayer,
  orientation,
  array,
});

/** Options that say what data there are. */
export const withInputs = (command: Command): Command =>
  withReading(
    command.option(
      '-i, --input <name=file>',
      'data by name, again for each input; a file alone is named by itself',
      inputFile,
    ),
  );

/** What `withInputs` has found. */
export interface InputFlags extends ReadingFlags {
  readonly input?: readonly InputFile[];
}

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

/** The matrices in the files, by name, one after the other. */
export async function readInputs({ input = [], ...flags }: InputFlags): Promise<ReadonlyMap<string, FileMatrix>> {
  const found = new Map<string, FileMatrix>();
  for (const { name, path } of input) found.set(name, await readMatrix(path, readingOf(flags)));
  return found;
}
