/**
 * Counter-based random numbers: number i of a stream depends on (seed, stream, i) alone, so a start is the same
 * whatever else was drawn before, and on any number of threads.
 */

/** The final mixer of MurmurHash3 (Appleby 2011): every input bit changes every output bit with probability near ½. */
function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** Two words of key from a seed of up to 53 bits and a stream number. */
function keyOf(seed: number, stream: number): readonly [number, number] {
  const low = mix(seed >>> 0 === seed ? seed : Math.trunc(seed % 2 ** 32));
  const high = mix(Math.floor(seed / 2 ** 32) ^ 0x9e3779b9);
  const a = mix(low ^ mix(stream + 0x7f4a7c15));
  const b = mix(high ^ mix(a ^ Math.imul(stream + 1, 0x632be5ab)));
  return [a, b];
}

/** Fills `out` with numbers of (0, 1), uniform at steps of 2⁻³²; `from` is the stream position of out[0]. */
export function fillUniform(out: Float64Array, seed: number, stream: number, from = 0): void {
  const [a, b] = keyOf(seed, stream);
  for (let p = 0; p < out.length; p++) {
    const index = from + p;
    const word = mix(mix((index >>> 0) ^ a) + Math.imul(Math.floor(index / 2 ** 32), 0x27d4eb2f) + b);
    out[p] = (word + 0.5) / 2 ** 32;
  }
}
