import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { npyParts } from '../../src/files/formats/write-npy.js';
import { zipParts } from '../../src/files/write-zip.js';
import { type ReadMatrixOptions, writeMatrix } from '../../src/index.js';
import { toCsc, toDense } from '../../src/matrix.js';
import { ARROW_FILES } from './arrow-files.js';
import { hdf5Lies } from './damaged-hdf5.js';
import { hdf5Bytes } from './hdf5-files.js';
import { uniform } from './matrices.js';
import { concat, denseSpz, resealed, sparseSpz, u16, u32, u64 } from './spz-files.js';

/** A format, whole files of it, and files of it that say what isn't so. */
export interface FormatFiles {
  readonly ending: string;
  readonly options?: ReadMatrixOptions;
  readonly whole: readonly Uint8Array[];
  readonly lies: Readonly<Record<string, Uint8Array>>;
  /** The other files of the folder that such a file is in; none: it is by itself. */
  readonly beside?: Readonly<Record<string, Uint8Array>>;
  /** What a package reads, which may crash or never end, is read in a thread; many such cases are read in one. */
  readonly guarded?: true;
}

/** Puts a file where it belongs: at a path, or into a folder at it, and returns its own place. */
export async function putFile(path: string, bytes: Uint8Array, { beside, ending }: FormatFiles): Promise<string> {
  if (beside !== undefined) {
    await mkdir(path, { recursive: true });
    for (const [name, own] of Object.entries(beside)) await writeFile(join(path, name), own);
  }
  const place = beside === undefined ? path : join(path, ending);
  await writeFile(place, bytes);
  return place;
}

const X = uniform(23, 9, 4);
const S = toCsc({ ...X, data: X.data.map((x) => (x < 0.5 ? 0 : x)) });
const HUGE = [2 ** 31, 2 ** 32 - 1, 2 ** 53, 2 ** 60, -1, Number.NaN];

const text = (own: string): Uint8Array => new TextEncoder().encode(own);
/** The last bytes of gzip are the checksum and the size. */
const spoilt = (packed: Uint8Array): Uint8Array => {
  const own = Uint8Array.from(packed);
  own[own.length - 6] ^= 1;
  return own;
};
/** Packed text that says it has so many bytes. */
const sized = (packed: Uint8Array, size: number): Uint8Array => concat(packed.subarray(0, -4), u32(size));

const npy = (header: string, body: Uint8Array): Uint8Array =>
  concat([0x93], 'NUMPY', [1, 0], u16(header.length + 1), header, '\n', body);
const header = (descr: string, shape: string): string =>
  `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape}), }`;
const npyLies = Object.fromEntries(
  HUGE.flatMap((size) => [
    [`${size} rows`, npy(header('<f8', `${size}, 1`), new Uint8Array(48))],
    [`${size} × ${size}`, npy(header('|b1', `${size}, ${size}`), new Uint8Array(48))],
    [`none of ${size}`, npy(header('<f8', `0, ${size}`), new Uint8Array(48))],
  ]),
);

/** An archive of one deflated file that says it has so many bytes, with this checksum. */
export function zipped(packed: Uint8Array, size: number, sum: number, name = 'x.npy'): Uint8Array {
  const about = concat(u16(45), u16(0), u16(8), u32(0), u32(sum), u32(packed.length), u32(size), u16(name.length));
  const local = concat(u32(0x04034b50), about, u16(0), name, packed);
  const central = concat(u32(0x02014b50), u16(45), about, u16(0), u16(0), new Uint8Array(12), name);
  const end = concat(u32(0x06054b50), u32(0), u16(1), u16(1), u32(central.length), u32(local.length), u16(0));
  return concat(local, central, end);
}
const zeros = (bytes: number): Uint8Array => {
  const head = npy(header('<f8', `1, ${bytes / 8}`), new Uint8Array(0));
  return deflateRawSync(concat(head, new Uint8Array(bytes)));
};
const ofArrays = (arrays: Parameters<typeof zipParts>[0]): Uint8Array => concat(...zipParts(arrays));
const sparseArrays = (rows: number, bounds: Int32Array) =>
  ofArrays(
    Object.entries({
      indices: npyParts({ shape: [1], data: Int32Array.of(0) }),
      indptr: npyParts({ shape: [bounds.length], data: bounds }),
      format: npyParts({ shape: [], data: text('csc') }),
      shape: npyParts({ shape: [2], data: BigInt64Array.of(BigInt(rows), BigInt(rows)) }),
      data: npyParts({ shape: [1], data: Float64Array.of(1) }),
    }).map(([name, parts]) => ({ name: `${name}.npy`, parts })),
  );

