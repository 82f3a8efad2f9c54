import { execFileSync, spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, test } from 'vitest';
import { factorInput, factorNet, factorShared, nmfLayer, svdLayer, writeH5ad, writeMatrix } from '../../src/index.js';
import { type DenseData, toCsc, toDense } from '../../src/matrix.js';
import { testFolder } from '../support/files.js';
import { uniform } from '../support/matrices.js';

/** The Python whose packages read; another one than python3 by FACTORLOOM_PYTHON. */
const python = process.env.FACTORLOOM_PYTHON ?? 'python3';
const missing = spawnSync(python, ['-c', 'import anndata, numpy, scipy.sparse']).status !== 0;
/** Why a test that needs packages of Python is left out. */
const title = missing ? ' (left out: no Python with anndata, numpy and scipy)' : '';

const { place, folder } = testFolder();
/** What a script of Python prints, as JSON; every warning of anndata is an error in it. */
const run = (script: string) =>
  JSON.parse(
    execFileSync(python, ['-c', `import json, warnings, numpy as np, scipy.sparse as sp\nimport anndata\n${script}`], {
      cwd: folder,
      encoding: 'utf8',
    }),
  );
const READ = `
warnings.simplefilter('error')
def bits(a):
    a = a.toarray() if sp.issparse(a) else np.asarray(a)
    return [str(a.dtype), list(a.shape), np.ascontiguousarray(a).tobytes().hex()]
def table(t):
    return {c: [str(t[c].dtype), [None if x != x else x for x in t[c].tolist()]] for c in t}
`;

const texts = (count: number, of: (n: number) => string) => Array.from({ length: count }, (_, n) => of(n));
/** What Python says of a matrix, or of its transpose, row after row. */
function bits(matrix: DenseData, transposed: boolean) {
  const { rows, cols, data } = toDense(matrix);
  const single = matrix.data instanceof Float32Array;
  const shape = transposed ? [cols, rows] : [rows, cols];
  const list = Array.from({ length: rows * cols }, (_, at) =>
    transposed ? data[at] : data[Math.floor(at / cols) + (at % cols) * rows],
  );
  const own = single ? Float32Array.from(list) : Float64Array.from(list);
  return [single ? 'float32' : 'float64', shape, Buffer.from(own.buffer).toString('hex')];
}

const X = uniform(30, 20, 4);
X.data.set([Number.NaN, -0, 1e-300, 1 / 3]);
const named = {
  rowNames: texts(30, (n) => `gène "${n}"`),
  colNames: texts(20, (n) => `cell ${n}`),
  rowLabels: { length: Float64Array.from({ length: 30 }, (_, n) => (n === 3 ? Number.NaN : n / 3)), symbol: texts(30, (n) => `S${n}`) }, // biome-ignore format: one thought
  colLabels: { type: texts(20, (n) => ['B', 'T', ''][n % 3]) },
};

