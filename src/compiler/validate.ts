import { match } from 'ts-pattern';
import { optionFaults } from '../dsl/check-options.js';
import type { ConditionNode, InputNode, Node } from '../dsl/node.js';
import { RESERVED_INPUT_NAMES, RESERVED_LAYER_NAMES } from '../dsl/reserved.js';
import { conditionOptions, graphConfig, inputOptions, nmfSpec, svdSpec } from '../dsl/schemas.js';
import { type Fault, type GraphIssue, LARGEST_VALUE } from '../issues.js';
import type { Matrix } from '../matrix.js';
import type { MatrixFacts } from '../matrix-check.js';
import type { Unusable } from '../matrix-input.js';
import { type Collected, labelOf, named } from './collect.js';
import { memberFaults, type Traits, traitsOf } from './members.js';
import type { Facts } from './survey.js';

/** Faults that show on one node, or on names: options, names, data and what may be put into what. */
export function validate(graph: Collected, facts: Facts, config: unknown): readonly GraphIssue[] {
  const placed = (node: Node, faults: readonly Fault[]) => faults.map((fault) => ({ ...fault, at: graph.where(node) }));
  const issues: GraphIssue[] = optionFaults(graphConfig, config, 'factorNet').map((fault) => ({
    ...fault,
    at: 'factorNet',
  }));
  const names = { input: new Set<string>(), layer: new Set<string>() };
  const traits = new Map<Node, Traits>();
  for (const node of graph.order) {
    traits.set(node, traitsOf(node, traits));
    const faults = match(node)
      .with({ kind: 'input' }, (n) => [
        ...optionFaults(inputOptions, n.options, 'factorInput'),
        ...nameFaults('input', n.options, names.input),
        ...dataFaults(n, facts.get(n)),
      ])
      .with({ kind: 'layer' }, (n) => [
        ...optionFaults(n.method === 'nmf' ? nmfSpec : svdSpec, n.spec, `layer '${labelOf(n)}'`),
        ...nameFaults('layer', n.spec, names.layer),
      ])
      .with({ kind: 'condition' }, (n) => [
        ...optionFaults(conditionOptions, n.options, 'factorCondition'),
        ...dataFaults(n, facts.get(n)),
      ])
      .with({ kind: 'shared' }, { kind: 'concat' }, { kind: 'add' }, (n) => memberFaults(n, traits))
      .exhaustive();
    issues.push(...placed(node, faults));
  }
  const { output } = graph;
  const fit = output?.kind === 'layer' || output?.kind === 'concat' || output?.kind === 'add';
  if (graph.order.length > 0 && !fit) {
    issues.push(...placed(output, [{ code: 'invalid-output', got: named(output) }]));
  }
  return issues;
}

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

function dataFaults(node: InputNode | ConditionNode, facts: MatrixFacts | undefined): readonly Fault[] {
  const of = node.kind === 'input' ? `input '${labelOf(node)}'` : 'a condition';
  // A hand-made node may hold anything.
  const data: Matrix | Unusable | undefined = node.kind === 'input' ? node.data : node.Z;
  if (data?.kind === 'unusable') return [{ code: 'invalid-data', of, rule: data.rule, got: data.got }];
  if (facts === undefined) return [{ code: 'invalid-data', of, rule: 'a matrix', got: 'none' }];
  const size = `${data.rows} × ${data.cols}`;
  if (data.rows === 0 || data.cols === 0) return [{ code: 'invalid-data', of, rule: 'at least 1 × 1', got: size }];
  const { nonFinite, largest } = facts;
  if (nonFinite !== undefined) return [{ code: 'non-finite', of, ...nonFinite }];
  if (largest > LARGEST_VALUE || (largest > 0 && largest < 1 / LARGEST_VALUE))
    return [{ code: 'value-range', of, largest }];
  return [];
}
