import type { Node } from '../dsl/node.js';
import type { Counted, GraphIssue } from '../issues.js';
import type { Collected } from './collect.js';
import { labelOf, titleOf } from './nodes.js';
import type { Survey, Surveyed } from './survey.js';

export interface Shape {
  readonly rows: number;
  readonly cols: number;
}

export interface Shapes {
  readonly of: ReadonlyMap<Node, Shape>;
  readonly issues: readonly GraphIssue[];
}

/** What each node hands on, features × samples, and where the parts of one don't fit each other. */
export function shapes(graph: Collected, { data, names }: Survey): Shapes {
  const of = new Map<Node, Shape>();
  const issues: GraphIssue[] = [];
  for (const node of graph.order) {
    const shape = names.broken.has(node) ? undefined : shapeOf(node, of, data);
    if (shape === undefined) continue;
    const brought = names.brought.get(node);
    of.set(node, brought === undefined ? shape : { ...shape, cols: brought });
    const parts = node.kind === 'condition' ? [node.input] : 'inputs' in node ? node.inputs : [];
    const known = parts.flatMap((part) => {
      const found = of.get(part);
      return found === undefined ? [] : [{ name: labelOf(part), raw: part.kind === 'input', ...found }];
    });
    const Z = node.kind === 'condition' ? sizeOf(data.get(node)) : undefined;
    const all = Z === undefined ? known : [...known, { name: 'Z', raw: true, ...Z }];
    const samples: Counted[] = all.map(({ name, cols }) => ({ name, count: cols }));
    if (brought === undefined && differ(samples)) {
      const turned = all
        .filter(({ raw, rows, cols }) => raw && rows === all[0].cols && cols !== rows)
        .map(({ name }) => name);
      issues.push({ code: 'sample-mismatch', node: titleOf(node), samples, turned, at: graph.where(node) });
    }
    const ranks: Counted[] = known.map(({ name, rows }) => ({ name, count: rows }));
    if (node.kind === 'add' && known.every(({ raw }) => !raw) && differ(ranks)) {
      issues.push({ code: 'rank-mismatch', ranks, at: graph.where(node) });
    }
  }
  return { of, issues };
}

const differ = (list: readonly Counted[]): boolean => list.some(({ count }) => count !== list[0].count);

/** Unknown where the node, or something it needs, has a fault of its own. */
function shapeOf(node: Node, of: ReadonlyMap<Node, Shape>, data: Survey['data']): Shape | undefined {
  switch (node.kind) {
    case 'input':
      return sizeOf(data.get(node));
    case 'layer': {
      const input = of.get(node.input);
      const k: unknown = node.spec?.k;
      return input !== undefined && typeof k === 'number' && Number.isSafeInteger(k) && k >= 1
        ? { rows: k, cols: input.cols }
        : undefined;
    }
    case 'shared':
    case 'concat':
      return stacked(node.inputs.map((part) => of.get(part)));
    case 'add':
      return of.get(node.inputs[0]);
    case 'condition':
      return stacked([of.get(node.input), sizeOf(data.get(node))]);
  }
}

function stacked(parts: readonly (Shape | undefined)[]): Shape | undefined {
  const known = parts.filter((part) => part !== undefined);
  if (known.length < parts.length || known.length === 0) return undefined;
  return { rows: known.reduce((sum, { rows }) => sum + rows, 0), cols: known[0].cols };
}

/** The size of data, where they are such. */
export function sizeOf(found: Surveyed | undefined): Shape | undefined {
  if (found === undefined || found.matrix.kind === 'unusable') return undefined;
  const { rows, cols } = found.matrix;
  return { rows, cols };
}
