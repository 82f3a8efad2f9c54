import { optionFaults } from '../dsl/check-options.js';
import type { GraphConfig } from '../dsl/config.js';
import type { LayerNode, Node } from '../dsl/node.js';
import { nodeOptions, optionsKindOf, optionsOf } from '../dsl/node-options.js';
import { RESERVED_INPUT_NAMES, RESERVED_LAYER_NAMES } from '../dsl/reserved.js';
import { graphConfig } from '../dsl/schemas.js';
import type { Fault, GraphIssue } from '../issues.js';
import type { Collected } from './collect.js';
import { combinationFaults, svdFaults } from './combinations.js';
import { type Contents, contentsOf } from './contents.js';
import { dataFaults, unknownLines } from './data-faults.js';
import { jointConfigFaults, jointFaults, jointSignFaults } from './joint-faults.js';
import { lossCombinations, lossDataFaults } from './losses.js';
import { memberFaults, type Traits, traitsOf } from './members.js';
import { labelOf, named, titleOf } from './nodes.js';
import type { Survey } from './survey.js';
import { tiedFaults, tiedForm } from './tied.js';
import { boundFaults, weighedContents, weightFaults, weightNameFaults } from './weights.js';

type NmfNode = Extract<LayerNode, { readonly method: 'nmf' }>;

/** What is wrong with nodes, and what is known of those that are sound. */
interface Validated {
  readonly issues: readonly GraphIssue[];
  /** What nodes without faults in their options hand on. */
  readonly contents: ReadonlyMap<Node, Contents>;
}

/** Faults that show on one node, or on names: options, names, data and what may be put into what. */
export function validate(graph: Collected, survey: Survey, config: GraphConfig): Validated {
  const placed = (node: Node, faults: readonly Fault[]) => faults.map((fault) => ({ ...fault, at: graph.where(node) }));
  const issues: GraphIssue[] = optionFaults(graphConfig, config, 'factorNet').map((fault) => ({
    ...fault,
    at: 'factorNet',
  }));
  const soundConfig = issues.length === 0;
  let soundNodes = true;
  const names = { input: new Set<string>(), layer: new Set<string>() };
  const traits = new Map<Node, Traits>();
  const contents = new Map<Node, Contents>();
  for (const node of graph.order) {
    traits.set(node, traitsOf(node, traits));
    const own = ownOptionFaults(node);
    const sound = own.length === 0;
    soundNodes &&= sound;
    if (sound) contents.set(node, contentsOf(node, contents, survey));
    const faults = nodeFaults(node, { config, survey, names, traits, contents, sound, soundConfig });
    const joint = sound && soundConfig ? jointFaults(node, config) : [];
    issues.push(...placed(node, [...own, ...faults, ...joint]));
  }
  if (soundConfig) issues.push(...jointConfigFaults(config).map((fault) => ({ ...fault, at: 'factorNet' })));
  if (soundConfig && soundNodes) issues.push(...jointSignFaults(graph, config));
  const { output } = graph;
  const fit = output?.kind === 'layer' || output?.kind === 'concat' || output?.kind === 'add';
  if (graph.order.length > 0 && !fit) {
    issues.push(...placed(output, [{ code: 'invalid-output', got: named(output) }]));
  }
  return { issues, contents };
}

/** What validation knows when it comes to a node. */
interface Reached {
  readonly config: GraphConfig;
  readonly survey: Survey;
  readonly names: Readonly<Record<'input' | 'layer', Set<string>>>;
  readonly traits: ReadonlyMap<Node, Traits>;
  readonly contents: ReadonlyMap<Node, Contents>;
  /** Whether the node's own options are without faults. */
  readonly sound: boolean;
  readonly soundConfig: boolean;
}

/** Faults of a node beside those of its options one by one. */
function nodeFaults(node: Node, reached: Reached): readonly Fault[] {
  const { survey, names, traits } = reached;
  switch (node.kind) {
    case 'input':
      return [
        ...nameFaults('input', node.options, names.input),
        ...dataFaults(`input '${labelOf(node)}'`, survey.data.get(node)),
      ];
    case 'layer':
      return [...nameFaults('layer', node.spec, names.layer), ...layerFaults(node, reached)];
    case 'condition':
      return dataFaults('a condition', survey.data.get(node));
    case 'shared':
      return [...memberFaults(node, traits), ...weightNameFaults(node), ...alignedFaults(node, survey)];
    case 'concat':
    case 'add':
      return memberFaults(node, traits);
  }
}

function layerFaults(node: LayerNode, { config, survey, contents, sound, soundConfig }: Reached): readonly Fault[] {
  const of = titled(node);
  const weights = survey.weights.get(node);
  const input = contents.get(node.input);
  if (node.method === 'svd') return [...(sound ? svdFaults(of, node.spec, weights) : []), ...bareSamples(of, input)];
  return [
    ...(sound && soundConfig ? togetherFaults(of, node, config, input, survey) : []),
    ...(sound ? lossDataFaults(of, node, survey, contents) : []),
    ...weightFaults(weights),
    ...(sound ? boundFaults(of, node.spec, weights) : []),
    ...bareSamples(of, input),
  ];
}

/** Samples that no row which a layer reads knows anything of. */
const bareSamples = (of: string, input: Contents | undefined): readonly Fault[] =>
  input?.known === undefined ? [] : unknownLines(`the input of ${of}`, 'sample', input.known);

/** Features of which nothing is left once samples are brought together. */
const alignedFaults = (node: Node, { names }: Survey): readonly Fault[] =>
  [...(names.aligned.get(node) ?? [])].flatMap(([member, { found }]) =>
    dataFaults(`input '${labelOf(member)}', aligned`, found),
  );

/** Options that can't be had together, or not with what a layer reads. */
function togetherFaults(
  of: string,
  node: NmfNode,
  config: GraphConfig,
  input: Contents | undefined,
  survey: Survey,
): readonly Fault[] {
  if (tiedForm(node.spec) !== null) return tiedFaults(of, node, config, input, survey);
  const weights = survey.weights.get(node);
  return [
    ...combinationFaults(of, node.spec, config, weighedContents(input, weights)),
    ...lossCombinations(of, node.spec, config, weights),
  ];
}

const titled = (node: Node): string => `layer '${labelOf(node)}'`;

/** The options of a node against their schema. */
const ownOptionFaults = (node: Node): readonly Fault[] =>
  optionFaults(nodeOptions[optionsKindOf(node)], optionsOf(node), node.kind === 'layer' ? titled(node) : titleOf(node));

function nameFaults(what: 'input' | 'layer', options: unknown, seen: Set<string>): readonly Fault[] {
  const name = typeof options === 'object' && options !== null && 'name' in options ? options.name : undefined;
  if (typeof name !== 'string' || !/^[^~\p{Cc}][^\p{Cc}]*$/u.test(name))
    return [{ code: 'invalid-name', what, got: name }];
  const reserved: readonly string[] = what === 'input' ? RESERVED_INPUT_NAMES : RESERVED_LAYER_NAMES;
  if (reserved.includes(name)) return [{ code: 'reserved-name', what, name }];
  if (seen.has(name)) return [{ code: 'duplicate-name', what, name }];
  seen.add(name);
  return [];
}
