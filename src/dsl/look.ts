import { match } from 'ts-pattern';
import { displays, type Look } from '../display.js';
import { show } from '../issues.js';
import { plural } from '../plural.js';
import { type Node, upstream } from './node.js';

/** Lines of what a node reads; of wider graphs the first ones. */
const MOST_LINES = 20;

/** A node, and below it what it reads. Whatever an untyped caller has put there: nothing of it has been checked yet. */
function nodeLook({ node }: { readonly node: Node }): Look {
  const lines: string[] = [];
  const list = (read: Node, depth: number) => {
    if (lines.length > MOST_LINES) return;
    lines.push(`${'  '.repeat(depth)}of ${isNode(read) ? title(read) : `${show(read)}, which is no node`}`);
    if (isNode(read)) for (const below of upstreamOf(read)) list(below, depth + 1);
  };
  for (const read of upstreamOf(node)) list(read, 0);
  const shown = lines.length > MOST_LINES ? [...lines.slice(0, MOST_LINES), '…'] : lines;
  const head = title(node);
  return {
    title: head.slice(0, 1).toUpperCase() + head.slice(1),
    body: [...shown, 'factorNet makes a graph of it, which can be fitted'],
  };
}

const isNode = (node: Node): boolean => typeof node === 'object' && node !== null && typeof node.kind === 'string';

function upstreamOf(node: Node): readonly Node[] {
  const read = upstream(node);
  return Array.isArray(read) ? read : [];
}

const title = (node: Node): string =>
  match(node)
    .with({ kind: 'input' }, ({ options, data }) => {
      const size = data.kind === 'unusable' ? `data that can't be used: ${data.rule}` : `${data.rows} × ${data.cols}, ${data.kind === 'csc' ? 'sparse' : 'dense'}`; // biome-ignore format: one thought
      return `input ${show(options?.name)}: ${size}`;
    })
    .with({ kind: 'layer' }, ({ method, spec }) => `${method === 'nmf' ? 'NMF' : 'SVD'} layer ${show(spec?.name)}, k = ${show(spec?.k)}`) // biome-ignore format: one thought
    .with({ kind: 'shared' }, () => 'matrices that share one embedding')
    .with({ kind: 'concat' }, () => 'embeddings, stacked')
    .with({ kind: 'add' }, () => 'embeddings, added up')
    .with({ kind: 'condition' }, ({ Z }) => `condition: ${Z.kind === 'unusable' ? `data that can't be used: ${Z.rule}` : plural(Z.rows, 'row')} below the rest`) // biome-ignore format: one thought
    .exhaustive();

export const nodeDisplayed = displays(nodeLook);
