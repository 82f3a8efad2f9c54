import type { GraphConfig } from '../dsl/config.js';
import type { Node } from '../dsl/node.js';
import { GraphError } from '../errors.js';
import { look } from '../matrix-check.js';
import { collect } from './collect.js';
import { givenFaults } from './data-faults.js';
import { lossListFaults } from './losses.js';
import { lower } from './lower.js';
import type { Compiled } from './plan.js';
import { shapes } from './shapes.js';
import { streamFaults } from './streamed.js';
import { type Eyes, survey } from './survey.js';
import { validate } from './validate.js';

/**
 * collect → survey → validate → shapes → lower. Pure: needs no backend, changes nothing; whoever has quicker eyes lends them.
 *
 * @throws GraphError with every fault found.
 */
export function compile(output: Node, config: GraphConfig = {}, eyes: Eyes = look): Compiled {
  const graph = collect(output);
  const found = survey(graph, eyes);
  const known = shapes(graph, found);
  const { issues: faults, contents } = validate(graph, found, config);
  const issues = [
    ...graph.issues,
    ...found.names.issues,
    ...faults,
    ...known.issues,
    ...givenFaults(graph, found, known),
    ...lossListFaults(graph, known),
    ...streamFaults(graph, found, config),
  ];
  if (issues.length > 0) throw new GraphError(issues);
  return lower(graph, { survey: found, contents }, config);
}
