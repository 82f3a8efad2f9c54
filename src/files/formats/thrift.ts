/** A struct in Thrift's compact protocol (Apache Thrift, thrift-compact-protocol.md): its numbers, and the structs in it, by their ids. */
export interface ThriftStruct {
  readonly numbers: ReadonlyMap<number, number>;
  readonly structs: ReadonlyMap<number, ThriftStruct>;
  /** Where what is behind it begins. */
  readonly end: number;
}

/** Types of fields. */
const [STOP, TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT] = Array.from({ length: 13 }, (_, n) => n); // biome-ignore format: a list
/** Structs within structs: more than any file has. */
const DEEPEST = 40;

/**
 * The struct that begins at a byte; texts and lists are passed over, and are within the bytes.
 *
 * @throws RangeError where it isn't whole.
 */
export function thriftStruct(bytes: Uint8Array, begin: number): ThriftStruct {
  let at = begin;
  const demand = (holds: boolean) => {
    if (!holds) throw new RangeError(`what isn't whole at byte ${at}`);
  };
  const byte = (): number => {
    demand(at < bytes.length);
    return bytes[at++];
  };
  const varint = (): number => {
    let [value, scale] = [0, 1];
    for (let own = byte(); ; own = byte(), scale *= 128) {
      value += (own & 0x7f) * scale;
      if (own < 0x80) return value;
      demand(scale < 2 ** 63);
    }
  };
  const whole = (): number => {
    const zigzag = varint();
    return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
  };
  const skip = (length: number) => {
    demand(length <= bytes.length - at);
    at += length;
  };
  function list(depth: number): void {
    const head = byte();
    const count = head >> 4 === 15 ? varint() : head >> 4;
    // Each takes a byte at least.
    demand(count <= bytes.length - at);
    for (let n = 0; n < count; n++) {
      if ((head & 15) === TRUE || (head & 15) === FALSE) skip(1);
      else value(head & 15, depth);
    }
  }
  function map(depth: number): void {
    const count = varint();
    demand(count <= bytes.length - at);
    const kinds = count === 0 ? 0 : byte();
    for (let n = 0; n < count; n++) for (const kind of [kinds >> 4, kinds & 15]) value(kind, depth);
  }
  function value(kind: number, depth: number): number | ThriftStruct | undefined {
    demand(depth < DEEPEST && kind !== STOP && kind <= STRUCT);
    if (kind === TRUE || kind === FALSE) return undefined;
    if (kind === BYTE) return byte();
    if (kind === I16 || kind === I32 || kind === I64) return whole();
    if (kind === STRUCT) return struct(depth + 1);
    if (kind === DOUBLE) skip(8);
    else if (kind === BINARY) skip(varint());
    else if (kind === MAP) map(depth + 1);
    else if (kind === LIST || kind === SET) list(depth + 1);
    return undefined;
  }
  function struct(depth: number): ThriftStruct {
    const numbers = new Map<number, number>();
    const structs = new Map<number, ThriftStruct>();
    let id = 0;
    for (let head = byte(); (head & 15) !== STOP; head = byte()) {
      id = head >> 4 === 0 ? whole() : id + (head >> 4);
      const own = value(head & 15, depth);
      if (typeof own === 'number') numbers.set(id, own);
      else if (own !== undefined) structs.set(id, own);
    }
    return { numbers, structs, end: at };
  }
  return struct(0);
}
