import { IoError } from '../../../errors.js';
import { alone, limitMemory, type OpenHdf5 } from '../../hdf5.js';
import { memorySource, type Source } from '../../source.js';
import { DENSEST } from '../../zip.js';
import { floatsAt } from '../numbers.js';
import { stepOf } from './blocks.js';
import { besideArrays, checkPlausible, SMALL } from './plausible.js';
import { type Hdf5Type, isNumber, typeOf } from './types.js';

/** A field of records. */
export interface Hdf5Field extends Hdf5Type {
  readonly name: string;
  readonly offset: number;
}

export interface Hdf5Array extends Hdf5Type {
  readonly path: string;
  readonly shape: readonly number[];
  /** Entries in all. */
  readonly count: number;
  /** Of records; none of others. */
  readonly fields: readonly Hdf5Field[];
}

/** An HDF5 file as it is read: a tree of groups and arrays, each with attributes. */
export interface Hdf5 {
  readonly source: Source;
  /** What is at a path; null: nothing, or what is neither. What lies in another file is not looked at. */
  kind(path: string): 'group' | 'array' | 'elsewhere' | null;
  /** Names of what is in a group. */
  names(group: string): readonly string[];
  /** The array at a path; null: none is there. @throws IoError 'unsupported' for what lies in another file. */
  array(path: string): Hdf5Array | null;
  /** The bytes of an array, entry after entry, the last dimension fastest, least significant byte first. */
  bytes(array: Hdf5Array): Source;
  /** The texts of an array, or of a field of its records. */
  texts(array: Hdf5Array, field?: Hdf5Field): readonly string[];
  /** An attribute as a list of texts or of numbers; null: there is none, or of what is neither. */
  attribute(path: string, name: string): Promise<readonly string[] | readonly number[] | null>;
}

/** Bytes of texts that are read at a time, or of pointers to them. */
const TEXT_BYTES = 1 << 15;

