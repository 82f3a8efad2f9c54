/** Numbers below 2³² of as many bytes as they need: 7 bits each, the least first; the eighth says that another byte follows (LEB128). */
export interface Varints {
  /** Goes on with these bytes; false where they are none, or one too many. */
  push(bytes: Uint8Array): boolean;
  /** Whether the last number has ended. */
  ended(): boolean;
}

/** Reads numbers piece by piece; `tell` says whether there is a place for one. */
export function varints(tell: (value: number) => boolean): Varints {
  let [value, weight] = [0, 1];
  return {
    push(bytes) {
      for (const byte of bytes) {
        value += (byte & 0x7f) * weight;
        weight *= 128;
        if (value >= 2 ** 32 || weight > 2 ** 35) return false;
        if (byte >= 0x80) continue;
        if (!tell(value)) return false;
        [value, weight] = [0, 1];
      }
      return true;
    },
    ended: () => weight === 1,
  };
}
