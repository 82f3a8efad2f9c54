import { execFileSync, spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, test } from 'vitest';
import { type FileMatrix, readMatrix, writeMatrix } from '../../src/index.js';
import { toCsc, toDense } from '../../src/matrix.js';
import { testFolder } from '../support/files.js';
import { uniform } from '../support/matrices.js';

/** The Python whose packages write and read; another one than python3 by FACTORLOOM_PYTHON. */
const python = process.env.FACTORLOOM_PYTHON ?? 'python3';
const missing = spawnSync(python, ['-c', 'import numpy, pandas, pyarrow, safetensors.numpy']).status !== 0;

const { place, folder } = testFolder();
const run = (script: string): string =>
  execFileSync(python, ['-W', 'ignore', '-c', `import numpy as np, pandas as pd, safetensors.numpy as st\n${script}`], {
    cwd: folder,
    encoding: 'utf8',
  });

const hex = (list: ArrayBufferView) => Buffer.from(list.buffer, list.byteOffset, list.byteLength).toString('hex');
/** The numbers column after column, with one NaN of the many there are. */
const bitsOf = (matrix: FileMatrix) => hex(toDense(matrix).data.map((x) => (Number.isNaN(x) ? NaN : x)));
const BITS = `
def bits(a):
    a = np.asfortranarray(a, dtype='f8').copy(order='F')
    a[np.isnan(a)] = np.nan
    return a.tobytes('F').hex()
`;

/** Why a test that needs packages of Python is left out. */
const title = missing ? ' (left out: no Python with numpy, pandas, pyarrow and safetensors)' : '';

describe.skipIf(missing)(`pandas, pyarrow and safetensors${title}`, () => {
  const tables = ['plain.csv', 'names.tsv', 'r.txt', 'names.csv.gz', 'snappy.parquet', 'gzip.parquet', 'brotli.parquet', 'zstd.parquet', 'lz4.parquet', 'none.parquet', 'lz4.feather', 'zstd.feather', 'uncompressed.feather', 'x.arrows', 'x.safetensors']; // biome-ignore format: a list
  let wanted: Readonly<Record<string, string>>;
  beforeAll(() => {
    wanted = JSON.parse(
      run(`${BITS}
import json
r = np.random.default_rng(1)
df = pd.DataFrame(r.normal(size=(60, 5)) * 10.0 ** r.integers(-30, 30, (60, 5)), index=[f'gène {i}, "x"' for i in range(60)], columns=['a', 'b;c', 'd', '5', 'e f'])
df.iloc[3, 2] = np.nan
mixed = df.copy()
mixed['i'] = r.integers(-9, 9, 60); mixed['u'] = r.integers(0, 2**32 - 1, 60, dtype='u4'); mixed['b'] = mixed['i'] > 0; mixed['f'] = r.normal(size=60).astype('f4')
mixed['h'] = r.normal(size=60).astype('f2')
df.to_csv('plain.csv'); df.to_csv('names.tsv', sep='\\t'); df.to_csv('names.csv.gz')
np.savetxt('r.txt', df.values)
for codec in ['snappy', 'gzip', 'brotli', 'zstd', 'lz4', 'none']: mixed.to_parquet(codec + '.parquet', compression=codec, row_group_size=25)
import pyarrow as pa, pyarrow.feather as pf
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
print(json.dumps(out))`),
    );
  });

  test.each(tables)('%s is read as it was written, to the bit', async (name) => {
    const found = await readMatrix(place(name));
    expect(bitsOf(found)).toBe(wanted[name]);
    if (name === 'r.txt' || name === 'x.safetensors') return;
    expect(found.rowNames?.[7]).toBe('gène 7, "x"');
    expect(found.colNames?.slice(0, 5)).toEqual(['a', 'b;c', 'd', '5', 'e f']);
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
    const read = JSON.parse(
      run(`${BITS}
import json, pyarrow.feather as pf
how = dict(index_col=0, float_precision='round_trip')
frames = [pd.read_csv('x.csv', **how), pd.read_csv('x.tsv', sep='\\t', **how), pd.read_csv('x.csv.gz', **how), pd.read_parquet('x.parquet'), pf.read_table('x.arrow').to_pandas()]
lists = [pd.read_csv('list.csv', float_precision='round_trip'), pd.read_parquet('list.parquet'), pd.read_feather('list.feather')]
print(json.dumps({
  'frames': [[bits(f.values), list(f.index), list(f.columns)] for f in frames],
  'tensor': bits(st.load_file('written.safetensors')['matrix']),
  'lists': [[l['row'].tolist(), l['column'].tolist(), bits(l['value'].values)] for l in lists],
}))`),
    );
    for (const frame of read.frames) expect(frame).toEqual([bitsOf(X), named.rowNames, named.colNames]);
    expect(read.tensor).toBe(bitsOf(X));
    const columns = Array.from(sparse.indices, (_, p) => sparse.indptr.findIndex((bound) => bound > p) - 1);
    for (const list of read.lists) expect(list).toEqual([Array.from(sparse.indices), columns, hex(Float64Array.from(sparse.values, (x) => (Number.isNaN(x) ? NaN : x)))]); // biome-ignore format: one thought
  });
});
