/** The page without scripts and style: what is read. */
export const markup = (page: string) => page.replace(/<(script|style)\b[\s\S]*?<\/\1>/g, '');
/** Of the sections. */
export const titles = (page: string) =>
  [...page.matchAll(/<h2 id="section-\d+-title">([^<]*)</g)].map(([, text]) => text);
/** Of the pictures. */
export const captions = (page: string) => [...page.matchAll(/<figcaption>([^<]*)</g)].map(([, text]) => text);
/** The cells of the table whose caption begins so, line by line. */
export const cells = (page: string, caption: string) => {
  const [, body] = page.split(`<caption>${caption}`)[1].split('<tbody>');
  return body
    .split('</tbody>')[0]
    .split('</tr>')
    .slice(0, -1)
    .map((line) => [...line.matchAll(/<t[hd][^>]*>(?:<div>)?([^<]*)/g)].map(([, text]) => text));
};
