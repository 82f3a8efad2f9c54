import { ModelFileError } from '../errors.js';
import { type FileKind, hashedName, readHashed, writeHashed } from './hashed-file.js';
import {
  type DiagnosisManifest,
  type LayerManifest,
  type RowManifest,
  readDiagnosis,
  readLayer,
  readRow,
} from './manifest.js';
import { readWhole } from './read-whole.js';
import type { Tensor } from './safetensors.js';

/** Words and numbers that are kept under a name. */
export interface Kept<M> {
  readonly manifest: Omit<M, 'format'>;
  readonly tensors: ReadonlyMap<string, Tensor>;
}

/** What is kept of a sweep. */
export interface KeptKind<M> extends FileKind<M> {
  /** The name that stands within; undefined: a thing is named by the hash of what it holds. */
  readonly nameIn?: (manifest: Omit<M, 'format'>) => string;
}

export const LAYERS: KeptKind<LayerManifest> = {
  word: 'factorloom-layer',
  format: 1,
  called: 'A layer that a sweep has kept',
  otherwise: 'not-a-fit',
  read: readLayer,
};
export const ROWS: KeptKind<RowManifest> = {
  word: 'factorloom-row',
  format: 1,
  called: 'A fit that a sweep has kept',
  otherwise: 'not-a-fit',
  read: readRow,
  nameIn: ({ name }) => name,
};
export const DIAGNOSES: KeptKind<DiagnosisManifest> = {
  word: 'factorloom-diagnosis',
  format: 1,
  called: 'The diagnosis of a point that a sweep has kept',
  otherwise: 'not-a-fit',
  read: readDiagnosis,
  nameIn: ({ name }) => name,
};

type Manifest = { readonly format: number };

/** The name of a thing that is named by what it holds. */
export const contentName = <M extends Manifest>(kind: KeptKind<M>, { manifest, tensors }: Kept<M>): Promise<string> =>
  hashedName<M>(kind, manifest, tensors);

/** @throws ModelFileError 'not-saved' */
export const writeKept = <M extends Manifest>(
  kind: KeptKind<M>,
  path: string,
  { manifest, tensors }: Kept<M>,
): Promise<void> => writeHashed<M>(kind, path, manifest, tensors);

/**
 * What was kept in a file under a name.
 *
 * @throws ModelFileError 'damaged', 'newer-version', 'not-a-fit' for what has another name, 'not-read'
 */
export async function readKept<M extends Manifest>(kind: KeptKind<M>, path: string, name: string): Promise<Kept<M>> {
  const { manifest, tensors, sha256 } = await readHashed(kind, path, await readWhole(path, kind.called));
  const { format: _, ...said } = manifest;
  const own = kind.nameIn?.(said) ?? sha256;
  if (own === name) return { manifest: said, tensors };
  throw new ModelFileError(kind.otherwise, path, `${kind.called} must have the name it was kept under; got ${own}`);
}
