import { bytesAt, type Source } from '../source.js';
import { type ZipEntry, zipEntries } from '../zip.js';
import { compressedMatrix } from './compressed.js';
import type { Found } from './found.js';
import { npyHeader, readNpy } from './npy.js';
import { floatsAt, wholeAt } from './numbers.js';

/** Arrays of scipy's sparse matrices. */
const SPARSE = ['format', 'shape', 'data', 'indices', 'indptr'];

/**
 * The matrix in a .npz file: a sparse one of scipy (`save_npz`: csr, csc), or a dense array, by name where there are several.
 *
 * @throws IoError 'not-found' for an array that isn't there, or where a name must be given; 'unsupported' for other sparse formats.
 */
export async function readNpz(source: Source, array?: string): Promise<Found> {
  const arrays = new Map<string, ZipEntry>();
  for (const entry of await zipEntries(source))
    if (entry.name.endsWith('.npy')) arrays.set(entry.name.slice(0, -4), entry);
  const names = [...arrays.keys()];
  if (array === undefined && SPARSE.slice(0, 3).every((name) => arrays.has(name))) return readSparse(source, arrays);
  const wanted = array ?? (names.length === 1 ? names[0] : undefined);
  const entry = wanted === undefined ? undefined : arrays.get(wanted);
  if (entry === undefined) {
    const list = names.length === 0 ? 'none' : names.slice(0, 20).join(', ');
    const rule = wanted === undefined ? 'hold one array, or it must be said which' : `hold the array '${wanted}'`;
    throw source.fault('not-found', `An .npz file must ${rule}; got ${list}. Give one as array`);
  }
  return { matrix: await readNpy(await entry.open()), turned: false };
}

async function readSparse(source: Source, arrays: ReadonlyMap<string, ZipEntry>): Promise<Found> {
  const opened = async (name: string): Promise<Source> => {
    const entry = arrays.get(name);
    if (entry === undefined)
      throw source.fault('damaged', `A sparse matrix of scipy must have ${SPARSE.join(', ')}; got no ${name}`);
    return entry.open();
  };
  const format = await textOf(await opened('format'));
  if (format !== 'csr' && format !== 'csc')
    throw source.fault(
      'unsupported',
      `A sparse matrix must be of format csr or csc; got ${format}. Convert it by .tocsc()`,
    );
  const whole = async (name: string): Promise<Uint32Array> => {
    const own = await opened(name);
    const { shape, type, little, offset } = await npyHeader(own);
    const numbers = shape.length === 1 ? await wholeAt(own, offset, shape[0], type, little) : null;
    if (numbers === null)
      throw source.fault('damaged', `A sparse matrix must have whole numbers below 2³² as ${name}; got others`);
    return numbers;
  };
  const sizes = await whole('shape');
  if (sizes.length !== 2)
    throw source.fault('unsupported', `A matrix must have two dimensions; got a sparse array of ${sizes.length}`);
  const data = await opened('data');
  const { shape, type, little, offset } = await npyHeader(data);
  if (shape.length !== 1)
    throw source.fault('damaged', 'A sparse matrix must have a list as data; got an array of more dimensions');
  return compressedMatrix(source, {
    by: format === 'csr' ? 'rows' : 'columns',
    ...{ rows: sizes[0], cols: sizes[1] },
    indptr: await whole('indptr'),
    indices: await whole('indices'),
    values: await floatsAt(data, offset, shape[0], type, little),
  });
}

/** The one text in a .npy file, of bytes (S) or of letters of 32 bits (U). */
async function textOf(source: Source): Promise<string> {
  const bytes = await bytesAt(source, 0, Math.min(source.size, 512));
  const header = new TextDecoder('latin1').decode(bytes);
  const [, order, kind, length] = /'descr'\s*:\s*'([<>|=]?)([SU])(\d{1,2})'/.exec(header) ?? [];
  if (length === undefined)
    throw source.fault('damaged', 'The format of a sparse matrix must be a text; got something else');
  const size = Number(length) * (kind === 'U' ? 4 : 1);
  const own = bytes.subarray(bytes.length - size).filter((byte) => byte !== 0);
  return order === undefined ? '' : new TextDecoder('latin1').decode(own);
}
