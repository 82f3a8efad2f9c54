import { readFileSync, statSync, writeSync } from 'node:fs';

/**
 * A process that reads files and says what memory each took: `node --expose-gc` with a list of cases at `process.argv[2]`. Two things are
 * counted: bytes of buffers that were alive at once, of those too that were asked for and never touched; and what the process held.
 */
export interface ReadCase {
  readonly name: string;
  readonly path: string;
  readonly options?: object | undefined;
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
      else if (Array.isArray(first) || ArrayBuffer.isView(first)) seen(((first as { length?: number }).length ?? 0) * width); // a view of bytes has one
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

async function outcomeOf({ path, options }: ReadCase): Promise<string> {
  try {
    await readMatrix(path, options);
    return 'read';
  } catch (error) {
    return error instanceof IoError ? error.code : `thrown: ${String(error)}`;
  }
}

const most = () => process.resourceUsage().maxRSS * 1024;
const cases = JSON.parse(readFileSync(process.argv[2], 'utf8')) as readonly ReadCase[]; // what the test wrote
// Code is compiled and pools are made when each kind of file is read first.
for (const own of cases) if (own.name.endsWith(': whole')) await outcomeOf(own);
for (const own of cases) {
  globalThis.gc?.();
  const [buffers, held, before] = [process.memoryUsage().arrayBuffers, process.memoryUsage.rss(), most()];
  peak = buffers;
  const outcome = await outcomeOf(own);
  const after = most();
  const count: ReadCount = {
    ...{ name: own.name, size: statSync(own.path).size, outcome },
    ...{ buffers: peak - buffers, resident: after > before ? after - held : 0 },
  };
  writeSync(1, `${JSON.stringify(count)}\n`);
}
