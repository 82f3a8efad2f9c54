/** Whether this machine stores numbers with the least significant byte first. */
export const LITTLE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Turns the bytes of numbers of so many bytes each around, in place. */
export function swapBytes(bytes: Uint8Array, width: number): void {
  for (let p = 0; p + width <= bytes.length; p += width)
    for (let a = p, b = p + width - 1; a < b; a++, b--) [bytes[a], bytes[b]] = [bytes[b], bytes[a]];
}
