import type { Span } from './file.js';

/** Bytes that are read at a time. */
const AT_A_TIME = 1 << 16;

/** Numbers below 2³² of as many bytes as they need: 7 bits each, the least first; the eighth says that another byte follows (LEB128). */
export interface Varints {
  /** Fills with the next numbers; false where there are not so many. */
  fill(into: Uint32Array): Promise<boolean>;
  /** Whether the last number has been read. */
  ended(): boolean;
}

export function varints(span: Span): Varints {
  let bytes: Uint8Array = new Uint8Array(0);
  let at = 0;
  return {
    async fill(into) {
      for (let n = 0; n < into.length; n++) {
        for (let [value, weight, byte] = [0, 1, 0x80]; byte >= 0x80; weight *= 128) {
          if (at === bytes.length) {
            if (span.left() === 0) return false;
            bytes = await span.take(Math.min(span.left(), AT_A_TIME));
            at = 0;
          }
          byte = bytes[at++];
          value += (byte & 0x7f) * weight;
          if (value >= 2 ** 32 || weight > 2 ** 28) return false;
          into[n] = value;
        }
      }
      return true;
    },
    ended: () => at === bytes.length && span.left() === 0,
  };
}
