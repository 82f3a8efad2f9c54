import { condition, expression, frozenCopy, layer, nodesOf, shared } from '../dsl/build.js';
import { optionFaults } from '../dsl/check-options.js';
import type { GraphConfig, InputOptions } from '../dsl/config.js';
import type { FactorExpr, LayerMap } from '../dsl/expr.js';
import { factorInput } from '../dsl/input.js';
import type { Node } from '../dsl/node.js';
import { GraphError } from '../errors.js';
import { type FileFault, type GraphIssue, show } from '../issues.js';
import type { JsonValue } from '../json.js';
import type { MatrixInput } from '../matrix-input.js';
import {
  claim,
  dataPlaces,
  fileNode,
  fileNodes,
  GRAPH_VERSION,
  type GraphFile,
  type GraphFileNode,
  graphFrame,
} from './graph-schema.js';
import { fromJson, type NamedData, namesIn } from './option-json.js';

/** What a graph file names: inputs by their own names, other matrices and lists by those that the file gives them. */
export interface GraphData {
  readonly [name: string]: NamedData | undefined;
}

/** A graph that was read: `factorNet(output, config)` makes a net of it. Its layers are known by name only when it runs. */
export interface ReadGraph {
  readonly output: FactorExpr<number, string, LayerMap, string>;
  readonly config: GraphConfig;
}

/**
 * The graph that `graphToJSON` wrote, with data given by name. A node that was reached twice is one node again.
 *
 * @example
 * const { output, config } = graphFromJSON(JSON.parse(text), { rna: [[1, 0, 2], [0, 3, 1]] });
 * const fit = await factorNet(output, config).fit();
 * @throws GraphError with everything that is wrong with the file and the names: 'not-a-graph', 'newer-version',
 * 'invalid-option', 'unknown-option', 'duplicate-id', 'unknown-node' (which a cycle is too), 'unused-node', 'missing-data',
 * 'unknown-data'. What is wrong with the graph and its data is for `factorNet` to find.
 */
export function graphFromJSON(json: unknown, data: GraphData = {}): ReadGraph {
  return assemble(json, data, []);
}

const FILE = 'the graph file';

/** The same, where some data could not be had for the reasons given. */
export function assemble(json: unknown, data: GraphData, unread: readonly Unread[]): ReadGraph {
  const issues: GraphIssue[] = unread.map((fault) => ({ ...fault, at: `data['${fault.name}']` }));
  if (!isObject(data)) {
    const rule = 'an object, data by name';
    issues.push({ code: 'invalid-option', of: 'graphFromJSON', option: 'data', rule, got: data, at: 'graphFromJSON' });
  }
  const given = new Map(isObject(data) ? Object.entries(data).filter(([, value]) => value !== undefined) : []);
  const found = issues.concat(fileIssues(json, new Set(given.keys()), new Set(unread.map(({ name }) => name))));
  if (found.length > 0) throw new GraphError(found);
  return build(json as GraphFile, (name) => given.get(name)); // every part of it has been looked at
}

type Unread = Extract<FileFault, { readonly code: 'unreadable-data' }>;

/** Where a file says that data lie, as far as it can be read. */
export function placesIn(json: unknown): NonNullable<GraphFile['data']> {
  const found = dataPlaces.safeParse(isObject(json) ? json.data : undefined);
  return found.success ? found.data : {};
}

