import { peersFor } from '../peers.js';

export type { File as Hdf5File, Metadata as Hdf5Metadata } from 'h5wasm/node';
export type {
  ColumnData,
  ColumnMetaData,
  Compressors,
  FileMetaData,
  RowGroup,
  SchemaElement,
  SchemaTree,
} from 'hyparquet';
export type { ColumnSource } from 'hyparquet-writer';

/** The packages that tables of columns are read and written with, and the versions that will do: optional peers of this one. */
export const PARQUET_PEERS = {
  hyparquet: '^1.31.5',
  'hyparquet-compressors': '^1.1.2',
  'hyparquet-writer': '^0.17.0',
} as const;

const parquet = peersFor('read and write Parquet files', PARQUET_PEERS);

export const loadParquet = (): Promise<typeof import('hyparquet')> =>
  parquet.load('hyparquet', () => import('hyparquet'));
export const loadCompressors = async () =>
  (await parquet.load('hyparquet-compressors', () => import('hyparquet-compressors'))).compressors;
export const loadParquetWriter = (): Promise<typeof import('hyparquet-writer')> =>
  parquet.load('hyparquet-writer', () => import('hyparquet-writer'));

/** The package that HDF5 files are read and written with: the library itself, as WebAssembly. */
export const HDF5_PEERS = { h5wasm: '^0.10.3' } as const;

const hdf5 = peersFor('read and write HDF5 files (.h5ad, .h5)', HDF5_PEERS);

export type Hdf5Library = typeof import('h5wasm/node').Module;
export const loadHdf5 = (): Promise<typeof import('h5wasm/node')> => hdf5.load('h5wasm', () => import('h5wasm/node'));

const zstd = peersFor('read Arrow files that ZSTD packs', {
  'hyparquet-compressors': PARQUET_PEERS['hyparquet-compressors'],
});

export const loadZstd = async () =>
  (await zstd.load('hyparquet-compressors', () => import('hyparquet-compressors'))).compressors.ZSTD;
