/**
 * JSON that is the same for the same value, to the last bit: −0 is kept, which JSON.stringify doesn't do, and `sorted` objects
 * have their keys in order.
 */
export function textOf(value: unknown, sorted = false): string {
  if (typeof value === 'number' && Object.is(value, -0)) return '-0';
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map((one) => textOf(one, sorted)).join()}]`;
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  if (sorted) entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, one]) => `${JSON.stringify(name)}:${textOf(one, sorted)}`).join()}}`;
}
