import type { Matrix } from '../matrix.js';
import { type DenseColumns, denseCode, denseColumns, densePrecision } from './formats/spz/dense.js';
import { openSpz, type SpzFile, type SpzHeader, spzHeader, unsupportedSpz } from './formats/spz/file.js';
import { listedIn, type Room, sparseColumns, sparsePrecision, sparseType } from './formats/spz/sparse.js';
import { isModest } from './gunzip.js';
import type { Beginning, OpenFile, Source } from './source.js';
import { columnsTogether, densePanels, floats, type PanelReader, type Streamable } from './streamable.js';

/** Columns of a .spz file, decoded one after the other. */
interface Columns {
  /** The next ones, or to pass them by. */
  take(from: number, to: number): Promise<Matrix>;
}

/**
 * The matrix in a .spz file, whose columns are the samples. No more of it is decoded than a panel takes, however it is cut into chunks.
 * Its checksum is looked at once, when it is first opened.
 *
 * @throws IoError 'damaged', 'unsupported'.
 */
export function streamSpz(file: Beginning, turned: boolean, panelBytes: number): Streamable {
  const header = spzHeader(file.first, file);
  if (turned)
    throw unsupportedSpz(
      file,
      'have the samples as columns where it is streamed; got samples-by-features: leave out stream',
      0,
    );
  const made = header.version === 2 ? sparseOf(header, panelBytes) : denseOf(header, panelBytes);
  const { buffers, ...found } = made;
  let summed = false;
  return {
    ...found,
    async read(open) {
      const { source, bytesRead } = counting(open);
      // What is counted is read of the columns alone.
      const spz = await openSpz(open.source, summed);
      summed = true;
      const columns = buffers();
      return inOrder(() => columns({ ...spz, source }), found.together, bytesRead);
    },
  };
}

type Decoded = Omit<Streamable, 'read'> & {
  /** Two buffers, and how columns are begun with that are decoded into them. */
  readonly buffers: () => (file: SpzFile) => Promise<Columns>;
};

/** Panels of columns that come one after the other: whoever goes back begins anew. */
function inOrder(begin: () => Promise<Columns>, together: number, bytesRead: () => number): PanelReader {
  let at = 0;
  let columns: Columns | undefined;
  return {
    bytesRead,
    async panel(from, to) {
      if (columns === undefined || from === 0 || from < at) {
        columns = await begin();
        at = 0;
      }
      for (let next = at; next < from; next = at) {
        at = Math.min(from, next + together);
        await columns.take(next, at);
      }
      at = to;
      return columns.take(from, to);
    },
  };
}

/** The bytes of a file, counted. */
function counting({ source }: OpenFile): { readonly source: Source; bytesRead(): number } {
  let read = 0;
  const fill = async (into: Uint8Array, offset: number) => {
    await source.fill(into, offset);
    read += into.length;
  };
  return { source: { ...source, fill }, bytesRead: () => read };
}

function denseOf(header: SpzHeader, panelBytes: number): Decoded {
  const { rows, cols } = header;
  const precision = densePrecision(denseCode(header));
  const order = 'columns';
  const width = precision === 'f32' ? 4 : 8;
  const together = columnsTogether(panelBytes, rows * width, cols);
  return {
    ...{ rows, cols, order, precision, together, bytes: rows * cols * width },
    buffers() {
      let next: DenseColumns | undefined;
      const take = densePanels({ rows, order, precision, together }, async (_from, _to, data) => next?.fill(data));
      return async (file) => {
        next = await denseColumns(file);
        checkPanel(file, rows * together * width);
        return { take };
      };
    },
  };
}

function sparseOf(header: SpzHeader, panelBytes: number): Decoded {
  const { rows, cols } = header;
  const precision = sparsePrecision(sparseType(header));
  const width = 4 + (precision === 'f32' ? 4 : 8);
  const entries = listedIn(header);
  const together = columnsTogether(panelBytes, (entries * width) / cols + 4, cols);
  return {
    ...{ rows, cols, order: 'csc', precision, together, entries, bytes: entries * width + 4 * (cols + 1) },
    buffers() {
      const rooms: Room[] = [];
      let turn = 0;
      const roomIn = (file: SpzFile) => (count: number) => {
        turn = 1 - turn;
        if (rooms[turn] === undefined || rooms[turn].indices.length < count) {
          checkPanel(file, count * width);
          rooms[turn] = { indices: new Uint32Array(count), values: floats(precision, count) };
        }
        const { indices, values } = rooms[turn];
        return { indices: indices.subarray(0, count), values: values.subarray(0, count) };
      };
      return async (file) => {
        const next = await sparseColumns(file);
        const room = roomIn(file);
        return {
          take: async (from, to) => ({ kind: 'csc', rows, cols: to - from, ...(await next.take(to - from, room)) }),
        };
      };
    },
  };
}

/** What code of few bytes says may be many numbers: no room is made for them. */
function checkPanel({ source }: SpzFile, bytes: number): void {
  if (!isModest(source, bytes))
    throw unsupportedSpz(
      source,
      `have columns that fit into memory where it is streamed; got ${bytes} bytes in a panel. Leave out stream`,
      8,
    );
}
