import type { SavedFit } from '../index.js';
import { closest } from '../issues.js';
import { UsageError } from './failure.js';

/** The layer that is asked for, or the only one at the output. */
export function layerIn({ plan }: SavedFit, asked: string | undefined): string {
  const names = plan.layers.map(({ layer }) => layer);
  if (asked === undefined) {
    const [first, ...others] = plan.output;
    if (others.length === 0) return first;
    throw new UsageError(`--layer must be given where the output is several: ${plan.output.join(', ')}`);
  }
  if (names.includes(asked)) return asked;
  const meant = closest(asked, names);
  throw new UsageError(
    `--layer must be one of ${names.join(', ')}; got ${asked}${meant === undefined ? '' : `. Did you mean ${meant}?`}`,
  );
}
