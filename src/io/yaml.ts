import { GraphError } from '../errors.js';
import type { GraphIssue } from '../issues.js';
import type { JsonValue } from '../json.js';
import { loadYaml } from './peers.js';

/** Letters of a file: more would be matrices, which belong in files of data. */
const MOST = 1 << 22;

/** Faults that are told; those after a slip are mostly its own. */
const TOLD = 10;

interface Fault {
  readonly offset: number;
  readonly got: string;
}

/**
 * What a text in YAML says in the terms of JSON (YAML 1.2, core schema): one document, keys that are texts and stand once, finite
 * numbers, no anchors, aliases and tags, so that it is as long as what it says.
 *
 * @throws GraphError 'not-a-graph' with line and column.
 * @throws MissingPeerError where the package that reads it isn't there.
 */
export async function readYaml(text: string, at: string): Promise<unknown> {
  const { isAlias, isMap, isNode, isScalar, LineCounter, parseDocument, visit } = await loadYaml();
  const refused = (got: string, place?: { readonly line: number; readonly col: number }): GraphIssue => {
    const own = place === undefined ? {} : { line: place.line, column: place.col };
    const where = place === undefined ? at : `${at}, line ${place.line}, column ${place.col}`;
    return { code: 'not-a-graph', got: `no plain YAML (${got})`, ...own, at: where };
  };
  if (text.length > MOST) throw new GraphError([refused(`${text.length} letters, and it may have ${MOST}`)]);
  const lines = new LineCounter();
  const faults: Fault[] = [];
  const refuse = (offset: number | undefined, got: string) => void faults.push({ offset: offset ?? 0, got });
  try {
    // Keys are compared below, all at once: the package compares each with each.
    const document = parseDocument(text, {
      ...{ schema: 'core', merge: false, resolveKnownTags: false, stringKeys: true, uniqueKeys: false },
      ...{ prettyErrors: false, lineCounter: lines, logLevel: 'error' },
    });
    for (const { pos, message } of document.errors) refuse(pos[0], message);
    visit(document, (key, node) => {
      if (!isNode(node)) return;
      const from = node.range?.[0];
      if (isAlias(node)) refuse(from, `an alias, *${node.source}`);
      else if (node.anchor !== undefined) refuse(from, `an anchor, &${node.anchor}`);
      if (node.tag !== undefined) refuse(from, `a tag, ${node.tag}`);
      if (isScalar(node) && key !== 'key' && typeof node.value === 'number' && !Number.isFinite(node.value))
        refuse(from, `${node.value} for a number`);
      if (isMap(node)) {
        const seen = new Set<unknown>();
        for (const { key: own } of node.items) {
          if (!isScalar(own)) continue;
          if (seen.has(own.value)) refuse(own.range?.[0], `the key '${String(own.value)}' twice`);
          seen.add(own.value);
        }
      }
    });
    if (faults.length === 0) return document.toJS({ maxAliasCount: 0 });
  } catch (error) {
    // What the engine throws where lists lie in lists without end.
    if (error instanceof RangeError) throw new GraphError([refused('more levels than can be read')]);
    throw error;
  }
  const first = faults.toSorted((a, b) => a.offset - b.offset).slice(0, TOLD);
  throw new GraphError(first.map(({ offset, got }) => refused(got, lines.linePos(offset))));
}

/**
 * What is said in the terms of JSON as YAML: lists of numbers on a line each, all else in blocks.
 *
 * @throws MissingPeerError where the package that writes it isn't there.
 */
export async function yamlText(json: JsonValue): Promise<string> {
  const { Document, isCollection, visit } = await loadYaml();
  const document = new Document(json, { aliasDuplicateObjects: false });
  visit(document, {
    Seq(_, list) {
      if (!list.items.some(isCollection)) list.flow = true;
    },
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}