const LIST = '%%MatrixMarket matrix coordinate real general\n';
const marketLies: Readonly<Record<string, string>> = {
  ...Object.fromEntries(HUGE.map((size) => [`${size} entries`, `${LIST}3 3 ${size}\n1 1 1\n`])),
  ...Object.fromEntries(HUGE.map((size) => [`${size} columns`, `${LIST}3 ${size} 1\n1 9 1\n`])),
  'columns that are just believed': `${LIST}3 6000000 2\n1 6000000 1\n1 1 1 1\n`,
  'an array of more rows': '%%MatrixMarket matrix array real general\n4000000000 1\n1\n',
  'a symmetric array': '%%MatrixMarket matrix array real symmetric\n7000 7000\n1\n',
  'a line without an end': `${LIST}${'1'.repeat(300_000)}`,
};
/** What is packed well has room for much. */
const padded = (own: string): string => `${own}${'%'.repeat(60_000)}\n`.repeat(1) + `%\n`.repeat(2_000_000);

const tensors = (head: string, length = head.length): Uint8Array => concat(u64(length), head, new Uint8Array(32));

const small = { ...X, data: Float32Array.from(X.data) };
const counts = { ...S, values: S.values.map((_, p) => [1, 300, 2][p % 3]) };
/** A file with numbers written over it, sealed again. */
const changed = (bytes: Uint8Array, ...parts: readonly (readonly [at: number, bytes: ArrayLike<number>])[]) => {
  const own = Uint8Array.from(bytes);
  for (const [at, part] of parts) own.set(part, at);
  return resealed(own);
};
const spzLies = (): FormatFiles['lies'] => {
  const [sparse, dense] = [sparseSpz(counts, 'u2', { chunk: 4 }), denseSpz(small, 'coded')];
  const names = sparseSpz(counts, 'u2', { rowNames: Array.from({ length: 23 }, (_, i) => `row ${i}`) });
  const many = 30_000_000;
  return {
    ...Object.fromEntries([16, 20, 28, 32, 48, 64, 80, 96, 104].map((at) => [`a place at ${at}`, changed(sparse, [at, u32(2 ** 31)])])),
    ...Object.fromEntries([0, 4, 8, 12, 16, 20, 24].map((at) => [`a chunk at ${at}`, changed(sparse, [128 + at, u32(2 ** 31)])])),
    ...Object.fromEntries([40, 48, 72].map((at) => [`a dense place at ${at}`, changed(dense, [at, u64(2 ** 52)])])),
    'many entries': changed(sparseSpz(counts, 'u2'), [8, u32(many)], [16, u64(many)], [128 + 8, u32(many)]),
    'many numbers': changed(dense, [8, u32(many)], [16, u64(many * 9)]),
    'a length of names': changed(names, [names.length - 16, u32(2 ** 31)]),
  }; // biome-ignore format: a file a row
};

