import type { Floats } from '../../../matrix.js';
import { LITTLE, swapBytes } from '../../byte-order.js';
import { halfOf } from '../numbers.js';

export const bytesOf = ({ buffer, byteOffset, byteLength }: Floats): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/**
 * Makes numbers of the bytes that lie in their places, the least first: all bytes of each, or two of four where they are of 16 bits.
 */
export function bytesToNumbers(values: Floats, width: number): void {
  const bytes = bytesOf(values);
  if (width === 2) for (let n = 0; n < values.length; n++) values[n] = halfOf(bytes[4 * n] + 256 * bytes[4 * n + 1]);
  else if (!LITTLE) swapBytes(bytes, width);
}
