import { match } from 'ts-pattern';
import { optionFaults } from '../dsl/check-options.js';
import type { ConditionNode, InputNode, Node } from '../dsl/node.js';
import { RESERVED_INPUT_NAMES, RESERVED_LAYER_NAMES } from '../dsl/reserved.js';
import { conditionOptions, graphConfig, inputOptions, nmfSpec, svdSpec } from '../dsl/schemas.js';
import { type Fault, type GraphIssue, LARGEST_VALUE } from '../issues.js';
import { type Collected, labelOf, named } from './collect.js';
import { memberFaults, type Traits, traitsOf } from './members.js';
import type { Survey, Surveyed } from './survey.js';

/** Faults that show on one node, or on names: options, names, data and what may be put into what. */
export function validate(graph: Collected, data: Survey, config: unknown): readonly GraphIssue[] {
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
        ...dataFaults(n, data.get(n)),
      ])
      .with({ kind: 'layer' }, (n) => [
        ...optionFaults(n.method === 'nmf' ? nmfSpec : svdSpec, n.spec, `layer '${labelOf(n)}'`),
        ...nameFaults('layer', n.spec, names.layer),
      ])
      .with({ kind: 'condition' }, (n) => [
        ...optionFaults(conditionOptions, n.options, 'factorCondition'),
        ...dataFaults(n, data.get(n)),
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

function dataFaults(node: InputNode | ConditionNode, found: Surveyed | undefined): readonly Fault[] {
  if (found === undefined) return [];
  const of = node.kind === 'input' ? `input '${labelOf(node)}'` : 'a condition';
  if (!('facts' in found)) return [{ code: 'invalid-data', of, rule: found.matrix.rule, got: found.matrix.got }];
  const { rows, cols } = found.matrix;
  if (rows === 0 || cols === 0) return [{ code: 'invalid-data', of, rule: 'at least 1 × 1', got: `${rows} × ${cols}` }];
  const { nonFinite, largest } = found.facts;
  if (nonFinite !== undefined) return [{ code: 'non-finite', of, ...nonFinite }];
  const fits = largest === 0 || (largest <= LARGEST_VALUE && largest >= 1 / LARGEST_VALUE);
  return fits ? [] : [{ code: 'value-range', of, largest }];
}
