import { LITTLE, swapBytes } from '../files/byte-order.js';
import { lengthAt, type Tensor, type TensorFile, tensorHeader } from '../files/formats/safetensors.js';

export { type Tensor, type TensorFile, toBytes } from '../files/formats/safetensors.js';

/**
 * What a safetensors file holds, tensors of 64-bit or 32-bit numbers only.
 *
 * @throws RangeError that says what is wrong with it.
 */
export function fromBytes(bytes: Uint8Array): TensorFile {
  if (bytes.length < 8) throw new RangeError('it ends before its header');
  const length = lengthAt(bytes);
  // The header is JSON.
  if (bytes.length > 8 && bytes[8] !== 0x7b) throw new RangeError('it begins as none does: is it another file?');
  if (length > bytes.length - 8) throw new RangeError('it ends within its header');
  const body = bytes.subarray(8 + length);
  const { places, metadata } = tensorHeader(bytes.subarray(8, 8 + length), body.length);
  const tensors = new Map<string, Tensor>();
  for (const { name, shape, type, from, to } of places) {
    if (type !== 'f8' && type !== 'f4') throw new RangeError(`tensor '${name}' is not of 64-bit or 32-bit numbers`);
    // A copy: a Buffer's slice would be a view of all that was read.
    const own = new Uint8Array(body.subarray(from, to));
    if (!LITTLE) swapBytes(own, type === 'f8' ? 8 : 4);
    tensors.set(name, { shape, data: type === 'f8' ? new Float64Array(own.buffer) : new Float32Array(own.buffer) });
  }
  return { tensors, metadata };
}
