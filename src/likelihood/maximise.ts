/** The golden section. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/**
 * Where a function of log x with one maximum is largest, to a relative 10⁻⁶, between `low` and `high`, by golden sections
 * (Kiefer 1953). What `pause` does is waited for before each look at the function.
 */
export async function maximise(
  of: (x: number) => number,
  low: number,
  high: number,
  pause: () => Promise<void>,
): Promise<{ readonly at: number; readonly value: number }> {
  const value = async (log: number) => {
    await pause();
    return of(Math.exp(log));
  };
  let [from, to] = [Math.log(low), Math.log(high)];
  let left = to - GOLDEN * (to - from);
  let right = from + GOLDEN * (to - from);
  let [atLeft, atRight] = [await value(left), await value(right)];
  while (to - from > 1e-6) {
    if (atLeft >= atRight) {
      [to, right, atRight] = [right, left, atLeft];
      left = to - GOLDEN * (to - from);
      atLeft = await value(left);
    } else {
      [from, left, atLeft] = [left, right, atRight];
      right = from + GOLDEN * (to - from);
      atRight = await value(right);
    }
  }
  return atLeft >= atRight ? { at: Math.exp(left), value: atLeft } : { at: Math.exp(right), value: atRight };
}