/** Parquet files that say what isn't so in their pages and in what stands at their end. */
async function parquetLies(): Promise<FormatFiles['lies']> {
  const { parquetWriteBuffer, ByteWriter } = await import('hyparquet-writer');
  const { parquetMetadata } = await import('hyparquet');
  const { writeMetadata } = await import('hyparquet-writer/src/metadata.js');
  const { serializeTCompactProtocol } = await import('hyparquet-writer/src/thrift.js');
  const { deserializeTCompactProtocol } = await import('hyparquet/src/thrift.js');
  const lie = (
    column: Parameters<typeof parquetWriteBuffer>[0]['columnData'][number],
    { page = (all) => all, rows }: { readonly page?: (head: Head) => Head; readonly rows?: number },
  ): Uint8Array => {
    const whole = new Uint8Array(parquetWriteBuffer({ columnData: [column], statistics: false }));
    const metadata = parquetMetadata(whole.buffer);
    const [{ meta_data: about }] = metadata.row_groups[0].columns;
    if (about === undefined) throw new Error('a column is described');
    const [start, end] = [Number(about.dictionary_page_offset ?? about.data_page_offset), 4 + Number(about.total_compressed_size)]; // biome-ignore format: one thought
    const reader = { view: new DataView(whole.buffer, start), offset: 0 };
    const head = page(deserializeTCompactProtocol(reader) as Head); // a struct, by the numbers of its fields
    const writer = new ByteWriter();
    serializeTCompactProtocol(writer, head);
    const chunk = concat(new Uint8Array(writer.getBuffer()), whole.subarray(start + reader.offset, end));
    about.total_compressed_size = BigInt(chunk.length);
    if (rows !== undefined) {
      metadata.num_rows = BigInt(rows);
      metadata.row_groups[0].num_rows = BigInt(rows);
    }
    const foot = new ByteWriter();
    const { metadata_length: _, ...own } = metadata;
    // The length is written behind it.
    writeMetadata(foot, own as typeof metadata);
    const last = new Uint8Array(foot.getBuffer());
    return concat('PAR1', chunk, last, u32(last.length), 'PAR1');
  };
  type Head = { readonly [key: `field_${number}`]: Head | number };
  const numbers = { name: 'x', data: Float64Array.from({ length: 40 }, (_, i) => i), type: 'DOUBLE' } as const;
  const few = { name: 'x', data: Array.from({ length: 400 }, (_, i) => ['a', 'b'][i % 2]), type: 'STRING' } as const;
  const many = 2 ** 25;
  const inPage = (field: 'field_7' | 'field_8', count: number) => (head: Head) => ({ ...head, [field]: { ...(head[field] as Head), field_1: count, ...(field === 'field_8' ? { field_3: count } : {}) } }); // biome-ignore format: a page of data, or of a dictionary
  const foot = (bytes: readonly number[]) => concat('PAR1', bytes, u32(bytes.length), 'PAR1');
  return {
    'more values in a page': lie(numbers, { page: inPage('field_8', many) }),
    'more rows': lie(numbers, { rows: many }),
    'more rows, and values in a page': lie(numbers, { page: inPage('field_8', many), rows: many }),
    'more texts in a dictionary': lie(few, { page: inPage('field_7', many) }),
    'more rows of texts': lie(few, { rows: many }),
    'a larger page': lie(numbers, { page: (head) => ({ ...head, field_2: 2 ** 31 - 1 }) }),
    'a page that is somewhat larger': lie(numbers, { page: (head) => ({ ...head, field_2: 60_000_000 }) }),
    'a page of less than nothing': lie(numbers, { page: (head) => ({ ...head, field_2: -5, field_3: -5 }) }),
    'a page beyond the file': lie(numbers, { page: (head) => ({ ...head, field_3: 2 ** 31 - 1 }) }),
    'an end that is longer': concat('PAR1', new Uint8Array(20), u32(2 ** 31), 'PAR1'),
    // Field 2, a list of 2²⁵ structs, or of 2³¹; then its end.
    'a list in its end': foot([0x15, 2, 0x19, 0xfc, 0x80, 0x80, 0x80, 0x10, 0, 0]),
    'a longer list in its end': foot([0x15, 2, 0x19, 0xf5, 0x80, 0x80, 0x80, 0x80, 0x08, 0, 0]),
    'a text in its end': foot([0x18, 0x80, 0x80, 0x80, 0x80, 0x08, 0, 0]),
  };
}

const unpackedArrow = (name: keyof typeof ARROW_FILES) => new Uint8Array(Buffer.from(ARROW_FILES[name], 'base64'));

/** Where the frames of LZ4 begin. */
const LZ4_FRAME = 0x184d2204;

/** Arrow files with a size in them that is another. */
function arrowLies(file: Uint8Array): FormatFiles['lies'] {
  const lz4 = Buffer.from(unpackedArrow('lz4'));
  const told = (own: Uint8Array, at: number, size: bigint) => {
    const changed = Uint8Array.from(own);
    new DataView(changed.buffer).setBigInt64(at, size, true);
    return changed;
  };
  const frames = Array.from({ length: lz4.length - 4 }, (_, at) => at).filter(
    (at) => lz4.readUInt32LE(at) === LZ4_FRAME,
  );
  const view = Buffer.from(file);
  // The rows of the batch and of its nodes, and the lengths of their buffers.
  const sizes = Array.from({ length: Math.floor(view.length / 8) }, (_, n) => 8 * n).filter((at) => [BigInt(X.rows), BigInt(8 * X.rows)].includes(view.readBigInt64LE(at))); // biome-ignore format: one thought
  return {
    ...Object.fromEntries(frames.slice(0, 12).map((at) => [`none of LZ4 at ${at}`, told(lz4, at - 8, 2n ** 31n)])),
    ...Object.fromEntries(sizes.slice(0, 12).map((at) => [`a size at ${at}`, told(file, at, 2n ** 33n)])),
  };
}