/** What is wrong with a file, and with the names given for it; those of data that can't be read have been told. */
function fileIssues(json: unknown, given: ReadonlySet<string>, unread: ReadonlySet<string>): readonly GraphIssue[] {
  const claimed = claim.safeParse(json);
  if (!claimed.success) {
    const got = isObject(json) && typeof json.format === 'string' ? `format '${json.format}'` : show(json);
    return [{ code: 'not-a-graph', got, at: FILE }];
  }
  const { version } = claimed.data;
  if (version > GRAPH_VERSION) return [{ code: 'newer-version', version, known: GRAPH_VERSION, at: FILE }];
  const issues: GraphIssue[] = optionFaults(graphFrame, json, FILE).map((fault) => ({ ...fault, at: FILE }));
  const { nodes, output } = json as { readonly nodes?: unknown; readonly output?: unknown }; // an object, by its claim
  const list: readonly unknown[] = Array.isArray(nodes) ? nodes : [];
  const sound: GraphFileNode[] = [];
  const ids = new Set<string>();
  /** The ids, once all are met: faults share one list. */
  const known: string[] = [];
  for (const [i, node] of list.entries()) {
    const at = `nodes[${i}]`;
    const own = nodeIssues(node, i);
    issues.push(...own);
    if (own.length === 0) {
      const whole = node as GraphFileNode; // nothing is wrong with it
      sound.push(whole);
      for (const id of linksOf(whole)) if (!ids.has(id)) issues.push({ code: 'unknown-node', id, known, at });
    }
    const id = isObject(node) ? node.id : undefined;
    if (typeof id !== 'string') continue;
    if (ids.has(id)) issues.push({ code: 'duplicate-id', id, at });
    else known.push(id);
    ids.add(id);
  }
  if (typeof output === 'string' && !ids.has(output))
    issues.push({ code: 'unknown-node', id: output, known, at: 'output' });
  // What nothing reads or asks for is only known where all nodes are.
  if (issues.length === 0) for (const issue of unusedNodes(sound, output)) issues.push(issue);
  const places = placesIn(json);
  const names = new Set(sound.flatMap(dataOf));
  const asked = [...names];
  for (const name of names)
    if (!given.has(name) && !unread.has(name))
      issues.push({
        code: 'missing-data',
        name,
        path: Object.hasOwn(places, name) ? places[name].path : undefined,
        at: FILE,
      });
  if (sound.length === list.length)
    for (const name of new Set([...given, ...Object.keys(places)]))
      if (!names.has(name)) issues.push({ code: 'unknown-data', name, known: asked, at: FILE });
  return issues;
}

function nodeIssues(node: unknown, i: number): readonly GraphIssue[] {
  const { id, kind } = isObject(node) ? node : {};
  const isKind = (word: unknown): word is keyof typeof fileNodes =>
    typeof word === 'string' && Object.hasOwn(fileNodes, word);
  const of = typeof id === 'string' ? `node '${id}'` : `node ${i}`;
  const at = `nodes[${i}]`;
  return optionFaults(isKind(kind) ? fileNodes[kind] : fileNode, node, of).map((fault) => ({ ...fault, at }));
}

/** The ids of the nodes that a node reads. */
function linksOf(node: GraphFileNode): readonly string[] {
  if (node.kind === 'input') return [];
  return 'inputs' in node ? node.inputs : [node.input];
}

/** The names of the data that a node asks for. */
function dataOf(node: GraphFileNode): readonly string[] {
  const own = node.kind === 'input' ? [String(node.options.name)] : node.kind === 'condition' ? namesIn(node.Z) : [];
  return [...own, ...namesIn(node.options ?? {})];
}

function unusedNodes(nodes: readonly GraphFileNode[], output: unknown): readonly GraphIssue[] {
  const used = new Set([output]);
  for (const node of nodes.toReversed()) if (used.has(node.id)) for (const id of linksOf(node)) used.add(id);
  return nodes.flatMap(({ id }, i) => (used.has(id) ? [] : [{ code: 'unused-node', id, at: `nodes[${i}]` }]));
}

/** Nodes made by the builders, each once. */
function build({ nodes, output, config = {} }: GraphFile, find: (name: string) => unknown): ReadGraph {
  const made = new Map<string, ReadGraph['output']>();
  const read = (json: JsonValue) => fromJson(json, find);
  for (const node of nodes) {
    const options = read(node.options ?? {});
    const links = linksOf(node).map((id) => made.get(id));
    made.set(node.id, expressionOf(node, links, options, read));
  }
  // The output stands among the nodes, and the file's schema is that of the options.
  return { output: made.get(output) as ReadGraph['output'], config: read(config) as GraphConfig };
}

function expressionOf(
  node: GraphFileNode,
  links: readonly unknown[],
  options: unknown,
  read: (json: JsonValue) => unknown,
): ReadGraph['output'] {
  if (node.kind === 'input') {
    // Data are looked at by factorNet; expressions of every kind have the same one object around them.
    const data = read({ $name: node.options.name }) as MatrixInput;
    return expression(factorInput(data, options as InputOptions).node);
  }
  if (node.kind === 'condition') return condition(links[0], read(node.Z), options);
  if (node.kind === 'nmf' || node.kind === 'svd') return layer(node.kind, links[0], options);
  if (node.kind === 'shared') return shared(links, node.options === undefined ? undefined : options);
  const said = node.options === undefined ? {} : { options: frozenCopy(options) };
  // Checked already: the options are those of the kind.
  return expression({ kind: node.kind, inputs: nodesOf(links), ...said } as Node);
}

const isObject = (x: unknown): x is Readonly<Record<string, unknown>> =>
  typeof x === 'object' && x !== null && !Array.isArray(x);
