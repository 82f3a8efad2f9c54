import { beforeAll, describe, expect, test } from 'vitest';
import { type ReadMatrixOptions, readMatrix, writeMatrix } from '../../src/index.js';
import { toCsc } from '../../src/matrix.js';
import { testFolder } from '../support/files.js';
import { uniform } from '../support/matrices.js';
import { bitsOf, hex, pythonWith } from '../support/tools.js';

const python = pythonWith('pandas', 'pyarrow.parquet', 'safetensors.numpy');
const { place, folder } = testFolder();
const run = (script: string) => {
  const own = python.run(
    `import pandas as pd, pyarrow as pa, pyarrow.parquet as pq, csv, safetensors.numpy as st\n${script}`,
    folder,
  );
  return own as Readonly<Record<string, string>>; // what most scripts here say
};

/** Files without those names, and how each is written with what is in it as `M`: `df` is a table of numbers with names. */
const OTHERS: Readonly<Record<string, readonly [line: string, options?: ReadMatrixOptions]>> = {
  'no-index.csv': ['M = df; df.to_csv(f, index=False)', { header: true }],
  'quoted.csv': ['M = df; df.to_csv(f, quoting=csv.QUOTE_ALL)'],
  'words-quoted.csv': ['M = df; df.to_csv(f, quoting=csv.QUOTE_NONNUMERIC)'],
  'na.csv': ["M = df; df.to_csv(f, na_rep='NA', lineterminator='\\r\\n')"],
  'own-na.csv': ["M = df; df.to_csv(f, na_rep='-')", { missing: ['-'] }],
  'marked.csv': ["M = df; df.to_csv(f, encoding='utf-8-sig')"],
  'semicolons.csv': ["M = df; df.to_csv(f, sep=';')"],
  'digits.tsv.gz': ["M = df; df.to_csv(f, sep='\\t', float_format='%.17g')"],
  'counted.csv': ['M = df.reset_index(drop=True); M.to_csv(f)', { names: true }],
  'single.csv': ["M = df.astype('f4').astype('f8'); M.to_csv(f)"],
  'no-names.csv': ['M = df; df.to_csv(f, header=False, index=False)'],
  'bare.parquet': ['M = df; pq.write_table(pa.table({c: df[c].values for c in df}), f)'],
  'dictionary.parquet': ['M = df.round(-3); pq.write_table(pa.table({c: M[c].values for c in M}), f, use_dictionary=True)'],
  'v2.parquet': ["M = df; pq.write_table(pa.table({c: df[c].values for c in df}), f, data_page_version='2.0', use_dictionary=False, data_page_size=64)"],
  'split.parquet': ["M = df; pq.write_table(pa.table({c: df[c].values for c in df}), f, use_dictionary=False, column_encoding='BYTE_STREAM_SPLIT')"],
  'delta.parquet': ["M = pd.DataFrame({'a': r.integers(-2**40, 2**40, 60), 'b': np.arange(60)}); pq.write_table(pa.table({c: M[c].values for c in M}), f, use_dictionary=False, column_encoding='DELTA_BINARY_PACKED')"],
  'types.parquet': ["M = pd.DataFrame({t: r.integers(0, 100, 60).astype(t) for t in ['i1', 'i2', 'i4', 'i8', 'u1', 'u2', 'u4', 'u8', 'f4', 'f8']}); M.to_parquet(f)"],
  'holes.parquet': ["M = df.where(r.random(df.shape) < 0.5); pq.write_table(pa.table({c: pa.array(M[c].values, from_pandas=True) for c in M}), f, row_group_size=7)"],
  'decimals.parquet': ["M = pd.DataFrame({'a': [1.25, -3.5, 0.75]}); pq.write_table(pa.table({'a': pa.array(M['a'].values).cast(pa.decimal128(10, 2))}), f)"],
  'several.parquet': ["M = df; df.to_parquet(f, compression={c: k for c, k in zip(df, ['snappy', 'zstd', 'gzip', 'brotli', 'none'])})"],
  // Below zero 64 bits without a sign are no float; those are refused.
  ...Object.fromEntries(['f8', 'f4', 'f2', 'i8', 'i4', 'i2', 'i1', 'u8', 'u4', 'u2', 'u1', '?'].map((type) => [`${type.replace('?', 'b')}.safetensors`, [`M = np.arange(${type === 'u8' ? '0, 24' : '-12, 12'}).reshape(4, 6).astype('${type}'); st.save_file({'x': M}, f, metadata={'a': 'b'})`]])),
}; // biome-ignore format: a file a row