/** A folder of 10x Genomics with one part damaged after the other. */
function tenXFolders(market: Uint8Array): Readonly<Record<string, FormatFiles>> {
  const lines = (count: number, columns: string) =>
    text(Array.from({ length: count }, (_, i) => `g${i}${columns}\n`).join(''));
  const parts = {
    'matrix.mtx.gz': new Uint8Array(gzipSync(market)),
    'features.tsv.gz': new Uint8Array(gzipSync(lines(X.rows, '\tname\tGene Expression'))),
    'barcodes.tsv': lines(X.cols, '-1'),
  };
  const many = 9_000_000;
  const lies: Readonly<Record<string, FormatFiles['lies']>> = {
    'matrix.mtx.gz': { 'more features': new Uint8Array(gzipSync(`${LIST}${many} ${X.cols} 1\n1 1 1\n`)) },
    'features.tsv.gz': {
      'a name without an end': new Uint8Array(gzipSync('x'.repeat(50_000_000))),
      'more features than rows': new Uint8Array(gzipSync('a\n'.repeat(many))),
      'a size of 4 GB': sized(gzipSync('a\tb\tc\n'.repeat(9)), 2 ** 32 - 1),
    },
    'barcodes.tsv': { 'more barcodes than columns': text('a\n'.repeat(1_000_000)) },
  };
  return Object.fromEntries(
    Object.entries(parts).map(([ending, bytes]) => {
      const beside = Object.fromEntries(Object.entries(parts).filter(([name]) => name !== ending));
      return [`10x ${ending}`, { ending, whole: [bytes], lies: lies[ending], beside }];
    }),
  );
}

