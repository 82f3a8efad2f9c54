import { match } from 'ts-pattern';
import type { ConditionNode, InputNode, Node } from '../dsl/node.js';

/** Other data for the nodes of a graph that hold any. */
export interface OtherData {
  readonly input: (node: InputNode) => InputNode;
  readonly condition: (node: ConditionNode) => ConditionNode;
}

/** The graph on other data; nodes that are read twice stay one. */
export function withData(output: Node, other: OtherData): Node {
  const made = new Map<Node, Node>();
  const visit = (node: Node): Node => {
    const known = made.get(node);
    if (known !== undefined) return known;
    const copy = match(node)
      .returnType<Node>()
      .with({ kind: 'input' }, other.input)
      .with({ kind: 'condition' }, (n) => ({ ...other.condition(n), input: visit(n.input) }))
      .with({ kind: 'layer' }, (n) => ({ ...n, input: visit(n.input) }))
      .with({ kind: 'shared' }, { kind: 'concat' }, { kind: 'add' }, (n) => ({ ...n, inputs: n.inputs.map(visit) }))
      .exhaustive();
    made.set(node, Object.freeze(copy));
    return copy;
  };
  return visit(output);
}

/** The inputs of a graph, each once. */
export function inputsIn(output: Node): readonly InputNode[] {
  const found: InputNode[] = [];
  withData(output, {
    input: (node) => {
      found.push(node);
      return node;
    },
    condition: (node) => node,
  });
  return found;
}
