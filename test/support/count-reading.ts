import { cpSync, readdirSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A process that reads files and says what memory each took: `node --expose-gc` with a list of cases at `process.argv[2]`. Two things are
 * counted: bytes of buffers that were alive at once, of those too that were asked for and never touched; and what the process held.
 */
export interface ReadCase {
  readonly name: string;
  readonly path: string;
  readonly options?: object | undefined;
  /** The file that is damaged, where the path is a folder. */
  readonly part?: string | undefined;
  /** Read in this thread, whatever the format. */
  readonly here?: boolean | undefined;
  /** So many of its bytes are there. */
  readonly cut?: number;
  /** A byte that is another. */
  readonly flip?: { readonly at: number; readonly bits: number };
}

export interface ReadCount {
  readonly name: string;
  readonly size: number;
  /** Bytes of buffers alive at once, beyond those before. */
  readonly buffers: number;
  /** Bytes that the process held beyond those before; 0 where it had held more than that earlier. */
  readonly resident: number;
  /** The code of the IoError; 'read' where it is a matrix; else what was thrown. */
  readonly outcome: string;
}

/** Buffers that are smaller aren't looked at one by one. */
const SMALL = 1 << 16;
let peak = 0;
const seen = (bytes: number) => {
  if (bytes >= SMALL) peak = Math.max(peak, process.memoryUsage().arrayBuffers + bytes);
};

const counted = <T extends new (...args: never[]) => object>(Kind: T, width: number): T =>
  new Proxy(Kind, {
    construct(target, args, made) {
      const [first] = args as unknown[]; // the constructor of any kind of buffer
      if (typeof first === 'number') seen(first * width);
      else if (Array.isArray(first) || ArrayBuffer.isView(first))
        seen(((first as { length?: number }).length ?? 0) * width); // a view of bytes has one
      return Reflect.construct(target, args, made === proxies.get(target) ? target : made);
    },
  });
const proxies = new Map<unknown, unknown>();
const kinds = { ArrayBuffer, Uint8Array, Int8Array, Uint16Array, Int16Array, Uint32Array, Int32Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array }; // biome-ignore format: a list
for (const [name, Kind] of Object.entries(kinds)) {
  const own = counted(Kind, 'BYTES_PER_ELEMENT' in Kind ? Kind.BYTES_PER_ELEMENT : 1);
  proxies.set(Kind, own);
  Object.defineProperty(globalThis, name, { value: own });
}
for (const name of ['alloc', 'allocUnsafe', 'allocUnsafeSlow'] as const) {
  const own = Buffer[name].bind(Buffer);
  const counting = (size: number, ...more: []) => {
    seen(size);
    return own(size, ...more);
  };
  Object.defineProperty(Buffer, name, { value: counting });
}

// What it imports must find the constructors that are counted.
const { readMatrix, IoError } = await import('../../src/index.js');
const { readHere } = await import('../../src/files/read-matrix.js');

/** The file as the case has it: in a place of its own, where it is changed. */
function placeOf({ path, part = '', cut, flip }: ReadCase): string {
  if (cut === undefined && flip === undefined) return path;
  const bytes = readFileSync(join(path, part)).subarray(0, cut);
  if (flip !== undefined) bytes[flip.at] ^= flip.bits;
  const place = part === '' ? path.replace(/\.(.*)$/, '-changed.$1') : `${path}-changed`;
  if (part !== '') cpSync(path, place, { recursive: true });
  writeFileSync(join(place, part), bytes);
  return place;
}

/** Bytes of a file, or of all that are in a folder. */
function sizeOf(path: string): number {
  const own = statSync(path);
  if (!own.isDirectory()) return own.size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}

async function outcomeOf(path: string, { options = {}, here = false }: ReadCase): Promise<string> {
  try {
    await (here ? readHere : readMatrix)(path, options);
    return 'read';
  } catch (error) {
    return error instanceof IoError ? error.code : `thrown: ${String(error)}`;
  }
}

/** The most that the process held: since it was forgotten where that can be done, else since its beginning. */
function forget(): () => number {
  try {
    writeFileSync('/proc/self/clear_refs', '5');
    return () => Number(/VmHWM:\s*(\d+) kB/.exec(readFileSync('/proc/self/status', 'latin1'))?.[1]) * 1024;
  } catch {
    return () => process.resourceUsage().maxRSS * 1024;
  }
}
function alive(): number {
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return arrayBuffers + heapUsed;
}

const cases = JSON.parse(readFileSync(process.argv[2], 'utf8')) as readonly ReadCase[]; // what the test wrote
// Code is compiled and pools are made when each kind of file is read first.
for (const own of cases) if (own.name.endsWith(': whole')) await outcomeOf(own.path, own);
globalThis.gc?.();
const RUBBISH = 1 << 23;

/** Buffers are given back while others run; a second time waits for the first. */
async function collect(): Promise<void> {
  globalThis.gc?.();
  await new Promise(setImmediate);
  globalThis.gc?.();
}
const aliveAtFirst = alive();
for (const own of cases) {
  const path = placeOf(own);
  // Rubbish of those before is none of this one's.
  globalThis.gc?.({ type: 'minor' });
  if (path === own.path || alive() > aliveAtFirst + RUBBISH) await collect();
  const [most, buffers, held] = [forget(), process.memoryUsage().arrayBuffers, process.memoryUsage.rss()];
  const before = most();
  peak = buffers;
  const outcome = await outcomeOf(path, own);
  const after = most();
  const count: ReadCount = {
    ...{ name: own.name, size: sizeOf(path), outcome },
    ...{ buffers: peak - buffers, resident: after > before ? after - held : 0 },
  };
  writeSync(1, `${JSON.stringify(count)}\n`);
}
