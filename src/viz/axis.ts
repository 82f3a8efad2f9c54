/** Losses that span this much are drawn by their logarithms, which keeps the good ones apart. */
const WIDE = 10;

export const spansPowers = (losses: readonly number[]): boolean => {
  const [low, high] = [Math.min(...losses), Math.max(...losses)];
  return low > 0 && high / low >= WIDE;
};

/** Parameters that span this much, zero aside, are drawn by their logarithms. */
const SPREAD = 50;

export interface Spacing {
  readonly type: 'linear' | 'log' | 'symlog';
  readonly constant?: number;
}

/**
 * How the values of a parameter are spaced: evenly, by their logarithms, or with a zero among them by log(1 + x/c), where c is
 * the least of the others.
 */
export function spacingOf(values: readonly number[]): Spacing {
  const least = Math.min(...values.filter((value) => value > 0));
  const spread = Math.min(...values) >= 0 && Math.max(...values) / least >= SPREAD;
  if (!spread) return { type: 'linear' };
  return values.includes(0) ? { type: 'symlog', constant: least } : { type: 'log' };
}

/** Few values have a tick each; what spans powers of ten is on a logarithmic axis. */
export function axisOf(values: readonly number[]) {
  const own = [...new Set(values)];
  // By `format` alone ticks would be rounded by how far apart they are: 2, 4, 1e+1.
  const axis = own.length <= 20 ? { values: own, labelExpr: "format(datum.value, '.6~g')" } : { format: '~g' };
  const spacing = spacingOf(own);
  if (spacing.type !== 'symlog') return { axis, scale: { ...spacing, ...(spacing.type === 'linear' ? { zero: false } : {}), padding: 16 } }; // biome-ignore format: one thought
  // Room as by `padding`, which is far too wide here.
  const domain = [-0.2 * (spacing.constant ?? 1), 1.2 * Math.max(...own)];
  return { axis, scale: { ...spacing, domain, nice: false } };
}

/** The axis of losses: small ones by their powers of ten, as `table()` has them. */
export function lossAxis(losses: readonly number[]) {
  return { grid: true, ...(Math.max(...losses.map(Math.abs)) < 1e-3 ? { format: '.2~e' } : {}) };
}
