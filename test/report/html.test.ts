import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { html, table } from '../../src/report/html.js';

const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.constantFrom('</p><script>', '&amp;', '"\'>'));

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
const read = (markup: string) => markup.replace(/&([^;]*);/g, (_, name: string) => ENTITIES[name]);
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML can't hold
const held = (text: string) => text.replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|\p{Surrogate}/gu, '\ufffd');

describe('markup', () => {
  test.prop([anyText, anyText])('holds texts as texts: read again they are what they were', (a, b) => {
    const { markup } = html`<p title="${a}">${b}</p>`;
    const found = /^<p title="([^"<>]*)">([^<>]*)<\/p>$/.exec(markup);
    expect(found?.slice(1).map(read)).toEqual([held(a), held(b)]);
  });

  test.prop([
    fc.array(fc.array(anyText, { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 4 }),
    fc.subarray([1, 2]),
  ])('of a table has a cell for each text, headed by the first', (lines, texts) => {
    const { markup } = table({ caption: 'a', head: lines[0], lines, texts });
    const found = [...markup.split('<tbody>')[1].matchAll(/<(t[hd])[^>]*>(?:<div>)?([^<]*)/g)];
    expect(found.map(([, , text]) => read(text))).toEqual(lines.flat().map(held));
    expect(found.map(([, tag]) => tag)).toEqual(lines.flatMap(() => ['th', 'td', 'td']));
  });

  test('stays markup where markup is put into it', () => {
    expect(html`<ul>${[html`<li>${'<'}</li>`, html`<li>${2}</li>`]}</ul>`.markup).toBe(
      '<ul><li>&lt;</li>\n<li>2</li></ul>',
    );
  });
});
