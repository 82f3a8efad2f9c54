import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openHdf5 } from '../../src/files/hdf5.js';

type Writer = Awaited<ReturnType<typeof openHdf5>>['file'];

/** An array of which nothing is there: of so many sizes, in chunks of those. */
interface Hollow {
  readonly shape: readonly number[];
  readonly chunks: readonly number[];
  readonly packed?: boolean;
}

function hollow(to: Writer, name: string, { shape, chunks, packed = false }: Hollow): void {
  const array = to.create_dataset({
    ...{ name, data: new Float64Array(0), shape: shape.map(() => 0), maxshape: [...shape], chunks: [...chunks] },
    ...(packed ? { compression: 'gzip' as const, compression_opts: 4 } : {}),
  });
  array.resize([...shape]);
}

const tables = (to: Writer): void => {
  for (const name of ['obs', 'var']) to.create_group(name);
};

/** A sparse matrix of AnnData of these sizes, and lists of it. */
function sparse(to: Writer, shape: readonly bigint[], lists: Readonly<Record<string, Hollow>> = {}): void {
  const group = to.create_group('X');
  group.create_attribute('encoding-type', 'csr_matrix');
  group.create_attribute('shape', BigInt64Array.from(shape));
  const own = { data: Float32Array.of(1), indices: Int32Array.of(0), indptr: Int32Array.of(0, 1) };
  for (const [name, data] of Object.entries(own))
    if (lists[name] === undefined) group.create_dataset({ name, data });
    else hollow(to, `X/${name}`, lists[name]);
  tables(to);
}

const LIES: Readonly<Record<string, (to: Writer) => void>> = {
  'a matrix that is not there': (to) => {
    hollow(to, 'X', { shape: [100_000, 100_000], chunks: [1000, 1000] });
    tables(to);
  },
  'a packed matrix that is not there': (to) => {
    hollow(to, 'X', { shape: [100_000, 100_000], chunks: [1000, 1000], packed: true });
    tables(to);
  },
  'a chunk of gigabytes': (to) => {
    hollow(to, 'X', { shape: [20_000, 20_000], chunks: [20_000, 20_000], packed: true });
    tables(to);
  },
  'a size beyond all': (to) => sparse(to, [2n ** 40n, 2n]),
  'many rows': (to) => sparse(to, [2n ** 32n - 1n, 2n]),
  'bounds that are not there': (to) =>
    sparse(to, [99_999_999n, 2n], { indptr: { shape: [100_000_000], chunks: [100_000], packed: true } }),
  'values that are not there': (to) =>
    sparse(to, [1n, 2n], {
      data: { shape: [200_000_000], chunks: [100_000] },
      indices: { shape: [200_000_000], chunks: [100_000] },
    }),
  'a place beyond the matrix': (to) => sparse(to, [1n, 0n]),
};

/** HDF5 files that say what isn't so. */
export async function hdf5Lies(folder: string): Promise<Readonly<Record<string, Uint8Array>>> {
  const made: Record<string, Uint8Array> = {};
  for (const [name, write] of Object.entries(LIES)) {
    const path = join(folder, 'lie.h5');
    const { file } = await openHdf5(path, 'w');
    write(file);
    file.close();
    made[name] = readFileSync(path);
  }
  return made;
}
