import { beforeAll, describe, expect, test } from 'vitest';
import { type FileMatrix, type Matrix, readMatrix, writeMatrix } from '../../src/index.js';
import { toCsc, toDense } from '../../src/matrix.js';
import { faultOf, testFolder } from '../support/files.js';
import { uniform } from '../support/matrices.js';
import { bitsOf, pythonWith } from '../support/tools.js';

const python = pythonWith('numpy', 'scipy.io', 'scipy.sparse');
const { place, folder } = testFolder();

/** Types of numpy that hold real numbers. */
const TYPES = ['f8', 'f4', 'f2', 'i8', 'i4', 'i2', 'i1', 'u8', 'u4', 'u2', 'u1', '?'];
const arrays = TYPES.flatMap((type) => ['<C', '<F', '>C', '>F'].map((how) => [type, how] as const));

/** Files of scipy, and how it writes each: `S` has numbers of all kinds, `C` counts, `Y` is symmetric, `K` skew-symmetric. */
const WRITTEN: Readonly<Record<string, string>> = {
  'csr.npz': "sp.save_npz('csr.npz', S.tocsr())",
  'csc.npz': "sp.save_npz('csc.npz', S.tocsc(), compressed=False)",
  'csr-f4.npz': "S = S.astype('f4'); sp.save_npz('csr-f4.npz', S.tocsr())",
  'csc-i8.npz': "S = C; sp.save_npz('csc-i8.npz', C.tocsc())",
  'csr-bool.npz': "S = C.astype(bool); sp.save_npz('csr-bool.npz', S.tocsr())",
  'array.npz': "S = S.tocsc(); sp.save_npz('array.npz', sp.csc_array(S))",
  'wide-indices.npz':
    "S = S.tocsr(); S.indices = S.indices.astype('i8'); S.indptr = S.indptr.astype('i8'); sp.save_npz('wide-indices.npz', S)",
  'unsorted.npz':
    "S = S.tocsr(); d, i = [np.concatenate([x[p:q][::-1] for p, q in zip(S.indptr, S.indptr[1:])]) for x in (S.data, S.indices)]; S = sp.csr_matrix((d, i, S.indptr), S.shape); sp.save_npz('unsorted.npz', S)",
  'empty.npz': "S = sp.csr_matrix((5, 4)); sp.save_npz('empty.npz', S)",
  'dense.npz': "S = D; np.savez('dense.npz', D)",
  'deflated.npz': "S = D; np.savez_compressed('deflated.npz', x=D)",
  'real.mtx': "mmwrite('real.mtx', S)",
  'comment.mtx': "mmwrite('comment.mtx', S, comment='of two lines\\nand more')",
  'counts.mtx': "S = C; mmwrite('counts.mtx', C)",
  'unsigned.mtx': "S = C.astype('u4'); mmwrite('unsigned.mtx', S)",
  'pattern.mtx': "S = C.astype(bool); mmwrite('pattern.mtx', C, field='pattern')",
  'symmetric.mtx': "S = Y; mmwrite('symmetric.mtx', Y, symmetry='symmetric')",
  'skew.mtx': "S = K; mmwrite('skew.mtx', K, symmetry='skew-symmetric')",
  'array.mtx': "S = D; mmwrite('array.mtx', D)",
  'whole-array.mtx': "S = C.toarray(); mmwrite('whole-array.mtx', S)",
  'symmetric-array.mtx': "S = Y.toarray(); mmwrite('symmetric-array.mtx', S, symmetry='symmetric')",
  'skew-array.mtx': "S = K.toarray(); mmwrite('skew-array.mtx', S, symmetry='skew-symmetric')",
  'packed.mtx.gz':
    "import gzip, io; b = io.BytesIO(); mmwrite(b, S); gzip.open('packed.mtx.gz', 'wb').write(b.getvalue())",
};

/** Formats of scipy that aren't read, and how they are asked for. */
const REFUSED = ['coo', 'bsr', 'dia'];

