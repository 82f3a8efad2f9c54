import { bytesAt, type Source, viewAt } from '../../source.js';
import { type FlatTable, flatTable } from './flatbuffer.js';
import { type ArrowSchema, schemaIn, unsupported, wordsIn } from './schema.js';

/** Bytes of the file. */
export interface Span {
  readonly from: number;
  readonly length: number;
}

/** Rows of a table: nodes and buffers of its columns, one column after the other. */
export interface Batch {
  readonly rows: number;
  readonly nodes: readonly { readonly rows: number; readonly missing: number }[];
  readonly buffers: readonly Span[];
  /** How each buffer is packed. */
  readonly codec: 'lz4' | 'zstd' | undefined;
  /** How many further buffers each column of views has. */
  readonly views: readonly number[];
}

/** What is said in an Arrow file beside the values themselves. */
export interface ArrowFile {
  readonly schema: ArrowSchema;
  readonly batches: readonly Batch[];
  /** Lists of values that columns refer to, in parts. */
  readonly dictionaries: ReadonlyMap<number, readonly Batch[]>;
}

/** What every Arrow file begins and ends with: Feather of version 2 is one. */
export const ARROW_MAGIC = new TextEncoder().encode('ARROW1');
/** What begins each message, and so a stream of them. */
export const MESSAGE = 0xffffffff;

const [SCHEMA, DICTIONARY, BATCH] = [1, 2, 3];

/** @throws RangeError, or an IoError, for what is not as the format has it. */
export async function arrowFile(source: Source): Promise<ArrowFile> {
  const first = await bytesAt(source, 0, Math.min(8, source.size));
  const whole = ARROW_MAGIC.every((byte, i) => first[i] === byte);
  return whole ? fromFooter(source) : fromStream(source);
}

/** Messages that the end of the file lists. */
async function fromFooter(source: Source): Promise<ArrowFile> {
  const end = source.size - 10;
  if (end < 8) throw new RangeError('its end');
  const last = await bytesAt(source, end, 10);
  if (!ARROW_MAGIC.every((byte, i) => last[4 + i] === byte)) throw new RangeError('another end');
  const length = new DataView(last.buffer).getInt32(0, true);
  if (length < 8 || length > end - 8) throw new RangeError(`an end of ${length} bytes`);
  const footer = flatTable(await bytesAt(source, end - length, length));
  const schema = footer.table(1);
  if (schema === undefined) throw new RangeError('no schema');
  const collected = collector(source, schemaIn(source, schema, length));
  for (const list of [footer.structs(2, 24), footer.structs(3, 24)]) {
    // One after the other, so that no message is read many times.
    let before = 8;
    for (const block of list) {
      const [from, head, body] = [block.long(0), block.int(8), block.long(16)];
      if (from < before || head < 8 || body < 0 || from + head + body > end)
        throw new RangeError(`a message of ${head} and ${body} bytes at ${from}`);
      before = from + head + body;
      const bytes = await bytesAt(source, from, head);
      // Before version 0.15 nothing stood before the length.
      const own = new DataView(bytes.buffer).getUint32(0, true) === MESSAGE ? 8 : 4;
      collected.take(flatTable(bytes.subarray(own)), { from: from + head, length: body });
    }
  }
  return collected.file;
}

/** Messages one after the other. */
async function fromStream(source: Source): Promise<ArrowFile> {
  let collected: ReturnType<typeof collector> | undefined;
  for (let at = 0; at + 8 <= source.size; ) {
    const prefix = await viewAt(source, at, 8);
    const head = prefix.getInt32(4, true);
    if (prefix.getUint32(0, true) !== MESSAGE || head < 0 || at + 8 + head > source.size)
      throw new RangeError(`no message at ${at}`);
    if (head === 0) break;
    const message = flatTable(await bytesAt(source, at + 8, head));
    const body = { from: at + 8 + head, length: message.long(3) };
    if (body.length < 0 || body.from + body.length > source.size)
      throw new RangeError(`${body.length} bytes at ${body.from}`);
    const schema = message.byte(1) === SCHEMA ? message.table(2) : undefined;
    if (schema !== undefined) collected ??= collector(source, schemaIn(source, schema, head));
    else if (collected === undefined) throw new RangeError('no schema');
    else collected.take(message, body);
    at = body.from + body.length;
  }
  if (collected === undefined) throw new RangeError('no schema');
  return collected.file;
}

function collector(source: Source, schema: ArrowSchema) {
  const batches: Batch[] = [];
  const dictionaries = new Map<number, Batch[]>();
  return {
    file: { schema, batches, dictionaries },
    take(message: FlatTable, body: Span) {
      const [kind, head] = [message.byte(1), message.table(2)];
      if (wordsIn(message.tables(4)).has('ARROW:experimental_compression'))
        throw unsupported(source, 'compression as version 0.17 wrote it');
      const batch = kind === DICTIONARY ? head?.table(1) : head;
      if ((kind !== BATCH && kind !== DICTIONARY) || head === undefined || batch === undefined)
        throw new RangeError(`a message of kind ${kind}`);
      const own = batchIn(source, batch, body);
      if (kind === BATCH) {
        batches.push(own);
        return;
      }
      const id = head.long(0);
      const before = dictionaries.get(id) ?? [];
      if (before.length > 0 && head.byte(2) === 0) throw unsupported(source, 'a dictionary that replaces another');
      dictionaries.set(id, [...before, own]);
    },
  };
}

const CODECS = ['lz4', 'zstd'] as const;

function batchIn(source: Source, table: FlatTable, body: Span): Batch {
  const rows = table.long(0);
  const nodes = table.structs(1, 16).map((node) => ({ rows: node.long(0), missing: node.long(8) }));
  const buffers = table.structs(2, 16).map((buffer) => ({ from: body.from + buffer.long(0), length: buffer.long(8) }));
  const packed = table.table(3);
  const codec = packed === undefined ? undefined : CODECS[packed.byte(0)];
  if (packed !== undefined && (codec === undefined || packed.byte(1) !== 0))
    throw unsupported(source, 'another kind of compression than LZ4 and ZSTD');
  if (!(rows >= 0 && rows < 2 ** 32)) throw new RangeError(`${rows} rows`);
  for (const node of nodes)
    if (!(node.rows >= 0 && node.missing >= 0 && node.missing <= node.rows))
      throw new RangeError(`${node.rows} values, ${node.missing} of them missing`);
  // Each has its own bytes, so that no few of them stand for many columns.
  let end = body.from;
  for (const { from, length } of buffers) {
    if (length === 0) continue;
    if (length < 0 || from < end || from + length > body.from + body.length)
      throw new RangeError(`a buffer of ${length} bytes at ${from}`);
    end = from + length;
  }
  return { rows, nodes, buffers, codec, views: table.longs(4) };
}
