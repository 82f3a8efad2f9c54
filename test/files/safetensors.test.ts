import { describe, expect, test } from 'vitest';
import { factorInput, factorNet, nmfLayer, readMatrix, saveFit } from '../../src/index.js';
import { toRows } from '../../src/matrix.js';
import { faultOf, testFolder } from '../support/files.js';
import { uniform } from '../support/matrices.js';

const { place, file } = testFolder();

/** A file of this header with these bytes behind it. */
function bytesOf(header: unknown, body: Uint8Array): Uint8Array {
  const text = typeof header === 'string' ? header : JSON.stringify(header);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(Buffer.byteLength(text)), true);
  return Buffer.concat([length, Buffer.from(text), body]);
}
const bytes = (list: ArrayBufferView) => new Uint8Array(list.buffer, list.byteOffset, list.byteLength);

describe('.safetensors', () => {
  test.each([
    ['F64', Float64Array.of(1.5, -0, NaN, 1e300), undefined],
    ['F32', Float32Array.of(1.5, -0, NaN, 1e30), undefined],
    ['F16', Uint16Array.of(0x3c00, 0xc000, 0x7e00, 0x0001), [1, -2, NaN, 2 ** -24]],
    ['BF16', Uint16Array.of(0x3f80, 0xc000, 0x7fc0, 0x4049), [1, -2, NaN, 3.140625]],
    ['I64', BigInt64Array.of(1n, -2n, 2n ** 53n, 0n), [1, -2, 2 ** 53, 0]],
    ['I32', Int32Array.of(1, -2, 2 ** 31 - 1, 0), undefined],
    ['I16', Int16Array.of(1, -2, 300, 0), undefined],
    ['I8', Int8Array.of(1, -2, 127, 0), undefined],
    ['U64', BigUint64Array.of(1n, 2n, 2n ** 53n, 0n), [1, 2, 2 ** 53, 0]],
    ['U32', Uint32Array.of(1, 2, 2 ** 32 - 1, 0), undefined],
    ['U16', Uint16Array.of(1, 2, 65535, 0), undefined],
    ['U8', Uint8Array.of(1, 2, 255, 0), undefined],
    ['BOOL', Uint8Array.of(1, 0, 0, 1), undefined],
  ])('%s: by name, and alone; listed in any order', async (dtype, list, wanted) => {
    const body = bytes(list);
    const other = { dtype: 'F8_E4M3', shape: [3], data_offsets: [0, 3] };
    const own = (from: number) => ({ dtype, shape: [2, 2], data_offsets: [from, from + body.length] });
    const alone = await readMatrix(await file(bytesOf({ __metadata__: { a: 'b' }, x: own(0) }, body), 'bin'));
    const header = { x: own(3), other };
    const path = await file(bytesOf(header, Buffer.concat([Uint8Array.of(1, 2, 3), body])), 'safetensors');
    expect(await readMatrix(path, { array: 'x' })).toEqual(alone);
    expect(alone).toMatchObject({ kind: 'dense', rows: 2, cols: 2, order: 'rows' });
    if (alone.kind !== 'dense') throw new Error('dense');
    expect(Array.from(alone.data)).toEqual(wanted ?? Array.from(list, Number));
    expect(alone.data).toBeInstanceOf(['F32', 'F16', 'BF16'].includes(dtype) ? Float32Array : Float64Array);
    expect((await faultOf(path)).message).toContain('got other (3), x (2 × 2). Give one as array');
    expect((await faultOf(path, { array: 'other' })).message).toContain('of type F8_E4M3');
    expect((await faultOf(path, { array: 'y' })).code).toBe('not-found');
  });

  const x = { dtype: 'U8', shape: [2, 2], data_offsets: [0, 4] };
  const four = new Uint8Array(4);
  test.each([
    ['a list', { x: { ...x, shape: [4] } }, four, 'unsupported', 'of 1 (4)'],
    ['too few bytes', { x }, new Uint8Array(3), 'damaged', "it ends within tensor 'x'"],
    ['too many', { x }, new Uint8Array(5), 'damaged', 'it goes on after'],
    ['a hole', { x: { ...x, data_offsets: [1, 5] } }, new Uint8Array(5), 'damaged', 'has no place'],
    ['another size', { x: { ...x, shape: [2, 3] } }, four, 'damaged', 'another size'],
    ['a huge shape', { x: { ...x, shape: [2 ** 40, 2 ** 40] } }, four, 'damaged', 'another size'],
    ['a shape below zero', { x: { ...x, shape: [-2, -2] } }, four, 'damaged', 'has no place'],
    ['no JSON', '{"x": ', four, 'damaged', 'no JSON'],
  ] as const)('%s: a clear error', async (_, header, body, code, words) => {
    const error = await faultOf(await file(bytesOf(header, body), 'safetensors'));
    expect(error.code).toBe(code);
    expect(error.message).toContain(words);
  });

  test('a length beyond the file', async () => {
    const path = await file(Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 127, 0x7b), 'safetensors');
    expect((await faultOf(path)).message).toContain('ends within its header');
    expect((await faultOf(await file('four', 'safetensors'))).message).toContain('ends before its header');
  });

  test('a saved fit holds matrices', async () => {
    const input = factorInput(uniform(6, 5, 1), { name: 'x' });
    const fit = await factorNet(nmfLayer(input, { name: 'parts', k: 2, maxIter: 3 }), { seed: 1 }).fit();
    const path = place('fit.safetensors');
    await saveFit(fit, path);
    const names = (await faultOf(path)).message;
    const array = /(\S*W\S*) \(6 × 2\)/.exec(names)?.[1];
    const found = await readMatrix(path, { array });
    expect(found).toMatchObject({ rows: 6, cols: 2, data: Float64Array.from(toRows(fit.parts.W).flat()) });
  });
});