/** Each format that is read; `folder` is for what is written on the way. */
export async function damagedFiles(folder: string): Promise<Readonly<Record<string, FormatFiles>>> {
  const written = async (name: string, matrix: Parameters<typeof writeMatrix>[1], options = {}) => {
    await writeMatrix(`${folder}/${name}`, matrix, options);
    return new Uint8Array(await readFile(`${folder}/${name}`));
  };
  const named = { ...X, rowNames: Array.from({ length: 23 }, (_, i) => `gène ${i}`), colNames: [...'abcdefghi'] };
  const table = await written('x.csv', named);
  const bomb = zeros(160_000_000);
  const pyarrow = { options: { columns: ['i8', 'f64', 'price', 'level'] }, lies: {} };
  return {
    npy: { ending: 'npy', whole: [await written('x.npy', X)], lies: npyLies },
    npz: {
      ending: 'npz',
      whole: [await written('x.npz', X), await written('s.npz', S)],
      lies: {
        ...Object.fromEntries(Object.entries(npyLies).map(([name, own]) => [name, ofArrays([{ name: 'x.npy', parts: [own] }])])), // biome-ignore format: one thought
        'deflated to much, of another checksum': zipped(bomb, 160_000_000 + 75, 1),
        'deflated to much more than it says': zipped(bomb, 4000, 1),
        'deflated to less than it says': zipped(zeros(8_000), 2 ** 31, 1),
        'nothing deflated to much': zipped(new Uint8Array(9), 2 ** 32 - 2, 1),
        'sparse, of many rows and columns': sparseArrays(2 ** 32 - 1, Int32Array.of(0, 1)),
        'sparse, of bounds beyond its values': sparseArrays(1, Int32Array.of(0, 2 ** 31 - 1)),
      },
    },
    mtx: {
      ending: 'mtx',
      whole: [await written('x.mtx', X), await written('s.mtx', S)],
      lies: {
        ...Object.fromEntries(Object.entries(marketLies).map(([name, own]) => [name, text(own)])),
        'an array of much, damaged at its end': text(`%%MatrixMarket matrix array real general\n20000000 1\n${'1\n'.repeat(19_999_999)}x\n`), // biome-ignore format: one file
      },
    },
    'mtx.gz': {
      ending: 'mtx.gz',
      whole: [await written('s.mtx.gz', S)],
      lies: {
        ...Object.fromEntries(Object.entries(marketLies).map(([name, own]) => [name, gzipSync(padded(own))])),
        'an array of much, of another checksum': spoilt(gzipSync(`%%MatrixMarket matrix array real general\n10000000 1\n${'1\n'.repeat(10_000_000)}`)), // biome-ignore format: one file
        'a list of much, of another checksum': spoilt(
          gzipSync(`${LIST}9000 9000 6000000\n${'1 1 1\n'.repeat(6_000_000)}`),
        ),
      },
    },
    csv: {
      ending: 'csv',
      whole: [table],
      lies: {
        'many columns in the first line': text(`${','.repeat(100_000)}\n1,2\n`),
        'a quote left open': text(`a,b\n"${'x'.repeat(300_000)}`),
        'one line': text('1'.repeat(300_000)),
        'much, damaged at its end': text(`a,b,c\n${'1,2,3\n'.repeat(6_700_000)}1,2\n`),
      },
    },
    'csv.gz': {
      ending: 'csv.gz',
      whole: [new Uint8Array(gzipSync(table))],
      lies: {
        'a size of 4 GB': sized(gzipSync(`a,b\n${'1,2\n'.repeat(200_000)}`), 2 ** 32 - 1),
        'much, of another checksum': spoilt(gzipSync(`a,b\n${'1,2\n'.repeat(6_000_000)}`)),
      },
    },
    triplets: {
      ending: 'csv.gz',
      options: { layout: 'triplets' },
      whole: [new Uint8Array(gzipSync(await written('list.csv', S, { layout: 'triplets' })))],
      lies: { 'much, of another checksum': spoilt(gzipSync(`i,j,x\n${'1,2,3\n'.repeat(3_000_000)}`)) },
    },
    safetensors: {
      ending: 'safetensors',
      whole: [await written('x.safetensors', X)],
      lies: {
        ...Object.fromEntries([2 ** 31, 2 ** 53, 2 ** 60, 99_999_999].map((size) => [`a header of ${size}`, tensors('{}', size)])), // biome-ignore format: one thought
        'a header below nothing': concat(new Uint8Array(8).fill(255), '{}'),
        'a huge shape': tensors(`{"x":{"dtype":"F64","shape":[${2 ** 31},${2 ** 31}],"data_offsets":[0,32]}}`),
        'a huge place': tensors(`{"x":{"dtype":"F64","shape":[2,2],"data_offsets":[0,${2 ** 53}]}}`),
        'lists within lists': tensors(`{"x":${'['.repeat(400_000)}`),
        'many lists': tensors(`{"x":[${'[],'.repeat(300_000)}[]]}`),
        'very many lists': tensors(`{"x":[${'[],'.repeat(3_000_000)}[]]}`),
      },
    },
    parquet: {
      ending: 'parquet',
      whole: [await written('x.parquet', named), await written('l.parquet', S, { layout: 'triplets' })],
      lies: await parquetLies(),
    },
    spz: {
      ending: 'spz',
      whole: [sparseSpz(counts, 'u2', { chunk: 4 }), denseSpz(toDense(small), 'coded')],
      lies: spzLies(),
    },
    arrow: {
      ending: 'arrow',
      whole: [await written('x.arrow', named)],
      lies: arrowLies(await written('y.arrow', X)),
    },
    'arrow lz4': { ...pyarrow, ending: 'arrow', whole: [unpackedArrow('lz4')] },
    'arrow stream': { ...pyarrow, ending: 'arrows', whole: [unpackedArrow('stream')] },
    h5ad: {
      ...{ ending: 'h5ad', guarded: true },
      whole: [hdf5Bytes('layers.h5ad'), hdf5Bytes('dense.h5ad')],
      lies: await hdf5Lies(folder),
    },
    '10x.h5': { ending: 'h5', guarded: true, whole: [hdf5Bytes('ranger3.h5')], lies: {} },
    ...tenXFolders(await written('t.mtx', S)),
  };
}
