/** Words of the state, and the distance of the one that is mixed in. */
export const STATE = 624;
const FAR = 397;

/** Words of 32 bits, one after the other, from a state of 624 (MT19937: Matsumoto & Nishimura 1998); the state is changed. */
export function mersenneTwister(state: Uint32Array): () => number {
  let at = STATE;
  const renew = () => {
    for (let p = 0; p < STATE; p++) {
      const word = (state[p] & 0x80000000) | (state[p + 1 < STATE ? p + 1 : 0] & 0x7fffffff);
      state[p] = state[p + FAR < STATE ? p + FAR : p + FAR - STATE] ^ (word >>> 1) ^ (word & 1 ? 0x9908b0df : 0);
    }
    at = 0;
  };
  return () => {
    if (at === STATE) renew();
    let word = state[at++];
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    return (word ^ (word >>> 18)) >>> 0;
  };
}
