import { execFileSync, spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, test } from 'vitest';
import { readHere } from '../../src/files/read-matrix.js';
import { toDense } from '../../src/matrix.js';
import { testFolder } from '../support/files.js';

/** The Python whose packages write; another one than python3 by FACTORLOOM_PYTHON. */
const python = process.env.FACTORLOOM_PYTHON ?? 'python3';
const missing = spawnSync(python, ['-c', 'import anndata, h5py, scipy.sparse']).status !== 0;
/** Why tests that need packages of Python are left out. */
const title = missing ? ' (left out: no Python with anndata, h5py and scipy)' : '';

const { place, folder } = testFolder();

const SCRIPT = `
import json
import anndata as ad, h5py, numpy as np, pandas as pd, scipy.sparse as sp
r = np.random.default_rng(1)
n, m = 300, 70
def some(dtype):
    x = r.normal(size=(n, m)) * 10.0 ** r.integers(-20, 20, (n, m)) if np.dtype(dtype).kind == 'f' else r.integers(-100 if np.dtype(dtype).kind == 'i' else 0, 100, (n, m))
    return np.where(r.random((n, m)) < 0.3, x, 0).astype(dtype)
def bits(a):
    a = a.toarray() if sp.issparse(a) else np.asarray(a)
    return np.ascontiguousarray(a.astype('f8')).tobytes().hex()
obs = pd.DataFrame({'x': r.normal(size=n), 'small': r.integers(0, 9, n).astype('i1'), 'single': r.normal(size=n).astype('f4'), 'long': r.integers(-2**50, 2**50, n), 'yes': r.random(n) < 0.5,
  'kind': pd.Categorical(r.choice(['α', 'β', 'γ'], n)), 'text': [f'« {i} »' for i in range(n)]}, index=[f'cellule {i}' for i in range(n)])
obs.loc[obs.index[3], 'kind'] = np.nan
var = pd.DataFrame({'length': r.integers(1, 9, m)}, index=[f'gène {j}' for j in range(m)])
out = {}
for kind, make in [('dense', np.asarray), ('csr', sp.csr_matrix), ('csc', sp.csc_matrix)]:
    for dtype in ['f4', 'f8', 'i4', 'i8', 'u1', 'u2'] + (['i1', 'i2', 'u4', 'u8', 'bool'] if kind != 'dense' else ['f2', 'i1', 'u8']):
        a = ad.AnnData(make(some(dtype)), obs=obs, var=var)
        name = f'{kind}-{dtype}.h5ad'
        a.write_h5ad(name, compression='gzip' if dtype in ['f4', 'i8'] else None)
        out[name] = {None: bits(a.X)}
a = ad.AnnData(sp.csr_matrix(some('f4')), obs=obs, var=var)
a.raw = a
a = a[:, 5:40].copy()
a.layers['spliced'] = sp.csc_matrix(some('i4')[:, :35])
a.layers['scaled'] = some('f8')[:, :35]
a.obsm['X_pca'] = r.normal(size=(n, 9))
a.write_h5ad('layers.h5ad')
out['layers.h5ad'] = {None: bits(a.X), 'raw': bits(a.raw.X), 'spliced': bits(a.layers['spliced']), 'scaled': bits(a.layers['scaled']), 'obsm/X_pca': bits(a.obsm['X_pca'])}
big = sp.random(4000, 900, 0.05, format='csr', random_state=1)
shuffled = big.copy()
for i in range(4000):
    own = slice(shuffled.indptr[i], shuffled.indptr[i + 1])
    order = r.permutation(own.stop - own.start)
    shuffled.indices[own], shuffled.data[own] = shuffled.indices[own][order], shuffled.data[own][order]
shuffled.has_sorted_indices = False
ad.AnnData(shuffled).write_h5ad('unsorted.h5ad', compression='gzip')
out['unsorted.h5ad'] = {None: bits(big)}
with h5py.File('latest.h5', 'w', libver='latest') as f:
    x = some('>f4')
    f.create_dataset('x', data=x, chunks=(37, 11), shuffle=True, fletcher32=True, compression='gzip')
out['latest.h5'] = {None: bits(x.T)}
with h5py.File('lzf.h5', 'w') as f: f.create_dataset('x', data=x, compression='lzf')
print(json.dumps({'bits': {k: {'X' if l is None else l: b for l, b in v.items()} for k, v in out.items()}, 'names': [list(obs.index), list(var.index)],
  'labels': {'x': list(obs.x), 'small': obs.small.tolist(), 'single': obs.single.astype('f8').tolist(), 'long': obs['long'].tolist(), 'yes': obs.yes.astype(int).tolist(), 'kind': ['' if pd.isna(k) else k for k in obs.kind], 'text': list(obs.text)}}))
`;

describe.skipIf(missing)(`anndata and h5py${title}`, () => {
  let wanted: {
    readonly bits: Readonly<Record<string, Readonly<Record<string, string>>>>;
    readonly names: readonly [readonly string[], readonly string[]];
    readonly labels: Readonly<Record<string, readonly (string | number)[]>>;
  };
  beforeAll(() => {
    const options = { cwd: folder, encoding: 'utf8', maxBuffer: 2 ** 30 } as const;
    wanted = JSON.parse(execFileSync(python, ['-W', 'ignore', '-c', SCRIPT], options));
  }, 120_000);

  test('every kind of matrix is read as it was written, to the bit', async () => {
    expect(Object.keys(wanted.bits).length).toBeGreaterThan(25);
    for (const [name, layers] of Object.entries(wanted.bits))
      for (const [layer, bits] of Object.entries(layers)) {
        const found = await readHere(place(name), layer === 'X' ? {} : { layer });
        // Samples × features row after row are features × samples column after column.
        const { data } = toDense(found);
        expect(Buffer.from(data.buffer).toString('hex') === bits, `${name} ${layer}`).toBe(true);
      }
  });

  test('names and columns of tables', async () => {
    const { rowNames, colNames, rowLabels, colLabels = {} } = await readHere(place('csr-f4.h5ad'), {});
    expect([colNames, rowNames]).toEqual(wanted.names);
    expect(Object.keys(rowLabels ?? {})).toEqual(['length']);
    expect(Object.fromEntries(Object.entries(colLabels).map(([name, own]) => [name, Array.from<string | number>(own)]))).toEqual(wanted.labels); // biome-ignore format: one thought
  });

  test('what is packed otherwise is refused by name', async () => {
    await expect(readHere(place('lzf.h5'), {})).rejects.toThrow("got filter 32000 lzf at x. Write it with compression='gzip'"); // biome-ignore format: one thought
  });
});
