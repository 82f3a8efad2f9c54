/** The end of a help: lines that can be typed. */
export const examples = (...lines: readonly string[]): readonly ['after', string] => [
  'after',
  `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`,
];
