/** Lines of cells as text, columns flush right under their titles; columns in which no line has anything are left out. */
export function textTable(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const filled = head.flatMap((_, c) => (lines.some((line) => line[c] !== '') ? [c] : []));
  const widths = filled.map((c) => Math.max(head[c].length, ...lines.map((line) => line[c].length)));
  const text = (line: readonly string[]) =>
    filled
      .map((c, at) => line[c].padStart(widths[at]))
      .join('  ')
      .trimEnd();
  return [head, ...lines].map(text).join('\n');
}
