import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { dense, type Matrix } from '../../src/matrix.js';
import { cache } from '../context.js';
import { hasAvx512 } from '../machine.js';
import type { Start } from '../ours.js';
import { conversation } from './conversation.js';
import { pythonWithPeers } from './python.js';

export interface Blas {
  readonly name: string;
  readonly version: string;
  /** The kernels it chose: a core it doesn't know gets slow ones. */
  readonly core: string;
  readonly threads: number;
}

export interface About {
  readonly python: string;
  readonly sklearn: string;
  readonly numpy: string;
  readonly scipy: string;
  readonly blas: readonly Blas[];
}

/** scikit-learn in a child process that keeps its data between fits. */
export interface Sklearn {
  readonly about: About;
  /** Hands X over under a name, in this precision. */
  hold(name: string, X: Matrix, precision: 'f64' | 'f32'): Promise<void>;
  forget(name: string): Promise<void>;
  /**
   * So many iterations of coordinate descent, or with a Kullback–Leibler loss of multiplicative updates; the seconds of the
   * fit call alone, by its own clock.
   */
  fit(
    name: string,
    start: Start,
    iterations: number,
    loss?: 'frobenius' | 'kullback-leibler',
  ): Promise<{ readonly seconds: number } & Start>;
  end(): void;
}

/** Milliseconds after which threads of OpenBLAS sleep: until then they would take a core from the fit timed next. */
const SPINNING = 80;

/** Cores whose kernels use AVX-512. */
const avx512Cores = ['SkylakeX', 'Cooperlake', 'SapphireRapids', 'Zen'];

/** Starts it; where its BLAS takes this CPU for a lesser one, again with the right core named. */
export async function startSklearn(threads: number, log: (line: string) => void): Promise<Sklearn> {
  const python = pythonWithPeers(log);
  const first = await startWith(python, threads, {});
  const core = first.about.blas[0]?.core;
  if (!hasAvx512() || avx512Cores.includes(core)) return first;
  first.end();
  log(`OpenBLAS chose its ${core} kernels; set to SkylakeX`);
  return startWith(python, threads, { OPENBLAS_CORETYPE: 'SkylakeX' });
}

async function startWith(python: string, threads: number, env: Readonly<Record<string, string>>): Promise<Sklearn> {
  const limit = String(threads);
  const child = spawn(python, [fileURLToPath(new URL('sklearn_nmf.py', import.meta.url))], {
    env: { ...process.env, OPENBLAS_NUM_THREADS: limit, OMP_NUM_THREADS: limit, ...env },
  });
  child.stderr.pipe(process.stderr);
  const ask = conversation(child, 'scikit-learn');
  const folder = join(cache, 'exchange');
  mkdirSync(folder, { recursive: true });
  const path = (name: string) => join(folder, name);
  const about = (await ask({ op: 'about' })) as unknown as About; // the shape that sklearn_nmf.py writes
  return {
    about,
    hold: async (name, X, precision) => {
      const values = Float64Array.from(X.kind === 'dense' ? X.data : X.values);
      const parts = X.kind === 'dense' ? { values } : { values, indices: X.indices, indptr: X.indptr };
      const files: Record<string, string> = {};
      for (const [part, numbers] of Object.entries(parts)) {
        files[part] = path(part);
        writeRaw(path(part), numbers);
      }
      const dtype = precision === 'f64' ? 'float64' : 'float32';
      await ask({ op: 'data', name, samples: X.cols, features: X.rows, dtype, files });
    },
    forget: async (name) => {
      await ask({ op: 'forget', name });
    },
    fit: async (name, { W, H }, iterations, loss = 'frobenius') => {
      const files = { W: path('W'), H: path('H'), W_out: path('W_out'), H_out: path('H_out') };
      writeRaw(files.W, W.data);
      writeRaw(files.H, H.data);
      const { seconds } = await ask({ op: 'fit', name, k: W.cols, iterations, loss, ...files });
      await setTimeout(SPINNING);
      return {
        seconds: Number(seconds),
        W: dense(W.rows, W.cols, readRaw(files.W_out)),
        H: dense(H.rows, H.cols, readRaw(files.H_out)),
      };
    },
    end: () => child.stdin.end(),
  };
}

function writeRaw(path: string, numbers: Float64Array | Uint32Array): void {
  writeFileSync(path, new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength));
}

function readRaw(path: string): Float64Array {
  const bytes = readFileSync(path);
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}
