import { isGzip, unpacked } from '../gunzip.js';
import { firstBytes, type Source } from '../source.js';
import { isZip } from '../zip.js';
import { ARROW_MAGIC } from './arrow/batches.js';
import { FEATHER_1 } from './arrow/read-arrow.js';
import { HDF5_MAGIC } from './hdf5/read-hdf5.js';
import { MARKET_MAGIC } from './matrix-market.js';
import { NPY_MAGIC } from './npy.js';
import { PARQUET_MAGIC } from './parquet.js';
import { isSafetensors } from './safetensors.js';
import { SPZ_MAGIC } from './spz/file.js';

/** Formats that matrices are read from. */
export const FORMATS = [
  'npy',
  'npz',
  'mtx',
  'spz',
  'csv',
  'tsv',
  'safetensors',
  'parquet',
  'arrow',
  'hdf5',
  '10x',
] as const;
export type MatrixFormat = (typeof FORMATS)[number];

/** Endings of formats that are called otherwise. Tables of text have no mark, and streams of Arrow messages nearly none. */
const OTHER_ENDINGS: Readonly<Record<string, MatrixFormat>> = {
  txt: 'csv',
  tab: 'tsv',
  feather: 'arrow',
  arrows: 'arrow',
  ipc: 'arrow',
};

/** Compressed bytes that hold as many. */
const BEGINNING = 1 << 10;
/** Bytes that say what a file is. */
const ENOUGH = 64;

/**
 * The format of a file: by what it begins with, unpacked where it is compressed, then by its name.
 *
 * @throws IoError 'unknown-format'
 */
export async function detect(source: Source): Promise<MatrixFormat> {
  const first = await firstBytes(source, ENOUGH);
  const begins = (mark: Uint8Array) => mark.every((byte, i) => first[i] === byte);
  if (begins(NPY_MAGIC)) return 'npy';
  if (begins(PARQUET_MAGIC)) return 'parquet';
  if (begins(ARROW_MAGIC) || begins(FEATHER_1)) return 'arrow';
  if (begins(SPZ_MAGIC)) return 'spz';
  if (begins(HDF5_MAGIC)) return 'hdf5';
  if (isZip(first)) return 'npz';
  if (isSafetensors(first, source.size)) return 'safetensors';
  const text = new TextDecoder('latin1').decode(isGzip(first) ? await beginning(source) : first);
  if (text.toLowerCase().startsWith(MARKET_MAGIC)) return 'mtx';
  const named = /\.([a-z0-9]+)(?:\.gz)?$/i.exec(source.path)?.[1].toLowerCase();
  const found = FORMATS.find((format) => format === (OTHER_ENDINGS[named ?? ''] ?? named));
  if (found !== undefined && source.size > 0) return found;
  const got = source.size === 0 ? 'an empty file' : `one that begins with ${JSON.stringify(text.slice(0, 16))}`;
  throw source.fault('unknown-format', `Data must be in one of the formats ${FORMATS.join(', ')}; got ${got}`);
}

async function beginning(source: Source): Promise<Uint8Array> {
  for await (const piece of unpacked(source, true, BEGINNING)) return Uint8Array.from(piece.subarray(0, ENOUGH));
  return new Uint8Array(0);
}
