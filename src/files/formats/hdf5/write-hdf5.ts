import type { Floats } from '../../../matrix.js';
import { type OpenHdf5, openHdf5, strictly } from '../../hdf5.js';
import { writeBeside } from '../../write-whole.js';

/** Numbers that can be written. */
export type Written = Floats | Int8Array | Int16Array | Int32Array | BigInt64Array;

/** An array of numbers, row after row. */
export interface WrittenArray {
  readonly shape: readonly number[];
  /** Rows from one to another (not included). */
  rows(from: number, to: number): Written;
}

/** Attributes of a group or an array; whole numbers as a list. */
export type Attributes = Readonly<Record<string, string | readonly string[] | BigInt64Array | number>>;

/** An HDF5 file as it is written; whatever has a path in it must have its group there before. */
export interface Hdf5Writer {
  group(path: string, attributes: Attributes): void;
  /** A number by itself, of 64 bits: a whole one as it is, or a float. */
  number(path: string, value: number | bigint, attributes: Attributes): void;
  text(path: string, value: string, attributes: Attributes): void;
  texts(path: string, values: readonly string[], attributes: Attributes): void;
  array(path: string, array: WrittenArray, attributes: Attributes): Promise<void>;
}

/** How a file is written. */
export interface Hdf5Writing {
  /** Whether arrays are packed by gzip. */
  readonly packed: boolean;
  /** Stops it between pieces. */
  readonly signal?: AbortSignal | undefined;
}

/** Numbers that are written at a time, and those of a chunk. */
const [AT_A_TIME, CHUNK] = [1 << 20, 1 << 18];
/** Arrays of fewer numbers are not packed. */
const SMALL = 1 << 8;
/** How hard gzip tries, from 1 to 9: as other writers have it. */
const LEVEL = 4;

/**
 * Writes an HDF5 file, whole or not at all, in pieces between which others have their turn.
 *
 * @throws MissingPeerError where the package isn't there.
 */
export const writeHdf5 = (
  path: string,
  { packed, signal }: Hdf5Writing,
  fill: (to: Hdf5Writer) => Promise<void>,
): Promise<void> =>
  writeBeside(path, async (beside) => {
    const open = await openHdf5(beside, 'w');
    try {
      await fill(writerTo(open, { packed, signal }));
    } catch (error) {
      open.file.close();
      throw error;
    }
    strictly(open, () => open.file.close());
  });

function writerTo(open: OpenHdf5, { packed, signal }: Hdf5Writing): Hdf5Writer {
  const { file } = open;
  const describe = (path: string, attributes: Attributes): void => {
    const place = path === '/' ? file : file.get(path);
    if (place === null || !('create_attribute' in place)) throw new Error(`no ${path}`);
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value === 'string') place.create_attribute(name, value, [], 'S');
      else if (typeof value === 'number') place.create_attribute(name, value, [], '<b');
      else if (value instanceof BigInt64Array) place.create_attribute(name, value, [value.length], '<q');
      else if (value.length === 0) place.create_attribute(name, new Float64Array(0), [0], '<d');
      else place.create_attribute(name, [...value], [value.length], 'S');
    }
  };
  const made = (path: string, attributes: Attributes, make: () => unknown): void =>
    strictly(open, () => {
      make();
      describe(path, attributes);
    });

  return {
    group: (path, attributes) => made(path, attributes, () => path === '/' || file.create_group(path)),
    number: (path, value, attributes) =>
      made(path, attributes, () => {
        const data = typeof value === 'bigint' ? BigInt64Array.of(value) : Float64Array.of(value);
        file.create_dataset({ name: path, data, shape: [] });
      }),
    text: (path, value, attributes) =>
      made(path, attributes, () => file.create_dataset({ name: path, data: value, shape: [], dtype: 'S' })),
    // Texts of any length can't be none at all.
    texts: (path, values, attributes) =>
      made(path, attributes, () =>
        file.create_dataset({
          name: path,
          data: [...values],
          shape: [values.length],
          dtype: values.length === 0 ? 'S1' : 'S',
        }),
      ),
    async array(path, { shape, rows }, attributes) {
      const [count, ...across] = shape;
      const width = across.reduce((product, size) => product * size, 1);
      const size = count * width;
      if (size <= (packed ? SMALL : AT_A_TIME)) {
        made(path, attributes, () => file.create_dataset({ name: path, data: rows(0, count), shape: [...shape] }));
        return;
      }
      const chunk = Math.max(1, Math.min(count, Math.floor(CHUNK / width)));
      const step = chunk * Math.max(1, Math.floor(AT_A_TIME / (chunk * width)));
      made(path, attributes, () => {
        const array = file.create_dataset({
          name: path,
          data: rows(0, 0),
          shape: [0, ...across],
          maxshape: [...shape],
          chunks: [chunk, ...across.map((along) => Math.min(along, CHUNK))],
          ...(packed ? { compression: 'gzip', compression_opts: LEVEL } : {}),
        });
        array.resize([...shape]);
      });
      const array = file.get(path);
      if (array === null || !('write_slice' in array)) throw new Error(`no ${path}`);
      for (let from = 0; from < count; from += step) {
        const to = Math.min(count, from + step);
        strictly(open, () => array.write_slice([[from, to], ...across.map((): [] => [])], rows(from, to)));
        await new Promise(setImmediate);
        signal?.throwIfAborted();
      }
    },
  };
}
