import { execFileSync, spawnSync } from 'node:child_process';
import type { FileMatrix } from '../../src/index.js';
import { toDense } from '../../src/matrix.js';

/** The program of another language, that reads and writes in tests where it has what they need. */
export interface Tool {
  /** Why it is left out, as the end of a title; empty where it is there. */
  readonly absent: string;
  /** What a script says, run in a folder, as JSON. */
  run(script: string, folder: string): unknown;
}

function tool(path: string, flags: readonly string[], needs: string, prelude: string, what: string): Tool {
  const there = spawnSync(path, [...flags, needs]).status === 0;
  return {
    absent: there ? '' : ` (left out: no ${what})`,
    run: (script, folder) => {
      const all = [...flags, `${prelude}\n${script}`];
      return JSON.parse(execFileSync(path, all, { cwd: folder, encoding: 'utf8', maxBuffer: 2 ** 28 }));
    },
  };
}

/** Python with these packages; another one than python3 by FACTORLOOM_PYTHON. `bits` are those of an array, column after column. */
export const pythonWith = (...packages: readonly string[]): Tool =>
  tool(
    process.env.FACTORLOOM_PYTHON ?? 'python3',
    ['-W', 'ignore', '-c'],
    `import ${packages.join(', ')}`,
    `
import json
import numpy as np
def bits(a):
    a = np.asfortranarray(a, dtype='f8').copy(order='F')
    a[np.isnan(a)] = np.nan
    return a.tobytes('F').hex()
`,
    `Python with ${packages.join(', ')}`,
  );

/** R with its package Matrix; another one than Rscript by FACTORLOOM_RSCRIPT. `say` tells a named list of what `bits` made. */
export const rWithMatrix: Tool = tool(
  process.env.FACTORLOOM_RSCRIPT ?? 'Rscript',
  ['-e'],
  'library(Matrix)',
  `
suppressMessages(library(Matrix))
bits <- function(m) {
  x <- as.vector(as.matrix(m)) + 0
  bytes <- matrix(writeBin(x, raw(), endian = 'little'), 8)
  bytes[, is.na(x)] <- as.raw(c(0, 0, 0, 0, 0, 0, 0xf8, 0x7f))
  paste(bytes, collapse = '')
}
quoted <- function(x) paste0('"', x, '"')
say <- function(all) cat('{', paste(quoted(names(all)), quoted(unlist(all)), sep = ':', collapse = ','), '}')
`,
  'R with Matrix',
);

export const hex = (list: ArrayBufferView): string =>
  Buffer.from(list.buffer, list.byteOffset, list.byteLength).toString('hex');

/** The numbers column after column, as 64-bit floats, with one NaN of the many there are. */
export const bitsOf = (matrix: FileMatrix): string =>
  hex(bare(Float64Array.from(toDense(matrix).data, (x) => (Number.isNaN(x) ? Number.NaN : x))));

/** NaN as numpy has it, whatever the machine makes of it. */
function bare(list: Float64Array): Float64Array {
  const bits = new BigUint64Array(list.buffer);
  for (const [i, x] of list.entries()) if (Number.isNaN(x)) bits[i] = 0x7ff8000000000000n;
  return list;
}
