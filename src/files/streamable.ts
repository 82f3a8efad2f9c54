import type { DenseData, Floats, Matrix } from '../matrix.js';
import type { StreamedMatrix } from '../streamed.js';
import type { OpenFile } from './source.js';

/** A file whose columns can be read panel by panel: what its header says, and how they are read. */
export interface Streamable extends Omit<StreamedMatrix, 'kind' | 'path' | 'open'> {
  /** Begins to read a file that is open. */
  read(file: OpenFile): Promise<PanelReader>;
}

export interface PanelReader {
  /** Columns `from` to `to` (not included), in one of two buffers in turn. One call at a time. */
  panel(from: number, to: number): Promise<Matrix>;
  /** Bytes of the matrix that have been read so far. */
  bytesRead(): number;
}

/** Columns that are taken together whatever their size: kernels add up so many at once. */
const STRETCH = 64;

/** Most columns in a panel of so many bytes. */
export function columnsTogether(panelBytes: number, bytesOfColumn: number, cols: number): number {
  const fit = Math.floor(panelBytes / bytesOfColumn / STRETCH) * STRETCH;
  return Math.min(cols, Math.max(STRETCH, fit));
}

type Dense = Pick<StreamedMatrix, 'rows' | 'precision' | 'together'> & { readonly order: 'columns' | 'rows' };

/** Dense panels in two buffers, by what fills them. */
export function densePanels(
  { rows, precision, together, order }: Dense,
  fill: (from: number, to: number, data: Floats) => Promise<void>,
): (from: number, to: number) => Promise<DenseData> {
  const buffers: Floats[] = [];
  let turn = 0;
  return async (from, to) => {
    turn = 1 - turn;
    buffers[turn] ??= floats(precision, rows * together);
    const data = buffers[turn].subarray(0, rows * (to - from));
    await fill(from, to, data);
    return { kind: 'dense', rows, cols: to - from, order, data };
  };
}

export const floats = (precision: 'f32' | 'f64', count: number): Floats =>
  precision === 'f32' ? new Float32Array(count) : new Float64Array(count);