describe.skipIf(python.absent !== '')(`pandas, pyarrow and safetensors${python.absent}`, () => {
  const tables = ['plain.csv', 'names.tsv', 'r.txt', 'names.csv.gz', 'snappy.parquet', 'gzip.parquet', 'brotli.parquet', 'zstd.parquet', 'lz4.parquet', 'none.parquet', 'lz4.feather', 'zstd.feather', 'uncompressed.feather', 'x.arrows', 'x.safetensors']; // biome-ignore format: a list
  let wanted: Readonly<Record<string, string>>;
  beforeAll(() => {
    const others = Object.entries(OTHERS).map(([name, [line]]) => `f = '${name}'; ${line}; out[f] = bits(M)`);
    wanted = run(`
r = np.random.default_rng(1)
df = pd.DataFrame(r.normal(size=(60, 5)) * 10.0 ** r.integers(-30, 30, (60, 5)), index=[f'gène {i}, "x"' for i in range(60)], columns=['a', 'b;c', 'd', '5', 'e f'])
df.iloc[3, 2] = np.nan
mixed = df.copy()
mixed['i'] = r.integers(-9, 9, 60); mixed['u'] = r.integers(0, 2**32 - 1, 60, dtype='u4'); mixed['b'] = mixed['i'] > 0; mixed['f'] = r.normal(size=60).astype('f4')
mixed['h'] = r.normal(size=60).astype('f2')
df.to_csv('plain.csv'); df.to_csv('names.tsv', sep='\\t'); df.to_csv('names.csv.gz')
np.savetxt('r.txt', df.values)
for codec in ['snappy', 'gzip', 'brotli', 'zstd', 'lz4', 'none']: mixed.to_parquet(codec + '.parquet', compression=codec, row_group_size=25)
import pyarrow.feather as pf
table = pa.Table.from_pandas(mixed)
wide = table.append_column('word', pa.array([f'w{i % 7}' for i in range(60)]).dictionary_encode()).append_column('large', pa.array(['ü'] * 60, pa.large_string()))
for codec in ['lz4', 'zstd', 'uncompressed']: pf.write_feather(wide, codec + '.feather', compression=codec, chunksize=25)
with pa.ipc.new_stream('x.arrows', wide.schema) as stream: stream.write_table(wide, max_chunksize=25)
half = np.ascontiguousarray(r.normal(size=(60, 5)).astype('f2'))
st.save_file({'x': half}, 'x.safetensors')
out = {name: bits(df.values) for name in ['plain.csv', 'names.tsv', 'names.csv.gz', 'r.txt']}
out.update({codec + '.parquet': bits(mixed.values.astype('f8')) for codec in ['snappy', 'gzip', 'brotli', 'zstd', 'lz4', 'none']})
out.update({name: bits(mixed.values.astype('f8')) for name in ['lz4.feather', 'zstd.feather', 'uncompressed.feather', 'x.arrows']})
out['x.safetensors'] = bits(half)
${others.join('\n')}
print(json.dumps(out))`);
  });

  test.each(tables)('%s is read as it was written, to the bit', async (name) => {
    const found = await readMatrix(place(name));
    expect(bitsOf(found)).toBe(wanted[name]);
    if (name === 'r.txt' || name === 'x.safetensors') return;
    expect(found.rowNames?.[7]).toBe('gène 7, "x"');
    expect(found.colNames?.slice(0, 5)).toEqual(['a', 'b;c', 'd', '5', 'e f']);
  });

  test.each(Object.entries(OTHERS))('%s is read as it was written, to the bit', async (name, [, options]) => {
    expect(bitsOf(await readMatrix(place(name), options))).toBe(wanted[name]);
  });

  test('they read what is written, to the bit', async () => {
    const X = uniform(30, 4, 2);
    X.data.set([NaN, -0, 1e-300, 1 / 3, 1e22]);
    const named = {
      ...X,
      rowNames: Array.from({ length: 30 }, (_, i) => `gène "${i}", x`),
      colNames: ['a', '5', 'b;c', 'd'],
    };
    for (const name of ['x.csv', 'x.tsv', 'x.csv.gz', 'x.parquet', 'x.arrow']) await writeMatrix(place(name), named);
    await writeMatrix(place('written.safetensors'), X);
    const sparse = toCsc({ ...X, data: X.data.map((x) => (x < 0.5 ? 0 : x)) });
    await writeMatrix(place('list.csv'), sparse, { layout: 'triplets' });
    await writeMatrix(place('list.parquet'), sparse, { layout: 'triplets' });
    await writeMatrix(place('list.feather'), sparse, { layout: 'triplets' });
    const read = run(`
import pyarrow.feather as pf
how = dict(index_col=0, float_precision='round_trip')
frames = [pd.read_csv('x.csv', **how), pd.read_csv('x.tsv', sep='\\t', **how), pd.read_csv('x.csv.gz', **how), pd.read_parquet('x.parquet'), pf.read_table('x.arrow').to_pandas()]
lists = [pd.read_csv('list.csv', float_precision='round_trip'), pd.read_parquet('list.parquet'), pd.read_feather('list.feather')]
print(json.dumps({
  'frames': [[bits(f.values), list(f.index), list(f.columns)] for f in frames],
  'tensor': bits(st.load_file('written.safetensors')['matrix']),
  'lists': [[l['row'].tolist(), l['column'].tolist(), bits(l['value'].values)] for l in lists],
}))`) as unknown as Readonly<Record<'frames' | 'lists', readonly unknown[]> & { tensor: string }>; // what the script says
    for (const frame of read.frames) expect(frame).toEqual([bitsOf(X), named.rowNames, named.colNames]);
    expect(read.tensor).toBe(bitsOf(X));
    const columns = Array.from(sparse.indices, (_, p) => sparse.indptr.findIndex((bound) => bound > p) - 1);
    for (const list of read.lists) expect(list).toEqual([Array.from(sparse.indices), columns, hex(Float64Array.from(sparse.values, (x) => (Number.isNaN(x) ? NaN : x)))]); // biome-ignore format: one thought
  });
});
