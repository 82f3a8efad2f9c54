import { Dataset, File, Group, ready } from 'h5wasm/node';

/** What is in an HDF5 file, in the words of the library itself. */
export interface Hdf5Content {
  /** Names in a group. */
  names(path: string): readonly string[];
  attribute(path: string, name: string): unknown;
  /** Numbers, or texts. */
  values(path: string): ArrayLike<unknown>;
  /** A number or a text that stands by itself. */
  value(path: string): unknown;
  shape(path: string): readonly number[];
}

/** Looks at an HDF5 file. */
export async function hdf5At(path: string, look: (content: Hdf5Content) => void): Promise<void> {
  await ready;
  const file = new File(path, 'r');
  const at = (where: string) => {
    const found = where === '/' ? file : file.get(where);
    if (!(found instanceof Group || found instanceof Dataset)) throw new Error(`nothing at ${where}`);
    return found;
  };
  const array = (where: string): Dataset => {
    const found = at(where);
    if (!(found instanceof Dataset)) throw new Error(`no array at ${where}`);
    return found;
  };
  try {
    look({
      names(where) {
        const found = at(where);
        return found instanceof Group ? found.keys() : [];
      },
      attribute: (where, name) => at(where).attrs[name]?.value,
      values: (where) => array(where).value as ArrayLike<unknown>, // an array of numbers or texts, as the test knows
      value: (where) => array(where).value,
      shape: (where) => array(where).shape ?? [],
    });
  } finally {
    file.close();
  }
}
