import { escapeHtml } from '../escape-html.js';
import type { JsonValue } from '../json.js';

/** JSON that can stand in a script: nothing in it ends the script, or a line of it. */
export const inScript = (json: JsonValue): string =>
  JSON.stringify(json).replace(/[<>\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);

/**
 * A page that holds all it needs: the picture as SVG, and the script and the data that bring it to life, with tips under
 * the pointer; without scripts the SVG stays.
 *
 * @param vega the spec as Vega takes it
 * @param script Vega itself
 */
export function page(title: string, svg: string, vega: JsonValue, script: string): string {
  const policy =
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline' 'unsafe-eval'";
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${escapeHtml(title)}</title>
</head>
<body>
<div id="picture">${svg}</div>
<script>${script}</script>
<script>
new vega.View(vega.parse(${inScript(vega)}), { renderer: 'svg', container: '#picture', hover: true }).runAsync();
</script>
</body>
</html>
`;
}
