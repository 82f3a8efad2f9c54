/** Above this the continued fraction of 1 − erf x converges quickly. */
const FAR = 3;
const STEPS = 60;

/** erf x = 2/√π · ∫ e^−t² dt from 0 to x ≥ 0 (Abramowitz & Stegun 1964, 7.1.6 and 7.1.14). */
export function erf(x: number): number {
  if (x > FAR) {
    let fraction = 0;
    for (let n = STEPS; n >= 1; n--) fraction = n / 2 / (x + fraction);
    return 1 - Math.exp(-x * x) / (Math.sqrt(Math.PI) * (x + fraction));
  }
  let [sum, term] = [x, x];
  for (let n = 1; term > Number.EPSILON * sum; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}
