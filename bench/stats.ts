/** What repeats of one measurement come to. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly samples: readonly number[];
}

/** The middle value; of an even number the mean of the two. NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

export function spread(samples: readonly number[]): Spread {
  return { median: median(samples), min: Math.min(...samples), samples };
}
