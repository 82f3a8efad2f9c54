import type { Source } from '../source.js';

const BYTES = new TextEncoder().encode('\n\r \t%+-.09');
const [NEWLINE, RETURN, SPACE, TAB, PERCENT, PLUS, MINUS, DOT, ZERO, NINE] = BYTES;
/** A line that is longer is no line of numbers. */
const LONGEST = 1 << 16;
/** A whole number of so many digits is exact, and so is it times or divided by a power of ten up to 22 (Clinger 1990). */
const EXACT_DIGITS = 15;
const POWERS = Array.from({ length: 23 }, (_, power) => Number(`1e${power}`));

const isBlank = (byte: number): boolean => byte === SPACE || byte === TAB || byte === RETURN;

/** Told of the numbers of a line; what is wrong with them, or null. */
export type TellNumbers = (a: number, b: number, c: number) => string | null;

/** Text that comes in pieces, line by line. */
export interface Lines {
  /** The line that was read last, from 1. */
  readonly line: number;
  /** The next line without its end; undefined at the end of the text. */
  next(): Promise<string | undefined>;
  /**
   * Reads up to `most` lines of 1, 2 or 3 numbers each; lines that are empty and comments (%) don't count.
   *
   * @returns how many are left to be read where the text ends before.
   */
  numbers(perLine: 1 | 2 | 3, most: number, tell: TellNumbers): Promise<number>;
  /** Whether nothing but empty lines and comments is left. */
  ended(): Promise<boolean>;
}

/** @throws IoError 'damaged' with the line. */
export function lines(pieces: AsyncIterable<Uint8Array>, source: Source): Lines {
  const reader = pieces[Symbol.asyncIterator]();
  let bytes = new Uint8Array(0);
  let [at, end] = [0, 0];
  let over = false;
  let line = 0;
  const fault = (rule: string) => source.fault('damaged', rule, { line });

  /** What is left of the piece, and the next one behind it; a text that ends without the end of a line is given one. */
  async function more(): Promise<boolean> {
    if (over) return false;
    if (end - at > LONGEST) throw fault(`A line must have ${LONGEST} letters at most; got a longer one`);
    const { value, done } = await reader.next();
    const own = done ? Uint8Array.of(NEWLINE) : value;
    over = done === true;
    if (over && end === at) return false;
    const left = end - at;
    if (bytes.length < left + own.length) {
      const larger = new Uint8Array(left + own.length);
      larger.set(bytes.subarray(at, end));
      bytes = larger;
    } else bytes.copyWithin(0, at, end);
    bytes.set(own, left);
    [at, end] = [0, left + own.length];
    return true;
  }

  const ready = async (): Promise<boolean> => {
    while (bytes.subarray(at, end).indexOf(NEWLINE) < 0) if (!(await more())) return false;
    return true;
  };

  async function next(): Promise<string | undefined> {
    if (!(await ready())) return undefined;
    const stop = at + bytes.subarray(at, end).indexOf(NEWLINE);
    const text = new TextDecoder().decode(bytes.subarray(at, stop));
    at = stop + 1;
    line++;
    return text.replace(/\r$/, '');
  }

  let value = 0;
  /** Reads the number at `p` into `value`; where it ends, or −1. */
  function number(p: number): number {
    const from = p;
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
    const whole = byte === NEWLINE || byte === SPACE || byte === TAB || byte === RETURN;
    if (whole && digits > 0 && digits <= EXACT_DIGITS && scale >= -22) {
      const size = scale === 0 ? mantissa : mantissa / POWERS[-scale];
      value = negative ? -size : size;
      return p;
    }
    while (!(byte === NEWLINE || byte === SPACE || byte === TAB || byte === RETURN)) byte = bytes[++p];
    const read = numberOf(String.fromCharCode(...bytes.subarray(from, Math.min(p, from + 400))));
    value = read ?? 0;
    return read === null ? -1 : p;
  }

  /** Lines that are whole, until so many are read. */
  function readWhole(perLine: 1 | 2 | 3, most: number, tell: TellNumbers): number {
    // What is read often is near: a field of a closure is looked up each time.
    const own = bytes;
    // Within what ends with the end of a line nothing is read beyond it.
    const stop = own.lastIndexOf(NEWLINE, end - 1) + 1;
    let [p, count, read] = [at, 0, 0];
    let [a, b, c] = [0, 0, 0];
    while (count < most && p < stop) {
      read++;
      while (isBlank(own[p])) p++;
      if (own[p] === PERCENT) while (own[p] !== NEWLINE) p++;
      if (own[p] === NEWLINE) {
        p++;
        continue;
      }
      const begin = p;
      for (let n = 0; n < perLine && p >= 0; n++) {
        // Most are whole numbers of few digits.
        let [x, q] = [0, p];
        for (let digit = own[q] - ZERO; digit >= 0 && digit <= 9; digit = own[++q] - ZERO) x = x * 10 + digit;
        if (q > p && q - p <= EXACT_DIGITS && own[q] <= SPACE) p = q;
        else {
          p = own[p] === NEWLINE ? -1 : number(p);
          x = value;
        }
        while (isBlank(own[p])) p++;
        if (n === 0) a = x;
        else if (n === 1) b = x;
        else c = x;
      }
      if (own[p] !== NEWLINE) {
        line += read;
        const text = String.fromCharCode(...own.subarray(begin, Math.min(begin + 60, own.indexOf(NEWLINE, begin))));
        throw fault(`A line must hold ${perLine === 1 ? 'a number' : `${perLine} numbers`}; got '${text}'`);
      }
      const wrong = tell(a, b, c);
      if (wrong !== null) {
        line += read;
        throw fault(wrong);
      }
      p++;
      count++;
    }
    at = p;
    line += read;
    return count;
  }

  async function numbers(perLine: 1 | 2 | 3, most: number, tell: TellNumbers): Promise<number> {
    let left = most;
    while (left > 0 && (await ready())) left -= readWhole(perLine, left, tell);
    return left;
  }

  async function ended(): Promise<boolean> {
    for (let text = await next(); text !== undefined; text = await next())
      if (text.trim() !== '' && !text.startsWith('%')) return false;
    return true;
  }

  return {
    get line() {
      return line;
    },
    next,
    numbers,
    ended,
  };
}

const WORDS: Readonly<Record<string, number>> = { nan: Number.NaN, inf: Infinity, infinity: Infinity };

/** A number as programs write them: decimal, NaN, infinite; null for anything else. */
export function numberOf(text: string): number | null {
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eEdD][+-]?\d+)?$/.test(text)) return Number(text.replace(/[dD]/, 'e'));
  const [, sign, word] = /^([+-]?)(nan|inf|infinity)$/i.exec(text) ?? [];
  return word === undefined ? null : (sign === '-' ? -1 : 1) * WORDS[word.toLowerCase()];
}
