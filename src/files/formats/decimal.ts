const BYTES = new TextEncoder().encode('\n\r \t+-.09eE');
export const [NEWLINE, RETURN, SPACE, TAB] = BYTES;
const [, , , , PLUS, MINUS, DOT, ZERO, NINE, SMALL_E, LARGE_E] = BYTES;
export const DIGIT_ZERO = ZERO;
/** A whole number of so many digits is exact, and so is it times or divided by a power of ten up to 22 (Clinger 1990). */
export const EXACT_DIGITS = 15;
const EXACT = 2 ** 53;
const POWERS = Array.from({ length: 23 }, (_, power) => Number(`1e${power}`));
/** Letters of a number that is looked at again. */
const LONGEST = 400;

/** Which bytes end a number, by their value. */
export type Ends = Uint8Array;

/** A table of such bytes; the end of a line is one. */
export function endsAt(...bytes: readonly number[]): Ends {
  const ends = new Uint8Array(256);
  for (const byte of [NEWLINE, ...bytes]) ends[byte] = 1;
  return ends;
}

/** The number that was read last. */
export interface LastNumber {
  value: number;
}

/** Reads the number that begins at a byte, in bytes that have an end of a line behind it, into `last`; where it ends, or −1. */
export function readDecimal(bytes: Uint8Array, from: number, ends: Ends, last: LastNumber): number {
  let p = from;
  let byte = bytes[p];
  const negative = byte === MINUS;
  if (negative || byte === PLUS) byte = bytes[++p];
  let [mantissa, digits, scale] = [0, 0, 0];
  for (; byte >= ZERO && byte <= NINE; byte = bytes[++p]) {
    mantissa = mantissa * 10 + (byte - ZERO);
    digits++;
  }
  if (byte === DOT)
    for (byte = bytes[++p]; byte >= ZERO && byte <= NINE; byte = bytes[++p]) {
      mantissa = mantissa * 10 + (byte - ZERO);
      digits++;
      scale--;
    }
  if ((byte === SMALL_E || byte === LARGE_E) && digits > 0) {
    let q = p + 1;
    const down = bytes[q] === MINUS;
    if (down || bytes[q] === PLUS) q++;
    const first = q;
    let power = 0;
    for (; bytes[q] >= ZERO && bytes[q] <= NINE && q < first + 4; q++) power = power * 10 + (bytes[q] - ZERO);
    if (q > first) {
      scale += down ? -power : power;
      p = q;
      byte = bytes[p];
    }
  }
  // What passed 2⁵³ is not below it however it was rounded on the way.
  if (ends[byte] === 1 && digits > 0 && p - from <= LONGEST) {
    if (mantissa < EXACT && scale >= -22 && scale <= 22) {
      const size = scale === 0 ? mantissa : scale < 0 ? mantissa / POWERS[-scale] : mantissa * POWERS[scale];
      last.value = negative ? -size : size;
    } else last.value = Number(String.fromCharCode(...bytes.subarray(from, p)));
    return p;
  }
  while (ends[bytes[p]] === 0) p++;
  const read = numberOf(String.fromCharCode(...bytes.subarray(from, Math.min(p, from + LONGEST))));
  last.value = read ?? 0;
  return read === null ? -1 : p;
}

const WORDS: Readonly<Record<string, number>> = { nan: Number.NaN, inf: Infinity, infinity: Infinity };

/** A number as programs write them: decimal, NaN, infinite; null for anything else. */
export function numberOf(text: string): number | null {
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eEdD][+-]?\d+)?$/.test(text)) return Number(text.replace(/[dD]/, 'e'));
  const [, sign, word] = /^([+-]?)(nan|inf|infinity)$/i.exec(text) ?? [];
  return word === undefined ? null : (sign === '-' ? -1 : 1) * WORDS[word.toLowerCase()];
}
