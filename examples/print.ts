import type { Progress } from 'factorloom';

/** The names with the largest values, largest first; names that don't matter are left out. */
export function strongest(names: readonly string[], values: ArrayLike<number>, count: number): string[] {
  return Array.from(values)
    .map((value, i) => ({ name: names[i], value }))
    .sort((a, b) => b.value - a.value)
    .filter(({ value }, i, all) => i < count && value > 0.05 * all[0].value)
    .map(({ name }) => name);
}

/** Shows progress on one line of a terminal, or as a line per layer where the output is a file. */
export function showProgress({ layer, index, layers, iteration, maxIter, loss, done }: Progress): void {
  const line = `  layer ${index}/${layers} ${layer}: iteration ${iteration} of at most ${maxIter}, loss ${loss.toPrecision(5)}`;
  if (process.stdout.isTTY) process.stdout.write(`\r${line}\x1b[K${done ? '\n' : ''}`);
  else if (done || iteration % 50 === 0) console.log(`${line}${done ? ', done' : ''}`);
}

export const percent = (fraction: number): string => `${(100 * fraction).toFixed(1)}%`;
