import type { GraphConfig } from '../dsl/config.js';
import type { Node } from '../dsl/node.js';
import { GraphError } from '../errors.js';
import { collect } from './collect.js';
import { lower } from './lower.js';
import type { Compiled } from './plan.js';
import { shapes } from './shapes.js';
import { survey } from './survey.js';
import { validate } from './validate.js';

/**
 * collect → survey → validate → shapes → lower. Pure: needs no backend, changes nothing.
 *
 * @throws GraphError with every fault found.
 */
export function compile(output: Node, config: GraphConfig = {}): Compiled {
  const graph = collect(output);
  const data = survey(graph);
  const issues = [...graph.issues, ...validate(graph, data, config), ...shapes(graph, data).issues];
  if (issues.length > 0) throw new GraphError(issues);
  return lower(graph, data, config);
}
