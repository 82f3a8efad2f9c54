/** Uniform numbers of [0, 1), the same for one seed everywhere. */
export type Random = () => number;

/** A 32-bit counter through a multiplicative mixer; one per nanosecond or so, which a matrix of 2·10⁸ entries needs. */
export function random(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let x = state;
    x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
    x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
    return ((x ^ (x >>> 15)) >>> 0) / 2 ** 32;
  };
}

/** The same things in an order drawn from `next`. */
export function shuffled<T>(things: readonly T[], next: Random): T[] {
  const out = [...things];
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [out[i], out[j]] = [out[j], out[i]];
  }
  return out;
}

/** Exponential with mean 1. */
export const exponential = (next: Random): number => -Math.log(1 - next());

/** Standard normal (Box & Muller 1958). */
export const normal = (next: Random): number => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