describe.skipIf(python.absent !== '')(`numpy and scipy${python.absent}`, () => {
  const NUMBERS = `
import scipy.sparse as sp
from scipy.io import mmread, mmwrite
r = np.random.default_rng(3)
D = r.normal(size=(17, 11)) * 10.0 ** r.integers(-300, 300, (17, 11))
D[0, :7] = [np.nan, -0.0, np.inf, -np.inf, 5e-324, 1.7976931348623157e308, 1e22]
S = sp.coo_matrix(np.where(r.random((17, 11)) < 0.4, r.normal(size=(17, 11)) * 10.0 ** r.integers(-20, 20, (17, 11)), 0))
C = sp.coo_matrix(r.poisson(0.5, (17, 11)))
Q = np.where(r.random((9, 9)) < 0.4, r.normal(size=(9, 9)), 0)
Y, K = sp.coo_matrix(Q + Q.T), sp.coo_matrix(Q - Q.T)
dense = lambda m: m.toarray() if sp.issparse(m) else m
`;
  let wanted: Readonly<Record<string, readonly [rows: number, cols: number, bits: string]>>;
  beforeAll(() => {
    const own = python.run(
      `${NUMBERS}
out = {}
for t in ${JSON.stringify(TYPES)}:
    for how in ['<C', '<F', '>C', '>F']:
        if t[0] == 'f': a = np.float64(r.normal(size=(6, 5)).astype(t)); a[0, :4] = [np.nan, -0.0, np.inf, -2.0 ** -14]
        elif t == '?': a = r.random((6, 5)) < 0.5
        else: i = np.iinfo(t); a = r.integers(max(i.min, -2**53), min(i.max, 2**53), (6, 5), endpoint=True, dtype=t); a[0, :2] = [max(i.min, -2**53), min(i.max, 2**53)]
        a = np.array(a, dtype=np.dtype(t).newbyteorder(how[0]), order=how[1])
        np.save(f'{t}{how}.npy'.translate(str.maketrans('<>?', 'lgb')), a)
        out[t + how] = [6, 5, bits(a.astype('f8'))]
numbers = (S, C, Y, K)
${Object.entries(WRITTEN)
  .map(([name, line]) => `S, C, Y, K = numbers; ${line}; out['${name}'] = [*S.shape, bits(dense(S))]`)
  .join('\n')}
S = numbers[0]
for f in ${JSON.stringify(REFUSED)}: sp.save_npz(f + '-refused.npz', S.asformat(f))
np.save('text.npy', np.array([['a', 'b']])); np.save('complex.npy', np.ones((2, 2), 'c16')); np.save('line.npy', np.ones(3)); np.save('wide.npy', np.ones((2, 2), np.longdouble))
np.save('record.npy', np.zeros((2, 2), [('a', 'f8')])); np.save('object.npy', np.array([[None]]), allow_pickle=True); np.save('day.npy', np.zeros((2, 2), 'M8[s]'))
mmwrite('complex.mtx', S * 1j)
np.savez('two.npz', a=D, b=D.T)
print(json.dumps(out))`,
      folder,
    );
    wanted = own as typeof wanted; // what the script says
  });

  const look = async (found: FileMatrix, name: string) => {
    const [rows, cols, bits] = wanted[name];
    expect([found.rows, found.cols], name).toEqual([rows, cols]);
    expect(bitsOf(found), name).toBe(bits);
  };

  test('arrays of every type, order of bytes and order of indices are read to the bit', async () => {
    for (const [type, how] of arrays) {
      const name = type + how;
      const file = name.replace('<', 'l').replace('>', 'g').replace('?', 'b');
      const found = await readMatrix(place(`${file}.npy`));
      await look(found, name);
      if (found.kind !== 'dense') throw new Error('dense');
      expect(found.order).toBe(how[1] === 'F' ? 'columns' : 'rows');
      expect(found.data).toBeInstanceOf(type === 'f4' || type === 'f2' ? Float32Array : Float64Array);
    }
  });

  test.each(Object.keys(WRITTEN))('%s is read as it was written, to the bit', async (name) => {
    const found = await readMatrix(place(name));
    await look(found, name);
    expect(found.kind).toBe(/dense|deflated|array\.mtx/.test(name) ? 'dense' : 'csc');
  });

  test('what is no matrix of real numbers is refused by its name', async () => {
    for (const format of REFUSED) {
      const error = await faultOf(place(`${format}-refused.npz`));
      expect([error.code, error.message.includes(`got ${format}`)]).toEqual(['unsupported', true]);
    }
    for (const [name, words] of [
      ['text.npy', 'of type <U1'],
      ['complex.npy', 'of type <c16'],
      ['line.npy', 'of 1 (3)'],
      ['wide.npy', 'of type <f16'],
      ['record.npy', 'of several fields'],
      ['object.npy', 'of type |O'],
      ['day.npy', 'of type <M8[s]'],
      ['complex.mtx', 'complex'],
    ]) {
      const error = await faultOf(place(name));
      expect(error.code, name).toBe('unsupported');
      expect(error.message).toContain(words);
    }
    expect((await faultOf(place('two.npz'))).message).toContain('got a, b');
    expect(await readMatrix(place('two.npz'), { array: 'b' })).toMatchObject({ rows: 11, cols: 17 });
  });

  test('they read what is written, to the bit', async () => {
    const X = uniform(13, 7, 4);
    X.data.set([Number.NaN, -0, Infinity, 5e-324, 1.7976931348623157e308, 1 / 3, 1e22]);
    const sparse = toCsc({ ...X, data: X.data.map((x) => (x < 0.5 || !(x < 2) ? 0 : x)) });
    const single: Matrix = { kind: 'dense', rows: 13, cols: 7, order: 'rows', data: Float32Array.from(X.data) };
    const singles = toCsc({ ...toDense(sparse), data: Float32Array.from(toDense(sparse).data) });
    const listed: Readonly<Record<string, readonly [Matrix, string]>> = {
      'x.npy': [X, "np.load('x.npy')"],
      'rows.npy': [{ ...single, data: Float64Array.from(single.data) }, "np.load('rows.npy')"],
      'single.npy': [single, "np.load('single.npy')"],
      'x.npz': [X, "np.load('x.npz')['matrix']"],
      'sparse.npz': [sparse, "sp.load_npz('sparse.npz')"],
      'singles.npz': [singles, "sp.load_npz('singles.npz')"],
      // It adds what it reads to zeros, which have a sign.
      'x.mtx': [{ ...X, data: X.data.map((x) => x + 0) }, "mmread('x.mtx')"],
      'sparse.mtx': [sparse, "mmread('sparse.mtx')"],
      'sparse.mtx.gz': [sparse, "mmread('sparse.mtx.gz')"],
    };
    for (const [name, [matrix]] of Object.entries(listed)) await writeMatrix(place(name), matrix);
    const lines = Object.entries(listed).map(
      ([name, [, line]]) => `m = ${line}; out['${name}'] = [str(m.dtype), bits(dense(m))]`,
    );
    const read = python.run(`${NUMBERS}\nout = {}\n${lines.join('\n')}\nprint(json.dumps(out))`, folder);
    const said = Object.entries(listed).map(([name, [matrix]]) => {
      const type = name.startsWith('single') ? 'float32' : 'float64';
      return [name, [type, bitsOf(matrix)]];
    });
    expect(read).toEqual(Object.fromEntries(said));
  });
});
