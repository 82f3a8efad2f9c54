import { match } from 'ts-pattern';
import { optionFaults } from '../dsl/check-options.js';
import { type ConditionNode, type InputNode, type Node, upstream } from '../dsl/node.js';
import {
  graphConfig,
  inputOptions,
  nmfSpec,
  RESERVED_INPUT_NAMES,
  RESERVED_LAYER_NAMES,
  svdSpec,
} from '../dsl/schemas.js';
import { type GraphIssue, LARGEST_VALUE } from '../issues.js';
import type { Matrix } from '../matrix.js';
import type { MatrixFacts } from '../matrix-check.js';
import type { Unusable } from '../matrix-input.js';
import { type Collected, labelOf } from './collect.js';
import type { Facts } from './survey.js';

/** Faults that show on one node, or on names: options, names, data and what may be put into what. */
export function validate(graph: Collected, facts: Facts, config: unknown): readonly GraphIssue[] {
  const issues: GraphIssue[] = [...optionFaults(graphConfig, config, 'factorNet', 'factorNet')];
  const names = { input: new Set<string>(), layer: new Set<string>() };
  const traits = new Map<Node, Traits>();
  for (const node of graph.order) {
    const at = graph.where(node);
    traits.set(node, traitsOf(node, traits));
    issues.push(
      ...match(node)
        .with({ kind: 'input' }, (n) => [
          ...optionFaults(inputOptions, n.options, 'factorInput', at),
          ...nameFaults('input', n.options, names.input, at),
          ...dataFaults(n, facts.get(n), at),
        ])
        .with({ kind: 'layer' }, (n) => [
          ...optionFaults(n.method === 'nmf' ? nmfSpec : svdSpec, n.spec, `layer '${labelOf(n)}'`, at),
          ...nameFaults('layer', n.spec, names.layer, at),
        ])
        .with({ kind: 'condition' }, (n) => dataFaults(n, facts.get(n), at))
        .with({ kind: 'shared' }, { kind: 'concat' }, { kind: 'add' }, (n) => memberFaults(n, traits, at))
        .exhaustive(),
    );
  }
  const { output } = graph;
  if (graph.order.length > 0 && output.kind !== 'layer' && output.kind !== 'concat' && output.kind !== 'add') {
    issues.push({ code: 'invalid-output', got: `${output.kind} ${labelOf(output)}`, at: graph.where(output) });
  }
  return issues;
}

function nameFaults(what: 'input' | 'layer', options: unknown, seen: Set<string>, at: string): readonly GraphIssue[] {
  const name = typeof options === 'object' && options !== null && 'name' in options ? options.name : undefined;
  if (typeof name !== 'string' || name === '' || name.startsWith('~'))
    return [{ code: 'invalid-name', what, got: name, at }];
  const reserved: readonly string[] = what === 'input' ? RESERVED_INPUT_NAMES : RESERVED_LAYER_NAMES;
  if (reserved.includes(name)) return [{ code: 'reserved-name', what, name, at }];
  if (seen.has(name)) return [{ code: 'duplicate-name', what, name, at }];
  seen.add(name);
  return [];
}

function dataFaults(
  node: InputNode | ConditionNode,
  facts: MatrixFacts | undefined,
  at: string,
): readonly GraphIssue[] {
  const of = node.kind === 'input' ? `input '${labelOf(node)}'` : 'a condition';
  // A hand-made node may hold anything.
  const data: Matrix | Unusable | undefined = node.kind === 'input' ? node.data : node.Z;
  if (data?.kind === 'unusable') return [{ code: 'invalid-data', of, rule: data.rule, got: data.got, at }];
  if (facts === undefined) return [{ code: 'invalid-data', of, rule: 'a matrix', got: 'none', at }];
  const size = `${data.rows} × ${data.cols}`;
  if (data.rows === 0 || data.cols === 0) return [{ code: 'invalid-data', of, rule: 'at least 1 × 1', got: size, at }];
  const { nonFinite, largest } = facts;
  if (nonFinite !== undefined) return [{ code: 'non-finite', of, ...nonFinite, at }];
  if (largest > LARGEST_VALUE || (largest > 0 && largest < 1 / LARGEST_VALUE))
    return [{ code: 'value-range', of, largest, at }];
  return [];
}

/** What may be put into a factorShared, factorConcat or factorAdd. */
function memberFaults(
  node: Extract<Node, { readonly inputs: readonly Node[] }>,
  traits: ReadonlyMap<Node, Traits>,
  at: string,
): readonly GraphIssue[] {
  const name = match(node.kind)
    .with('shared', () => 'factorShared')
    .with('concat', () => 'factorConcat')
    .with('add', () => 'factorAdd')
    .exhaustive();
  if (node.inputs.length < 2) return [{ code: 'too-few-members', node: name, got: node.inputs.length, at }];
  const fault = (member: Node, rule: string, cure: string): GraphIssue => ({
    code: 'invalid-member',
    node: name,
    member: `${member.kind} ${labelOf(member)}`,
    rule,
    cure,
    at,
  });
  const embedding = (member: Node) => traits.get(member)?.embedding === true;
  const conditioned = (member: Node) => traits.get(member)?.conditioned === true;
  return match(node)
    .with({ kind: 'shared' }, (n) => [
      ...n.inputs
        .filter((member) => member.kind !== 'input' && member.kind !== 'layer')
        .map((member) => fault(member, 'Members of factorShared must be inputs or layers', 'put a layer on it first')),
      ...repeats(n.inputs).map((member) =>
        fault(member, 'Members of factorShared must have different names', 'rename one, or leave it out'),
      ),
    ])
    .with({ kind: 'concat' }, (n) =>
      n.inputs
        .filter((member) => !embedding(member))
        .map((member) =>
          fault(member, 'Branches of factorConcat must be embeddings', 'stack raw data with factorShared'),
        ),
    )
    .with({ kind: 'add' }, (n) => [
      ...n.inputs
        .filter((member) => !embedding(member))
        .map((member) => fault(member, 'Branches of factorAdd must be embeddings', 'put a layer on it first')),
      ...n.inputs
        .filter((member) => embedding(member) && conditioned(member))
        .map((member) =>
          fault(member, 'Branches of factorAdd must have no condition', 'put the condition on the sum instead'),
        ),
    ])
    .exhaustive();
}

/** Members that stand in the list already, or share a name with a member of the other kind; two inputs or layers of one name are found elsewhere. */
function repeats(members: readonly Node[]): readonly Node[] {
  return members.filter((member, i) =>
    members
      .slice(0, i)
      .some((other) => other === member || (other.kind !== member.kind && labelOf(other) === labelOf(member))),
  );
}

interface Traits {
  /** A layer, or made of layers alone. */
  readonly embedding: boolean;
  /** Carries the rows of a condition. */
  readonly conditioned: boolean;
}

function traitsOf(node: Node, traits: ReadonlyMap<Node, Traits>): Traits {
  const parts = upstream(node).map((part) => traits.get(part) ?? { embedding: false, conditioned: false });
  const all = parts.every(({ embedding }) => embedding);
  return match(node)
    .with({ kind: 'input' }, { kind: 'shared' }, () => ({ embedding: false, conditioned: false }))
    .with({ kind: 'layer' }, () => ({ embedding: true, conditioned: false }))
    .with({ kind: 'condition' }, () => ({ embedding: all, conditioned: true }))
    .with({ kind: 'concat' }, { kind: 'add' }, () => ({
      embedding: all,
      conditioned: parts.some(({ conditioned }) => conditioned),
    }))
    .exhaustive();
}
