import { NEWLINE } from './decimal.js';

/** The part of a text that is being read: whoever reads moves `at`, and `more` lets it slide on. */
export interface TextWindow {
  /** What is not read yet is from `at` to `end`; the byte at `end` is the end of a line. */
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;
  /** Bytes of the text before `at`. */
  readonly consumed: number;
  /**
   * What is left, and the next piece behind it; a text that ends without the end of a line is given one.
   *
   * @returns false at the end of the text.
   */
  more(): Promise<boolean>;
  /** Nothing more is asked for: whoever reads the pieces may let go of them. */
  close(): Promise<void>;
}

/** @param tooLong makes the error of what is longer than `longest` and still not whole. */
export function textWindow(pieces: AsyncIterable<Uint8Array>, longest: number, tooLong: () => Error): TextWindow {
  const reader = pieces[Symbol.asyncIterator]();
  let bytes = Uint8Array.of(NEWLINE);
  let [at, end, read] = [0, 0, 0];
  let over = false;

  async function more(): Promise<boolean> {
    if (over) return false;
    if (end - at > longest) throw tooLong();
    const { value, done } = await reader.next();
    const own = done ? Uint8Array.of(NEWLINE) : value;
    over = done === true;
    if (over && end === at) return false;
    const left = end - at;
    if (bytes.length <= left + own.length) {
      const larger = new Uint8Array(left + own.length + 1);
      larger.set(bytes.subarray(at, end));
      bytes = larger;
    } else bytes.copyWithin(0, at, end);
    bytes.set(own, left);
    [at, end] = [0, left + own.length];
    bytes[end] = NEWLINE;
    if (!over) read += own.length;
    return true;
  }

  return {
    get bytes() {
      return bytes;
    },
    get at() {
      return at;
    },
    set at(to) {
      at = to;
    },
    get end() {
      return end;
    },
    get consumed() {
      // The end that a text was given is none of its bytes.
      return read - Math.max(0, end - at - (over ? 1 : 0));
    },
    more,
    async close() {
      await reader.return?.();
    },
  };
}
