/** A Markdown table; numbers are to be formatted before. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Three significant digits, without an exponent. */
export function digits(x: number): string {
  if (!Number.isFinite(x)) return '–';
  if (x === 0) return '0';
  const places = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(x))));
  return x.toFixed(Math.min(places, 8));
}

export const notReached = 'not reached';

/** Seconds, or that there are none. */
export const seconds = (s: number | null): string => (s === null ? notReached : `${digits(s)} s`);

/** How many times as long `theirs` takes, to two digits; a dash where either did not get there. */
export function times(theirs: number | null, ours: number | null): string {
  if (theirs === null || ours === null) return '–';
  const ratio = theirs / ours;
  return `${ratio >= 9.95 ? ratio.toFixed(0) : ratio.toFixed(1)}×`;
}

/** A share as a percentage of two digits; nothing below a millionth of a percent is told apart from zero. */
export function percent(share: number): string {
  const value = 100 * share;
  return Math.abs(value) < 1e-6 ? '0%' : `${Number(value.toPrecision(2))}%`;
}

/** How far above, or below, something is. */
export const above = (share: number): string => (share >= 0 ? `+${percent(share)}` : `−${percent(-share)}`);
