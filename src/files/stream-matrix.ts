import type { Stats } from 'node:fs';
import type { DenseData, Floats } from '../matrix.js';
import { type Panels, type StreamedMatrix, streamed } from '../streamed.js';
import { LITTLE } from './byte-order.js';
import { headerIn, matrixShape, NPY_HEADER, NPY_MAGIC, type NpyHeader } from './formats/npy.js';
import { fillFloats, narrow, widthOf } from './formats/numbers.js';
import { beginningOf, memorySource, type OpenFile, openFile } from './source.js';

/** Bytes of a panel. */
const PANEL = 32 << 20;
/** Columns that are taken together whatever their size: kernels add up so many at once. */
const STRETCH = 64;

export interface StreamOptions {
  /** How the file lies: 'features-by-samples' (default), or 'samples-by-features'. */
  readonly orientation?: 'features-by-samples' | 'samples-by-features' | undefined;
  /** Bytes of a panel; no bit of a result depends on it. Default 32 MB. */
  readonly panelBytes?: number | undefined;
}

/**
 * The matrix in a .npy file, features × samples, to be read panel by panel and never as a whole: its header is looked at now, its
 * numbers once it is opened. Where those of a sample lie side by side (features × samples in Fortran's order, samples × features
 * in C's) a panel is one run of the file, else one of each row.
 *
 * @throws IoError 'not-read', 'damaged', 'unsupported' for other formats and arrays.
 */
export function streamMatrix(path: string, { orientation, panelBytes = PANEL }: StreamOptions = {}): StreamedMatrix {
  const file = beginningOf(path, NPY_HEADER);
  if (!NPY_MAGIC.every((byte, i) => file.first[i] === byte))
    throw file.fault('unsupported', 'A file that is streamed must be an .npy file; got another: leave out stream', {
      offset: 0,
    });
  const header = headerIn(file.first, file);
  const [high, wide] = matrixShape(header, file);
  const turned = orientation === 'samples-by-features';
  const [rows, cols] = turned ? [wide, high] : [high, wide];
  if (rows === 0 || cols === 0)
    throw file.fault('unsupported', `A matrix must be at least 1 × 1; got ${rows} × ${cols}`, { offset: 8 });
  const order = header.fortran === turned ? 'rows' : 'columns';
  const precision = narrow(header.type) ? 'f32' : 'f64';
  const fit = Math.floor(panelBytes / (rows * (precision === 'f32' ? 4 : 8)) / STRETCH) * STRETCH;
  const together = Math.min(cols, Math.max(STRETCH, fit));
  const bytes = rows * cols * widthOf(header.type);
  const layout: Layout = { ...header, rows, cols, order, together };
  const open = async () => panelsOf(await openFile(path), file.stats, layout);
  return streamed({ path, rows, cols, order, precision, bytes, together, open });
}

/** Where the numbers are. */
interface Layout extends Pick<NpyHeader, 'type' | 'little' | 'offset'> {
  readonly rows: number;
  readonly cols: number;
  readonly order: 'columns' | 'rows';
  readonly together: number;
}

async function panelsOf(file: OpenFile, then: Stats, layout: Layout): Promise<Panels> {
  const { source, stats, close } = file;
  const { type, rows, together } = layout;
  const room = (): Floats => (narrow(type) ? new Float32Array(rows * together) : new Float64Array(rows * together));
  const buffers: Floats[] = [];
  let turn = 0;
  let read = 0;
  let last: Promise<unknown> = Promise.resolve();
  const check = async () => {
    const now = await stats();
    if (now.size === then.size && now.mtimeMs === then.mtimeMs && now.ino === then.ino) return;
    const got = now.size === then.size ? 'another' : `${now.size} bytes and not ${then.size}`;
    throw source.fault('damaged', `A file that is streamed must stay as it was when the graph was made; got ${got}`);
  };
  try {
    await check();
  } catch (error) {
    await close();
    throw error;
  }
  const fill = async (from: number, to: number): Promise<DenseData> => {
    if (from === 0) await check();
    turn = 1 - turn;
    buffers[turn] ??= room();
    const data = buffers[turn].subarray(0, rows * (to - from));
    await fillPanel(file, layout, from, to, data);
    read += data.length * widthOf(type);
    return { kind: 'dense', rows, cols: to - from, order: layout.order, data };
  };
  return {
    panel(from, to) {
      const panel = fill(from, to);
      last = panel;
      return panel;
    },
    bytesRead: () => read,
    async close() {
      // A reader that has given up may have asked for one that nobody waits for.
      await last.catch(() => undefined);
      await close();
    },
  };
}

/** Reads columns in the order of the file. */
async function fillPanel(file: OpenFile, layout: Layout, from: number, to: number, data: Floats): Promise<void> {
  const { type, little, offset, rows, cols, order } = layout;
  const width = widthOf(type);
  if (order === 'columns') return fillFloats(file.source, offset + from * rows * width, data, type, little);
  if (to - from === cols) return fillFloats(file.source, offset, data, type, little);
  const own = type === 'f4' || type === 'f8';
  const bytes = own
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data.length * width);
  await file.fillRuns(bytes, (to - from) * width, offset + from * width, cols * width);
  if (own && little === LITTLE) return;
  await fillFloats(memorySource(own ? bytes.slice() : bytes, file.source.path), 0, data, type, little);
}
