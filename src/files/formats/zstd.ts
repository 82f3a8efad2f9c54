import { loadZstd } from '../peers.js';

const MAGIC = 0xfd2fb528;
/** What a block unpacks to at most. */
const BLOCK = 1 << 17;

/**
 * Unpacks one Zstandard frame that says its length.
 *
 * @param length the bytes that it unpacks to
 * @throws RangeError for what is no whole frame of so many bytes.
 * @throws MissingPeerError where the package that unpacks it isn't there.
 * @see https://www.rfc-editor.org/rfc/rfc8878
 */
export async function unpackZstd(input: Uint8Array, length: number): Promise<Uint8Array> {
  const unpack = await loadZstd();
  if (unpack === undefined) throw new Error('the package unpacks ZSTD'); // it does in all versions that will do
  checkFrame(input, length);
  let output: Uint8Array;
  try {
    output = await unpack(input, length);
  } catch (error) {
    throw new RangeError(error instanceof Error ? error.message : String(error), { cause: error });
  }
  if (output.length !== length) throw new RangeError(`${output.length} bytes for ${length}`);
  return output;
}

/** The package takes what room a frame asks for: it must be what was said beside it, and what its blocks can fill. */
function checkFrame(input: Uint8Array, length: number): void {
  const view = new DataView(input.buffer, input.byteOffset, input.length);
  const flags = view.getUint8(4);
  if (view.getUint32(0, true) !== MAGIC) throw new RangeError('no ZSTD frame');
  const [sizes, single, sum, dictionary] = [flags >>> 6, (flags >>> 5) & 1, (flags >>> 2) & 1, flags & 3];
  if (dictionary !== 0) throw new RangeError('a ZSTD frame with a dictionary');
  let at = 6 - single;
  const said = ((): bigint | number => {
    if (sizes === 3) return view.getBigUint64(at, true);
    if (sizes === 2) return view.getUint32(at, true);
    if (sizes === 1) return view.getUint16(at, true) + 256;
    if (single === 1) return view.getUint8(at);
    throw new RangeError('a ZSTD frame without its length');
  })();
  if (Number(said) !== length) throw new RangeError(`a ZSTD frame of ${said} bytes for ${length}`);
  at += sizes === 0 ? single : 1 << sizes;
  let most = 0;
  for (let last = 0; last === 0; ) {
    const block = view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
    last = block & 1;
    // One that repeats a byte has but this one.
    at += 3 + (((block >>> 1) & 3) === 1 ? 1 : block >>> 3);
    most += BLOCK;
  }
  if (at + 4 * sum !== input.length || length > most) throw new RangeError('a ZSTD frame that is cut');
}