describe.skipIf(missing)(`anndata${title}`, () => {
  beforeAll(async () => {
    const single = { ...X, data: Float32Array.from(X.data) } as const;
    const sparse = (matrix: DenseData) => toCsc({ ...matrix, data: matrix.data.map((x) => (x < 0.5 ? 0 : x)) });
    await writeMatrix(place('dense.h5ad'), { ...X, ...named });
    await writeMatrix(place('single.h5ad'), { kind: 'dense', rows: 20, cols: 30, order: 'rows', data: single.data }, { compression: 'gzip' }); // biome-ignore format: one thought
    await writeMatrix(place('sparse.h5ad'), sparse(X));
    await writeMatrix(place('packed.h5ad'), sparse(uniform(100, 70, 2)), { compression: 'gzip' });
    await writeMatrix(place('empty.h5ad'), { kind: 'dense', rows: 4, cols: 0, data: new Float64Array(0) });
  });

  test('reads matrices, names and labels as they were written, without a warning', () => {
    const read = run(`${READ}
out = {}
for name in ['dense', 'single', 'sparse', 'packed', 'empty']:
    a = anndata.read_h5ad(name + '.h5ad')
    out[name] = dict(X=bits(a.X), kind=type(a.X).__name__, obs=list(a.obs_names), var=list(a.var_names), obs_table=table(a.obs), var_table=table(a.var))
    a.copy().write_h5ad('again.h5ad')
a = anndata.read_h5ad('sparse.h5ad', backed='r')
out['backed'] = bits(a[:].to_memory().X)
out['canonical'] = bool(anndata.read_h5ad('packed.h5ad').X.has_canonical_format)
print(json.dumps(out))`);
    const cut = (matrix: DenseData) => ({ ...matrix, data: matrix.data.map((x) => (x < 0.5 ? 0 : x)) });
    expect(read.dense).toMatchObject({ X: bits(X, true), kind: 'ndarray', obs: named.colNames, var: named.rowNames });
    expect(read.dense.var_table.symbol[1]).toEqual(named.rowLabels.symbol);
    expect(read.dense.var_table.length).toEqual(['float64', Array.from(named.rowLabels.length, (x) => (Number.isNaN(x) ? null : x))]); // biome-ignore format: one thought
    expect(read.dense.obs_table.type).toEqual(['category', named.colLabels.type.map((text) => text || null)]);
    const turned = { kind: 'dense', rows: 20, cols: 30, order: 'rows', data: Float32Array.from(X.data) } as const;
    expect(read.single.X).toEqual(bits(turned, true));
    expect(read.sparse).toMatchObject({ X: bits(cut(X), true), kind: 'csr_matrix', obs: texts(20, String) });
    expect(read.packed.X).toEqual(bits(cut(uniform(100, 70, 2)), true));
    expect(read.empty.X.slice(0, 2)).toEqual(['float64', [0, 4]]);
    expect(read.backed).toEqual(read.sparse.X);
    expect(read.canonical).toBe(true);
  });

  test('reads a fit: X, obsm, varm and uns bit by bit, and X is about varm · diag(d) · obsmᵀ', async () => {
    const rna = { ...uniform(30, 20, 1), rowNames: named.rowNames, colNames: named.colNames };
    const both = factorShared(factorInput(rna, { name: 'rna' }), factorInput(uniform(12, 20, 2), { name: 'atac' }));
    const joint = nmfLayer(both, { name: 'joint', k: 4, maxIter: 30 });
    const fit = await factorNet(svdLayer(joint, { name: 'top', k: 2, center: true }), { seed: 3 }).fit();
    await writeH5ad(fit, place('fit.h5ad'), { input: 'rna', data: rna });
    const read = run(`${READ}
a = anndata.read_h5ad('fit.h5ad')
u = a.uns['factorloom']
j = u['layers']['joint']
estimate = (a.varm['joint'] * j['d']) @ a.obsm['X_joint'].T
print(json.dumps(dict(
  X=bits(a.X), obsm={n: bits(m) for n, m in a.obsm.items()}, varm={n: bits(m) for n, m in a.varm.items()},
  d=bits(j['d']), W=bits(u['layers']['top']['W']), atac=bits(j['W']['atac']), center=bits(u['layers']['top']['center']),
  facts=[float(j['loss']), float(j['objective']), int(j['iterations']), int(j['converged']), str(j['method']), int(u['seed']), str(u['input'])],
  far=float(np.mean((a.X.T - estimate) ** 2)))))`);
    const list = (own: Float64Array) => ['float64', [own.length], Buffer.from(own.buffer, own.byteOffset, own.byteLength).toString('hex')]; // biome-ignore format: one thought
    const { top } = fit;
    const { rna: loaded } = await fit.loadings('top');
    if (loaded === undefined) throw new Error('the top leads to rna');
    expect(read).toMatchObject({
      X: bits(rna, true),
      obsm: { X_joint: bits(fit.joint.H, true), X_top: bits(top.H, true) },
      varm: { joint: bits(fit.joint.W.rna, false), top: bits(loaded, false) },
      ...{ d: list(fit.joint.d), W: bits(top.W, false), atac: bits(fit.joint.W.atac, false) },
      center: list(top.center ?? new Float64Array(0)),
    });
    const { loss, objective, iterations, converged, method } = fit.joint;
    expect(read.facts).toEqual([loss, objective, iterations, Number(converged), method, 3, 'rna']);
    expect(read.far).toBeLessThan(0.1);
  });
});