export function hdf5File(source: Source, open: OpenHdf5): Hdf5 {
  const { library, file, base, read: readSince } = open;
  const id = file.file_id;
  const damaged = (got: string, cause?: unknown) =>
    source.fault('damaged', `An HDF5 file must be whole; got ${got}`, { cause });

  const elsewhere = (at: string) => (other: string) => {
    throw source.fault('unsupported', `An array must lie in its file; got one of another, ${other}, at ${at}`);
  };

  /** What the library does; whatever it throws is the file's fault. */
  function call<T>(at: string, work: () => T, other: (path: string) => T = elsewhere(at)): T {
    try {
      return alone(open, work, other);
    } catch (error) {
      if (error instanceof IoError) throw error;
      throw damaged(`${error instanceof Error ? error.message : String(error)} at ${at}`, error);
    } finally {
      source.got(readSince());
    }
  }
  /** The same, of what says by a number below 0 that it failed. */
  function read(at: string, work: () => number): void {
    if (call(at, work) < 0) throw damaged(`what can't be read at ${at}`);
  }

  /** Bytes of the largest chunk: the library has one as it is stored, and one as it is. */
  let chunk = 0;
  function memory(at: string, bytes: number): number {
    limitMemory(library, base + besideArrays(source) + bytes + 2 * chunk);
    const start = call(at, () => library._malloc(Math.max(1, bytes)));
    if (start === 0) throw source.fault('unsupported', `Data must fit into memory; got ${bytes} bytes at ${at}`);
    return start;
  }
  /** Lends memory of the library. */
  function lend<T>(at: string, bytes: number, use: (start: number) => T): T {
    const start = memory(at, bytes);
    try {
      return use(start);
    } finally {
      call(at, () => library._free(start));
    }
  }

  /** What was read last, and the memory of the library that it is in. */
  const held = { array: '', row: -1, start: 0, room: 0 };

  /** Reads entries `from` and so many on, along each dimension, to a place in the library's memory. */
  const readTo = (path: string, from: readonly number[], counts: readonly number[], start: number): void =>
    read(path, () => {
      const steps = counts.map(() => 1n);
      return library.get_dataset_data(id, path, counts.map(BigInt), from.map(BigInt), steps, BigInt(start));
    });

  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let letters = 0;
  /** Texts in memory of the library: in each entry, or where it points. */
  function textsAt(at: string, start: number, count: number, stride: number, { pointers, width }: Hdf5Type): string[] {
    const heap = library.HEAPU8;
    const view = new DataView(heap.buffer);
    const out: string[] = [];
    for (let i = 0; i < count; i++) {
      const own = pointers ? view.getUint32(start + i * stride, true) : start + i * stride;
      const end = pointers ? heap.indexOf(0, own) : own + width;
      const bytes = own === 0 ? heap.slice(0, 0) : heap.slice(own, end);
      letters += bytes.length;
      if (letters > DENSEST * source.size + SMALL) throw damaged(`more text than it has room for at ${at}`);
      const zero = bytes.indexOf(0);
      try {
        out.push(decoder.decode(zero < 0 ? bytes : bytes.subarray(0, zero)));
      } catch (error) {
        throw source.fault('damaged', `Names must be UTF-8; got other bytes at ${at}`, { cause: error });
      }
    }
    return out;
  }

  function kind(path: string): ReturnType<Hdf5['kind']> {
    const own = call<number | 'elsewhere'>(
      path,
      () => library.get_type(id, path),
      () => 'elsewhere',
    );
    if (own === 'elsewhere') return own;
    if (own === library.H5G_GROUP) return 'group';
    return own === library.H5G_DATASET ? 'array' : null;
  }

  /** Rows of an array that are read at a time. */
  const steps = new Map<string, number>();

  return {
    source,
    kind,
    names: (group) => call(group, () => [...library.get_names(id, group, false)]),
    array(path) {
      const own = kind(path);
      if (own === 'elsewhere') throw source.fault('unsupported', `What is read must lie in its file; got a link to another at ${path}`); // biome-ignore format: a sentence
      if (own !== 'array') return null;
      const metadata = call(path, () => library.get_dataset_metadata(id, path));
      const filters = call(path, () => library.get_dataset_filters(id, path));
      checkPlausible(source, path, metadata, filters);
      // One that holds nothing, and one that is a single entry, have no dimensions.
      const shape = metadata.shape ?? [0];
      const count = shape.reduce((product, size) => product * size, 1);
      const type = typeOf(metadata);
      const fields = (metadata.compound_type?.members ?? []).map((own) => ({
        ...typeOf(own),
        ...{ name: own.name, offset: own.offset },
      }));
      chunk = Math.max(chunk, metadata.chunks?.reduce((product, size) => product * size, type.width) ?? 0);
      const [rows = 1, ...others] = shape;
      const bytes = others.reduce((product, size) => product * size, type.width);
      steps.set(path, stepOf({ rows, bytes, chunk: metadata.chunks?.[0] ?? 1 }));
      return { ...type, path, shape, count, fields };
    },
    bytes({ path, shape, count, width }) {
      const [rows = 1, ...others] = shape;
      const row = others.reduce((product, size) => product * size, width);
      const step = steps.get(path) ?? 1;
      /** Where in the library's memory the rows from `first` on are. */
      const rowsAt = (first: number): number => {
        if (held.array === path && held.row === first) return held.start;
        const now = Math.min(step, rows - first);
        held.array = '';
        if (held.room < now * row) {
          if (held.start !== 0) call(path, () => library._free(held.start));
          Object.assign(held, { start: 0, room: 0 });
          Object.assign(held, { start: memory(path, now * row), room: now * row });
        }
        if (shape.length === 0) readTo(path, [], [], held.start);
        else readTo(path, [first, ...others.map(() => 0)], [now, ...others], held.start);
        Object.assign(held, { array: path, row: first });
        return held.start;
      };
      return {
        ...memorySource(new Uint8Array(0), source.path),
        size: count * width,
        fault: (code, message, place) => source.fault(code, `${message}, at ${path}`, place),
        async fill(into, offset) {
          for (let done = 0; done < into.length; ) {
            const first = Math.floor((offset + done) / row / step) * step;
            const start = rowsAt(first);
            const skip = offset + done - first * row;
            const now = Math.min(into.length - done, Math.min(step, rows - first) * row - skip);
            into.set(library.HEAPU8.subarray(start + skip, start + skip + now), done);
            done += now;
          }
        },
      };
    },
    texts({ path, shape, count, ...own }, field) {
      const type = field ?? own;
      if (type.holds !== 'texts' || shape.length !== 1)
        throw source.fault('unsupported', `Names must be a list of texts; got ${shape.join(' × ')} of ${type.called} at ${path}`); // biome-ignore format: a sentence
      const out: string[] = [];
      const most = Math.max(1, Math.floor(TEXT_BYTES / own.width));
      for (let from = 0; from < count; from += most) {
        const now = Math.min(most, count - from);
        lend(path, now * own.width, (start) => {
          readTo(path, [from], [now], start);
          for (const text of textsAt(path, start + (field?.offset ?? 0), now, own.width, type)) out.push(text);
          if (type.pointers)
            read(path, () => library.reclaim_vlen_memory_count(id, path, '', BigInt(start), [BigInt(now)]));
        });
      }
      return out;
    },
    async attribute(path, name) {
      const at = `attribute ${name} of ${path}`;
      if (!call(at, () => [...library.get_attribute_names(id, path)]).includes(name)) return null;
      const metadata = call(at, () => library.get_attribute_metadata(id, path, name));
      const type = typeOf(metadata);
      const { holds, width } = type;
      if (metadata.shape === null || !(holds === 'texts' || isNumber(holds))) return null;
      const count = metadata.total_size;
      if (!(count * width <= source.size + SMALL)) throw damaged(`${count} values as ${at}`);
      const list = lend(at, count * width, (start) => {
        read(at, () => library.get_attribute_data(id, path, name, BigInt(start)));
        if (holds !== 'texts') return library.HEAPU8.slice(start, start + count * width);
        const texts = textsAt(at, start, count, width, type);
        if (type.pointers) read(at, () => library.reclaim_vlen_memory(id, path, name, BigInt(start)));
        return texts;
      });
      if (!(list instanceof Uint8Array) || !isNumber(holds)) return list as string[]; // texts are
      return [...(await floatsAt(memorySource(list, at), 0, count, holds, true))];
    },
  };
}
