/** Losses that span this much are drawn by their logarithms, which keeps the good ones apart. */
const WIDE = 10;

export const spansPowers = (losses: readonly number[]): boolean => {
  const [low, high] = [Math.min(...losses), Math.max(...losses)];
  return low > 0 && high / low >= WIDE;
};

/** Few values have a tick each; what spans powers of ten is on a logarithmic axis. */
export function axisOf(values: readonly number[]) {
  const own = [...new Set(values)];
  const [low, high] = [Math.min(...own), Math.max(...own)];
  const axis = { format: '~g', ...(own.length <= 20 ? { values: own } : {}) };
  return { axis, scale: { ...(low > 0 && high / low >= 50 ? { type: 'log' } : { zero: false }), padding: 16 } };
}

/** The axis of losses: small ones by their powers of ten, as `table()` has them. */
export function lossAxis(losses: readonly number[]) {
  return { grid: true, ...(Math.max(...losses.map(Math.abs)) < 1e-3 ? { format: '.2~e' } : {}) };
}
