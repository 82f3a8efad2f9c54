import { ModelFileError } from '../errors.js';
import { writeWhole } from '../files/write-whole.js';
import { hashOf } from './hash.js';
import { fromBytes, type Tensor, toBytes } from './safetensors.js';

/** What sort of file it is that holds tensors and a manifest under a hash of both. */
export interface FileKind<M> {
  /** The word in the metadata that the manifest stands under. */
  readonly word: string;
  /** The format that this version writes; it reads this one and those before it. */
  readonly format: number;
  /** What a file is called, and the code for one that is another. */
  readonly called: string;
  readonly otherwise: 'not-a-fit' | 'not-a-checkpoint';
  /** A manifest from its text, or why it is none. */
  readonly read: (text: string, format: number) => M | 'newer' | 'unknown';
}

type Tensors = ReadonlyMap<string, Tensor>;

/** The hash that a file stands under: of its manifest's text and of its tensors, and so of nothing that a clock says. */
async function hashOfContent(text: string, tensors: Tensors): Promise<string> {
  const body = [...tensors.values()].map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return hashOf([new TextEncoder().encode(text), ...body]);
}

const textOf = <M extends { readonly format: number }>({ format }: FileKind<M>, manifest: Omit<M, 'format'>): string =>
  JSON.stringify({ format, ...manifest });

/** The hash that `writeHashed` would put a file under. */
export const hashedName = <M extends { readonly format: number }>(
  kind: FileKind<M>,
  manifest: NoInfer<Omit<M, 'format'>>,
  tensors: Tensors,
): Promise<string> => hashOfContent(textOf(kind, manifest), tensors);

/** @throws ModelFileError 'not-saved' */
export async function writeHashed<M extends { readonly format: number }>(
  kind: FileKind<M>,
  path: string,
  manifest: NoInfer<Omit<M, 'format'>>,
  tensors: Tensors,
): Promise<void> {
  const text = textOf(kind, manifest);
  const sha256 = await hashOfContent(text, tensors);
  try {
    await writeWhole(path, toBytes({ tensors, metadata: { [kind.word]: text, sha256 } }));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ModelFileError('not-saved', path, `The file can't be written: ${reason}`, { cause: error });
  }
}

/** @throws ModelFileError 'damaged', 'newer-version', and that of the kind for a file of another */
export async function readHashed<M>(
  { word, format, called, otherwise, read }: FileKind<M>,
  path: string,
  bytes: Uint8Array,
): Promise<{ readonly manifest: M; readonly tensors: Tensors; readonly sha256: string }> {
  const fault = (code: typeof otherwise | 'damaged', rule: string, cause?: unknown) =>
    new ModelFileError(code, path, `${called} must be a whole safetensors file as it was written; ${rule}`, { cause });
  let file: ReturnType<typeof fromBytes>;
  try {
    file = fromBytes(bytes);
  } catch (error) {
    throw fault('damaged', error instanceof Error ? error.message : String(error), error);
  }
  const { tensors, metadata } = file;
  const { [word]: text, sha256 } = metadata;
  if (text === undefined || sha256 === undefined) throw fault(otherwise, 'it holds tensors of something else');
  if ((await hashOfContent(text, tensors)) !== sha256) throw fault('damaged', 'it was changed after it was written');
  const manifest = read(text, format);
  if (manifest === 'newer')
    throw new ModelFileError(
      'newer-version',
      path,
      `${called} must be of format ${format} or before; update factorloom`,
    );
  if (manifest === 'unknown') throw fault(otherwise, 'what it says of itself is something else');
  return { manifest, tensors, sha256 };
}
