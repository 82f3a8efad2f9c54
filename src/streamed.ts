import type { Matrix } from './matrix.js';

/** A matrix (features × samples) that stays in its file: a panel of its columns is read at a time. */
export interface StreamedMatrix {
  readonly kind: 'streamed';
  readonly path: string;
  readonly rows: number;
  readonly cols: number;
  /** How the numbers of a panel lie, as the graph sees them: dense, or compressed sparse columns. */
  readonly order: 'columns' | 'rows' | 'csc';
  /** The entries that it lists; absent: all. */
  readonly entries?: number;
  /** The numbers that it is read as: in 32 bits where the file has no more. */
  readonly precision: 'f32' | 'f64';
  /** Bytes of its numbers: of packed ones, once they are decoded. */
  readonly bytes: number;
  /** Most columns in a panel. */
  readonly together: number;
  /** Opens the file, which must be as it was when it was first looked at. */
  open(): Promise<Panels>;
}

/** An open file that columns are read from; whoever opened it closes it. */
export interface Panels {
  /**
   * Columns `from` to `to` (not included), in one of two buffers in turn: they stay until the call after next. One call at a
   * time; fastest one after the other.
   *
   * @throws IoError 'damaged' for a file that is no longer what it was, 'not-read'.
   */
  panel(from: number, to: number): Promise<Matrix>;
  /** Bytes of the matrix that have been read so far, as they lie in the file. */
  bytesRead(): number;
  close(): Promise<void>;
}

const made = new WeakSet<object>();

/** A frozen matrix that is known to be streamed. */
export function streamed(matrix: Omit<StreamedMatrix, 'kind'>): StreamedMatrix {
  const whole = Object.freeze({ kind: 'streamed' as const, ...matrix });
  made.add(whole);
  return whole;
}

/** Whether it was made here: an object of a caller's own is no file. */
export const isStreamed = (data: unknown): data is StreamedMatrix =>
  typeof data === 'object' && data !== null && made.has(data);

/** Calls with every panel, in order, while the next is read. */
export async function eachPanel(
  { cols, together }: Pick<StreamedMatrix, 'cols' | 'together'>,
  panels: Pick<Panels, 'panel'>,
  call: (panel: Matrix, from: number, to: number) => Promise<void> | void,
): Promise<void> {
  const end = (from: number) => Math.min(from + together, cols);
  let next = panels.panel(0, end(0));
  for (let from = 0; from < cols; from = end(from)) {
    const panel = await next;
    const to = end(from);
    if (to < cols) {
      next = panels.panel(to, end(to));
      // Where the call throws nobody else would hear of it.
      next.catch(() => undefined);
    }
    await call(panel, from, to);
  }
}

/** Lends an open matrix to whoever reads it, and closes it. */
export async function withPanels<T>(matrix: StreamedMatrix, use: (panels: Panels) => Promise<T>): Promise<T> {
  const panels = await matrix.open();
  try {
    return await use(panels);
  } finally {
    await panels.close();
  }
}
