import type { Floats } from '../matrix.js';
import { LITTLE } from './byte-order.js';
import { headerIn, matrixShape, type NpyHeader } from './formats/npy.js';
import { fillFloats, narrow, widthOf } from './formats/numbers.js';
import { type Beginning, memorySource, type OpenFile } from './source.js';
import { columnsTogether, densePanels, type Streamable } from './streamable.js';

/**
 * The matrix in a .npy file. Where the numbers of a sample lie side by side (features × samples in Fortran's order, samples × features
 * in C's) a panel is one run of the file, else one of each row.
 *
 * @throws IoError 'damaged', 'unsupported'.
 */
export function streamNpy(file: Beginning, turned: boolean, panelBytes: number): Streamable {
  const header = headerIn(file.first, file);
  const [high, wide] = matrixShape(header, file);
  const [rows, cols] = turned ? [wide, high] : [high, wide];
  const order = header.fortran === turned ? 'rows' : 'columns';
  const precision = narrow(header.type) ? 'f32' : 'f64';
  const together = columnsTogether(panelBytes, rows * (precision === 'f32' ? 4 : 8), cols);
  const width = widthOf(header.type);
  const layout = { ...header, rows, cols, order } as const;
  return {
    ...{ rows, cols, order, precision, together, bytes: rows * cols * width },
    async read(open) {
      let read = 0;
      const panel = densePanels({ rows, precision, together, order }, async (from, to, data) => {
        await fillPanel(open, layout, from, to, data);
        read += data.length * width;
      });
      return { panel, bytesRead: () => read };
    },
  };
}

/** Where the numbers are. */
interface Layout extends Pick<NpyHeader, 'type' | 'little' | 'offset'> {
  readonly rows: number;
  readonly cols: number;
  readonly order: 'columns' | 'rows';
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
