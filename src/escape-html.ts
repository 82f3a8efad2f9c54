const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** All that XML can't hold, even escaped. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
const NOT_IN_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu;

/** The same text, whatever can't stand in a document replaced. */
export const writable = (text: string): string => text.replace(NOT_IN_XML, '\ufffd');

export const escapeHtml = (text: string): string => writable(text).replace(/[&<>"']/g, (char) => ENTITIES[char]);
