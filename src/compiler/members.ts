import { type Node, upstream } from '../dsl/node.js';
import type { Fault } from '../issues.js';
import { isNode, labelOf, named, titleOf } from './nodes.js';

/** What may be put into a factorShared, factorConcat or factorAdd. */
export function memberFaults(
  node: Extract<Node, { readonly inputs: readonly Node[] }>,
  traits: ReadonlyMap<Node, Traits>,
): readonly Fault[] {
  const name = titleOf(node);
  if (node.inputs.length < 2) return [{ code: 'too-few-members', node: name, got: node.inputs.length }];
  const fault = (member: Node, rule: string, cure: string): Fault => ({
    code: 'invalid-member',
    node: name,
    member: named(member),
    rule,
    cure,
  });
  // What is no node at all has been reported where the graph was collected.
  const members = node.inputs.filter(isNode);
  const embedding = (member: Node) => traits.get(member)?.embedding === true;
  const conditioned = (member: Node) => traits.get(member)?.conditioned === true;
  switch (node.kind) {
    case 'shared':
      return [
        ...members
          .filter((member) => member.kind !== 'input' && member.kind !== 'layer')
          .map((member) =>
            fault(member, 'Members of factorShared must be inputs or layers', 'put a layer on it first'),
          ),
        ...repeats(members).map((member) =>
          fault(member, 'Members of factorShared must have different names', 'rename one, or leave it out'),
        ),
      ];
    case 'concat':
      return members
        .filter((member) => !embedding(member))
        .map((member) =>
          fault(member, 'Branches of factorConcat must be embeddings', 'stack raw data with factorShared'),
        );
    case 'add':
      return [
        ...members
          .filter((member) => !embedding(member))
          .map((member) => fault(member, 'Branches of factorAdd must be embeddings', 'put a layer on it first')),
        ...members
          .filter((member) => embedding(member) && conditioned(member))
          .map((member) =>
            fault(member, 'Branches of factorAdd must have no condition', 'put the condition on the sum instead'),
          ),
      ];
  }
}

/** Members that stand in the list already, or share a name with a member of the other kind; two inputs or layers of one name are found elsewhere. */
function repeats(members: readonly Node[]): readonly Node[] {
  return members.filter((member, i) =>
    members
      .slice(0, i)
      .some((other) => other === member || (other.kind !== member.kind && labelOf(other) === labelOf(member))),
  );
}

export interface Traits {
  /** A layer, or made of layers alone. */
  readonly embedding: boolean;
  /** Carries the rows of a condition. */
  readonly conditioned: boolean;
}

export function traitsOf(node: Node, traits: ReadonlyMap<Node, Traits>): Traits {
  const parts = upstream(node).map((part) => traits.get(part) ?? { embedding: false, conditioned: false });
  const all = parts.every(({ embedding }) => embedding);
  switch (node.kind) {
    case 'input':
    case 'shared':
      return { embedding: false, conditioned: false };
    case 'layer':
      return { embedding: true, conditioned: false };
    case 'condition':
      return { embedding: all, conditioned: true };
    case 'concat':
    case 'add':
      return { embedding: all, conditioned: parts.some(({ conditioned }) => conditioned) };
  }
}
