/** Few values have a tick each; what spans powers of ten is on a logarithmic axis. */
export function axisOf(values: readonly number[]) {
  const own = [...new Set(values)];
  const [low, high] = [Math.min(...own), Math.max(...own)];
  const axis = { format: '~g', ...(own.length <= 20 ? { values: own } : {}) };
  return { axis, scale: { ...(low > 0 && high / low >= 50 ? { type: 'log' } : { zero: false }), padding: 16 } };
}
