import { match } from 'ts-pattern';
import { optionFaults } from '../dsl/check-options.js';
import type { GraphConfig } from '../dsl/config.js';
import type { LayerNode, Node } from '../dsl/node.js';
import { nodeOptions, optionsKindOf, optionsOf } from '../dsl/node-options.js';
import { RESERVED_INPUT_NAMES, RESERVED_LAYER_NAMES } from '../dsl/reserved.js';
import { graphConfig } from '../dsl/schemas.js';
import type { Fault, GraphIssue } from '../issues.js';
import { type Collected, labelOf, named, titleOf } from './collect.js';
import { combinationFaults, svdFaults } from './combinations.js';
import { type Contents, contentsOf } from './contents.js';
import { dataFaults, unknownLines } from './data-faults.js';
import { jointConfigFaults, jointFaults, jointSignFaults } from './joint-faults.js';
import { lossCombinations, lossDataFaults } from './losses.js';
import { memberFaults, type Traits, traitsOf } from './members.js';
import type { Survey } from './survey.js';
import { tiedFaults, tiedForm } from './tied.js';
import { boundFaults, weighedContents, weightFaults, weightNameFaults } from './weights.js';

type NmfNode = Extract<LayerNode, { readonly method: 'nmf' }>;

/** Faults that show on one node, or on names: options, names, data and what may be put into what. */
export function validate(graph: Collected, survey: Survey, config: GraphConfig): readonly GraphIssue[] {
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
    const faults = match(node)
      .with({ kind: 'input' }, (n) => [
        ...nameFaults('input', n.options, names.input),
        ...dataFaults(`input '${labelOf(n)}'`, survey.data.get(n)),
      ])
      .with({ kind: 'layer', method: 'nmf' }, (n) => [
        ...nameFaults('layer', n.spec, names.layer),
        ...(sound && soundConfig ? togetherFaults(n, config, contents.get(n.input), survey) : []),
        ...(sound ? lossDataFaults(titled(n), n, survey, contents) : []),
        ...weightFaults(survey.weights.get(n)),
        ...(sound ? boundFaults(titled(n), n.spec, survey.weights.get(n)) : []),
        ...bareSamples(titled(n), contents.get(n.input)),
      ])
      .with({ kind: 'layer', method: 'svd' }, (n) => [
        ...nameFaults('layer', n.spec, names.layer),
        ...(sound ? svdFaults(titled(n), n.spec, survey.weights.get(n)) : []),
        ...bareSamples(titled(n), contents.get(n.input)),
      ])
      .with({ kind: 'condition' }, (n) => dataFaults('a condition', survey.data.get(n)))
      .with({ kind: 'shared' }, (n) => [
        ...memberFaults(n, traits),
        ...weightNameFaults(n),
        ...alignedFaults(n, survey),
      ])
      .with({ kind: 'concat' }, { kind: 'add' }, (n) => memberFaults(n, traits))
      .exhaustive();
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
  return issues;
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
const togetherFaults = (node: NmfNode, config: GraphConfig, input: Contents | undefined, survey: Survey) =>
  tiedForm(node.spec) === null
    ? [
        ...combinationFaults(titled(node), node.spec, config, weighedContents(input, survey.weights.get(node))),
        ...lossCombinations(titled(node), node.spec, config, survey.weights.get(node)),
      ]
    : tiedFaults(titled(node), node, config, input, survey);

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
