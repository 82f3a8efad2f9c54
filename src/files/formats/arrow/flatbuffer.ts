/**
 * A table of a flatbuffer: fields by their places in its schema, each absent or there. Offsets lead forward only, so that nothing leads back
 * to itself.
 *
 * @see https://flatbuffers.dev/internals/
 */
export interface FlatTable {
  /** Whole numbers of 1, 2, 4 and 8 bytes; `otherwise` where the field is absent. */
  byte(field: number, otherwise?: number): number;
  short(field: number, otherwise?: number): number;
  int(field: number, otherwise?: number): number;
  long(field: number, otherwise?: number): number;
  text(field: number): string;
  table(field: number): FlatTable | undefined;
  tables(field: number): readonly FlatTable[];
  /** Each of a list of structs of so many bytes. */
  structs(field: number, size: number): readonly FlatStruct[];
  longs(field: number): readonly number[];
}

/** Numbers one after the other, at so many bytes from the beginning. */
export interface FlatStruct {
  int(at: number): number;
  long(at: number): number;
}

/** The table that a flatbuffer begins with; what leads out of the bytes is a RangeError. */
export function flatTable(bytes: Uint8Array): FlatTable {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return tableAt(view, view.getUint32(0, true));
}

const longAt = (view: DataView, at: number): number => Number(view.getBigInt64(at, true));

function tableAt(view: DataView, start: number): FlatTable {
  const fields = start - view.getInt32(start, true);
  const size = view.getUint16(fields, true);
  /** Where a field lies; 0: it is absent. */
  const placeOf = (field: number): number => {
    const slot = 4 + 2 * field;
    const from = slot + 2 > size ? 0 : view.getUint16(fields + slot, true);
    return from === 0 ? 0 : start + from;
  };
  const number = (read: (at: number) => number) => (field: number, otherwise?: number) => {
    const at = placeOf(field);
    return at === 0 ? (otherwise ?? 0) : read(at);
  };
  /** Where a list begins, of elements of so many bytes, and how many there are. */
  const list = (field: number, width: number): readonly [from: number, count: number] => {
    const at = placeOf(field);
    if (at === 0) return [0, 0];
    const from = at + view.getUint32(at, true);
    const count = view.getUint32(from, true);
    if (from + 4 + count * width > view.byteLength) throw new RangeError(`a list of ${count} at ${from}`);
    return [from + 4, count];
  };
  const each = <T>(field: number, width: number, read: (at: number) => T): readonly T[] => {
    const [from, count] = list(field, width);
    return Array.from({ length: count }, (_, i) => read(from + i * width));
  };
  return {
    byte: number((at) => view.getUint8(at)),
    short: number((at) => view.getInt16(at, true)),
    int: number((at) => view.getInt32(at, true)),
    long: number((at) => longAt(view, at)),
    text(field) {
      const [from, count] = list(field, 1);
      return new TextDecoder('utf-8', { ignoreBOM: true }).decode(
        new Uint8Array(view.buffer, view.byteOffset + from, count),
      );
    },
    table(field) {
      const at = placeOf(field);
      return at === 0 ? undefined : tableAt(view, at + view.getUint32(at, true));
    },
    tables: (field) => each(field, 4, (at) => tableAt(view, at + view.getUint32(at, true))),
    structs: (field, width) =>
      each(field, width, (at) => ({
        int: (from) => view.getInt32(at + from, true),
        long: (from) => longAt(view, at + from),
      })),
    longs: (field) => each(field, 8, (at) => longAt(view, at)),
  };
}
