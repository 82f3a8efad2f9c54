/** Whether this machine stores numbers with the least significant byte first. */
export const LITTLE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Turns the bytes of numbers of so many bytes each around, in place. */
export function swapBytes(bytes: Uint8Array, width: number): void {
  for (let p = 0; p + width <= bytes.length; p += width)
    for (let a = p, b = p + width - 1; a < b; a++, b--) [bytes[a], bytes[b]] = [bytes[b], bytes[a]];
}

/** 64 bits, the least first, as a number; what is too large for one is larger than any file. */
export const wholeOf = (view: DataView, at: number): number => Number(view.getBigUint64(at, true));
