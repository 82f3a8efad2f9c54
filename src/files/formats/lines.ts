import type { Source } from '../source.js';
import * as letters from './decimal.js';
import { textWindow } from './text-window.js';

// What is imported is looked up each time it is used; these are compared with every byte.
const { NEWLINE, RETURN, SPACE, TAB, DIGIT_ZERO: ZERO, EXACT_DIGITS, readDecimal } = letters;

/** A line that is longer is no line of numbers. */
const LONGEST = 1 << 16;
const PERCENT = 0x25;
const ENDS = letters.endsAt(SPACE, TAB, RETURN);

const isBlank = (byte: number): boolean => byte === SPACE || byte === TAB || byte === RETURN;

/** Told of the numbers of a line; what is wrong with them, or null. */
export type TellNumbers = (a: number, b: number, c: number) => string | null;

/** Text that comes in pieces, line by line. */
export interface Lines {
  /** The line that was read last, from 1. */
  readonly line: number;
  /** Bytes that were read. */
  readonly consumed: number;
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
  /** Nothing more is asked for. */
  close(): Promise<void>;
}

/** @throws IoError 'damaged' with the line. */
export function lines(pieces: AsyncIterable<Uint8Array>, source: Source): Lines {
  let line = 0;
  const fault = (rule: string) => source.fault('damaged', rule, { line });
  const text = textWindow(pieces, LONGEST, () =>
    fault(`A line must have ${LONGEST} letters at most; got a longer one`),
  );
  const last: letters.LastNumber = { value: 0 };

  const ready = async (): Promise<boolean> => {
    while (text.bytes.subarray(text.at, text.end).indexOf(NEWLINE) < 0) if (!(await text.more())) return false;
    return true;
  };

  async function next(): Promise<string | undefined> {
    if (!(await ready())) return undefined;
    const { bytes, at } = text;
    const stop = bytes.indexOf(NEWLINE, at);
    text.at = stop + 1;
    line++;
    return new TextDecoder().decode(bytes.subarray(at, stop)).replace(/\r$/, '');
  }

  /** Lines that are whole, until so many are read. */
  function readWhole(perLine: 1 | 2 | 3, most: number, tell: TellNumbers): number {
    // What is read often is near: a field of a closure is looked up each time.
    const own = text.bytes;
    // Within what ends with the end of a line nothing is read beyond it.
    const stop = own.lastIndexOf(NEWLINE, text.end - 1) + 1;
    let [p, count, read] = [text.at, 0, 0];
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
          p = own[p] === NEWLINE ? -1 : readDecimal(own, p, ENDS, last);
          x = last.value;
        }
        while (isBlank(own[p])) p++;
        if (n === 0) a = x;
        else if (n === 1) b = x;
        else c = x;
      }
      if (own[p] !== NEWLINE) {
        line += read;
        const got = String.fromCharCode(...own.subarray(begin, Math.min(begin + 60, own.indexOf(NEWLINE, begin))));
        throw fault(`A line must hold ${perLine === 1 ? 'a number' : `${perLine} numbers`}; got '${got}'`);
      }
      const wrong = tell(a, b, c);
      if (wrong !== null) {
        line += read;
        throw fault(wrong);
      }
      p++;
      count++;
    }
    text.at = p;
    line += read;
    return count;
  }

  async function numbers(perLine: 1 | 2 | 3, most: number, tell: TellNumbers): Promise<number> {
    let left = most;
    while (left > 0 && (await ready())) left -= readWhole(perLine, left, tell);
    return left;
  }

  async function ended(): Promise<boolean> {
    for (let own = await next(); own !== undefined; own = await next())
      if (own.trim() !== '' && !own.startsWith('%')) return false;
    return true;
  }

  return {
    get line() {
      return line;
    },
    get consumed() {
      return text.consumed;
    },
    next,
    numbers,
    ended,
    close: text.close,
  };
}
