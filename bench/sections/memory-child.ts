// Run by memory.ts: takes a matrix from raw files, fits it, and prints its own resident memory in KiB: before the fit, and at
// the peak of it.
import { closeSync, fstatSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Matrix } from '../../src/index.js';
import { loadNative } from '../../src/kernels/native.js';
import { collect } from '../clock.js';
import { allThreads } from '../context.js';
import { kernelArgs, type Start, startOf } from '../ours.js';

const [folder, size, precision, rank] = process.argv.slice(2);
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
function residentKiB(name: 'VmRSS' | 'VmHWM'): number {
  const own = new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(readFileSync('/proc/self/status', 'latin1'));
  if (own === null) throw new Error(`the system does not tell ${name}`);
  return Number(own[1]);
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
/** Small, of the same kind: what a first fit loads once, threads and machine code, is there before the one that is measured. */
const small: Matrix = {
  kind: 'csc',
  rows: 300,
  cols: 300,
  indptr: Uint32Array.from({ length: 301 }, (_, j) => j),
  indices: Uint32Array.from({ length: 300 }, (_, j) => j),
  values: X.values.slice(0, 300),
};
const run = (matrix: Matrix, start: Start, iterations: number) =>
  kernels.nmf(kernelArgs({ X: matrix, start, iterations, ...common }), { threads: common.threads });
for (let warm = 0; warm < 3; warm++) await run(small, startOf(small, Number(rank), 1), 5);
const start = startOf(X, Number(rank), 1);
// What was left behind by loading would make room for the fit, or be cleared away in it.
collect();
writeFileSync('/proc/self/clear_refs', '5'); // the peak begins anew
const before = residentKiB('VmRSS');
await run(X, start, 5);
console.log(before, residentKiB('VmHWM'));
