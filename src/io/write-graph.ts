import { collect } from '../compiler/collect.js';
import { compile } from '../compiler/compile.js';
import { labelOf } from '../compiler/nodes.js';
import { isTurned, nodeOf } from '../dsl/build.js';
import { checkOptions } from '../dsl/check-options.js';
import type { GraphConfig } from '../dsl/config.js';
import type { Ref } from '../dsl/expr.js';
import { type ConditionNode, type Node, upstream } from '../dsl/node.js';
import { nodeOptions, optionsKindOf, optionsOf } from '../dsl/node-options.js';
import { graphConfig } from '../dsl/schemas.js';
import { GraphError } from '../errors.js';
import { quickestKernels } from '../kernels/select.js';
import { isMade, toMatrix } from '../matrix-input.js';
import { type DataPlace, GRAPH_VERSION, type GraphFile, type GraphFileNode, writeOptions } from './graph-schema.js';
import { optionsJson, type Refer, toJson } from './option-json.js';

/** Most numbers of a matrix that is written into the file. */
const INLINE = 1000;

/** What to write of a graph's numbers. */
export interface GraphFileOptions {
  /** Where to find data, by name: the inputs' own names, and for other matrices those that the file gives them. */
  readonly data?: { readonly [name: string]: DataPlace } | undefined;
  /** Most numbers of a condition, or of a matrix or list among options, that are written into the file; default 1000. */
  readonly inline?: number | undefined;
}

/**
 * A graph as JSON: its nodes, their options, and `config`. The numbers of inputs are not in it; they are given by name
 * when it is read, or found in the files that `options.data` names. Other matrices (conditions, masks, given starts) are
 * written into it up to `options.inline` numbers (−0 as 0); larger ones are named: 'condition 1', 'rna.mask', 'top.start.W'.
 *
 * @example
 * const text = JSON.stringify(graphToJSON(nmfLayer(rna, { name: 'parts', k: 10 }), { seed: 1 }));
 * @throws GraphError with every fault in the graph, as `factorNet` does; 'unknown-data' for places of what it doesn't name.
 */
export function graphToJSON(output: Ref, config: GraphConfig = {}, options: GraphFileOptions = {}): GraphFile {
  checkOptions(writeOptions, options, 'graphToJSON');
  const node = nodeOf(output);
  // A graph with faults would be another's to mend.
  compile(node, config, quickestKernels().look);
  const { order } = collect(node);
  const ids = idsOf(order);
  const names = dataNames(order, options);
  const nodes = order.map((each) => nodeJson(each, ids, names.refer));
  const settings = optionsJson({ ...config }, Object.keys(graphConfig.shape), 'config.', names.refer);
  names.check();
  const { data = {} } = options;
  return {
    format: 'factorloom-graph',
    version: GRAPH_VERSION,
    nodes,
    output: idOf(ids, node),
    ...(Object.keys(settings).length === 0 ? {} : { config: settings }),
    ...(Object.keys(data).length === 0 ? {} : { data: placesOf(data) }),
  };
}

const placesOf = (data: Readonly<Record<string, DataPlace>>) =>
  Object.fromEntries(Object.entries(data).map(([name, { path, tensor }]) => [name, { path, tensor }]));

type Ids = ReadonlyMap<Node, string>;
const idOf = (ids: Ids, node: Node): string => ids.get(node) ?? '';

/** Ids that tell what a node is, and that stay as they are while others come and go: names, and kinds with a number. */
function idsOf(order: readonly Node[]): Ids {
  const ids = new Map<Node, string>();
  const free = unique();
  const hasName = (node: Node) => node.kind === 'input' || node.kind === 'layer';
  for (const node of order) if (hasName(node)) ids.set(node, free(labelOf(node)));
  const counts = new Map<string, number>();
  for (const node of order) {
    if (hasName(node)) continue;
    const count = (counts.get(node.kind) ?? 0) + 1;
    counts.set(node.kind, count);
    ids.set(node, free(`${node.kind} ${count}`));
  }
  return ids;
}

/** Makes words different from all that it made before. */
function unique(taken: readonly string[] = []): (word: string) => string {
  const used = new Set(taken);
  return (word) => {
    let free = word;
    while (used.has(free)) free += "'";
    used.add(free);
    return free;
  };
}

/** Names for numbers that are not written into the file. */
function dataNames(order: readonly Node[], { data = {}, inline = INLINE }: GraphFileOptions) {
  const inputs = order.flatMap((node) => (node.kind === 'input' ? [node.options.name] : []));
  const free = unique(inputs);
  const known = [...inputs];
  const refer: Refer = (option, count) => {
    const $name = free(option);
    known.push($name);
    return count > inline || Object.hasOwn(data, $name) ? { $name } : undefined;
  };
  const check = () => {
    const strangers = Object.keys(data).filter((name) => !known.includes(name));
    if (strangers.length > 0)
      throw new GraphError(strangers.map((name) => ({ code: 'unknown-data', name, known, at: 'graphToJSON' })));
  };
  return { refer, check };
}

function nodeJson(node: Node, ids: Ids, refer: Refer): GraphFileNode {
  const id = idOf(ids, node);
  const kind = optionsKindOf(node);
  // Checked already: options are an object, where there are any.
  const given = { ...(optionsOf(node) as Readonly<Record<string, unknown>> | undefined) };
  const options = optionsJson(given, Object.keys(nodeOptions[kind].shape), `${id}.`, refer);
  const some = Object.keys(options).length === 0 ? {} : { options };
  const links = upstream(node).map((part) => idOf(ids, part));
  if (kind === 'input') return { id, kind, options };
  if (kind === 'nmf' || kind === 'svd') return { id, kind, input: links[0], options };
  if (node.kind === 'condition')
    return { id, kind: node.kind, input: links[0], Z: toJson(givenZ(node), id, refer), ...some };
  return { id, kind: kind as 'shared' | 'concat' | 'add', inputs: links, ...some }; // the kinds that are left
}

/** Z as it was given: what the builder turned is turned back. */
const givenZ = ({ Z, options }: ConditionNode) => toMatrix(Z, isMade(Z) && isTurned(options));
