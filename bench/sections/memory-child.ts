// Run by memory.ts: takes a matrix from raw files, fits it or not, and prints its own peak of resident memory in KiB.
import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Matrix } from '../../src/index.js';
import { loadNative } from '../../src/kernels/native.js';
import { collect } from '../clock.js';
import { allThreads } from '../context.js';
import { kernelArgs, type Start, startOf } from '../ours.js';

const [folder, size, precision, rank, what] = process.argv.slice(2);
const [rows, cols] = size.split('x').map(Number);

/** Straight into the array it stays in: buffers on the way would hide in the peak. */
function read<T extends Uint32Array | Float32Array | Float64Array>(name: string, make: (bytes: number) => T): T {
  const file = openSync(join(folder, name), 'r');
  const array = make(fstatSync(file).size);
  for (let at = 0; at < array.byteLength; ) at += readSync(file, array, at, array.byteLength - at, at);
  closeSync(file);
  return array;
}

/** The process's own; what Linux reports as maxRSS begins at that of the parent. */
function peakKiB(): number {
  const status = existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'latin1') : '';
  const peak = /^VmHWM:\s*(\d+) kB$/m.exec(status);
  return peak === null ? process.resourceUsage().maxRSS : Number(peak[1]);
}

const u32 = (bytes: number) => new Uint32Array(bytes / 4);
const X: Matrix = {
  kind: 'csc',
  rows,
  cols,
  indptr: read('indptr', u32),
  indices: read('indices', u32),
  values: read('values', (bytes) => (precision === 'f32' ? new Float32Array(bytes / 4) : new Float64Array(bytes / 8))),
};
const kernels = loadNative();
const common = { threads: allThreads, precision: precision === 'f32' ? 'f32' : 'f64' } as const;
const four: Matrix = { kind: 'dense', rows: 4, cols: 4, data: new Float64Array(16).fill(1) };
const run = (matrix: Matrix, start: Start, iterations: number) =>
  kernels.nmf(kernelArgs({ X: matrix, start, iterations, ...common }), { threads: common.threads });
await run(four, startOf(four, 2, 1), 1);
const start = startOf(X, Number(rank), 1);
// What was left behind by loading would make room for the fit, or be cleared away in it.
collect();
if (existsSync('/proc/self/clear_refs')) writeFileSync('/proc/self/clear_refs', '5'); // the peak begins anew
if (what === 'fit') await run(X, start, 5);
console.log(peakKiB());
