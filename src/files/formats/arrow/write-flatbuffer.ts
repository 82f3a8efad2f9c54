/** What stands in a field of a table: a number of so many bytes, a text, a table, or a list of tables or of structs. */
export type FlatValue =
  | { readonly bytes: 1 | 2 | 4 | 8; readonly value: number }
  | { readonly text: string }
  | { readonly table: FlatFields }
  | { readonly tables: readonly FlatFields[] }
  /** Numbers of 8 bytes, so many of them to a struct. */
  | { readonly structs: readonly number[]; readonly of: number };

/** Fields by their places; undefined: absent. */
export type FlatFields = readonly (FlatValue | undefined)[];

/** A flatbuffer that begins with a table: what a table refers to stands behind it. Every field takes eight bytes. */
export function flatBytes(root: FlatFields): Uint8Array {
  let bytes = new Uint8Array(1 << 12);
  let view = new DataView(bytes.buffer);
  let end = 0;

  /** Room for so many bytes, at a multiple of eight or a few bytes behind one; @returns where it begins. */
  function room(count: number, behind = 0): number {
    const from = Math.ceil((end - behind) / 8) * 8 + behind;
    end = from + count;
    if (end > bytes.length) {
      const larger = new Uint8Array(2 * end);
      larger.set(bytes);
      bytes = larger;
      view = new DataView(bytes.buffer);
    }
    return from;
  }

  /** A list: its length before its elements, these at a multiple of eight. */
  function list(count: number, bytesOfAll: number): number {
    const at = room(4 + bytesOfAll, 4);
    view.setUint32(at, count, true);
    return at;
  }

  function table(fields: FlatFields): number {
    const slots = room(4 + 2 * fields.length);
    const at = room(8 * (1 + fields.length));
    view.setUint16(slots, 4 + 2 * fields.length, true);
    view.setUint16(slots + 2, 8 * (1 + fields.length), true);
    view.setInt32(at, at - slots, true);
    for (const [f, field] of fields.entries()) {
      if (field === undefined) continue;
      view.setUint16(slots + 4 + 2 * f, 8 * (1 + f), true);
      put(field, at + 8 * (1 + f));
    }
    return at;
  }

  const refer = (from: number, to: number) => view.setUint32(from, to - from, true);

  function put(field: FlatValue, at: number): void {
    if ('value' in field) number(field.bytes, field.value, at);
    else refer(at, placed(field));
  }

  /** What stands behind a table that refers to it; @returns where. */
  function placed(field: Exclude<FlatValue, { readonly value: number }>): number {
    if ('table' in field) return table(field.table);
    if ('text' in field) {
      const own = new TextEncoder().encode(field.text);
      // A zero stands behind it.
      const from = list(own.length, own.length + 1);
      bytes.set(own, from + 4);
      return from;
    }
    if ('tables' in field) {
      const from = list(field.tables.length, 4 * field.tables.length);
      for (const [i, own] of field.tables.entries()) refer(from + 4 * (1 + i), table(own));
      return from;
    }
    const from = list(field.structs.length / field.of, 8 * field.structs.length);
    for (const [i, own] of field.structs.entries()) number(8, own, from + 4 + 8 * i);
    return from;
  }

  function number(width: 1 | 2 | 4 | 8, value: number, at: number): void {
    if (width === 1) view.setUint8(at, value);
    else if (width === 2) view.setInt16(at, value, true);
    else if (width === 4) view.setInt32(at, value, true);
    else view.setBigInt64(at, BigInt(value), true);
  }

  const start = room(4);
  const first = table(root);
  refer(start, first);
  return bytes.subarray(0, Math.ceil(end / 8) * 8);
}
