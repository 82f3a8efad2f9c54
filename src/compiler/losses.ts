import { lossFaults } from '../dsl/check-loss.js';
import type { GraphConfig, NmfSpec } from '../dsl/config.js';
import { type LayerNode, type Node, upstream } from '../dsl/node.js';
import type { Fault, GraphIssue } from '../issues.js';
import { domainOf, needsPositive, powerOf } from '../loss.js';
import { firstOutside } from '../matrix-check.js';
import type { Side } from '../objective.js';
import type { Collected } from './collect.js';
import type { Contents } from './contents.js';
import { isNode, labelOf } from './nodes.js';
import { fits32, plannedLoss } from './planned-loss.js';
import { factorTerms, methodOf } from './resolve.js';
import type { Shapes } from './shapes.js';
import type { Survey } from './survey.js';
import type { Weighed } from './weights.js';

/** Layers with another loss than squares: their options, checked and resolved. */

type NmfNode = Extract<LayerNode, { readonly method: 'nmf' }>;

const SIDES: readonly Side[] = ['W', 'H'];

/** Options of a layer that don't go with its loss. */
export function lossCombinations(
  of: string,
  spec: NmfSpec,
  config: GraphConfig,
  weights: readonly Weighed[] = [],
): readonly Fault[] {
  const loss = plannedLoss(spec.loss);
  const { solver, accelerate, precision } = methodOf(spec, config, null);
  const faults: Fault[] = [];
  const refuse = (options: Readonly<Record<string, unknown>>, rule: string, cure: string) =>
    faults.push({ code: 'incompatible-options', of, options, rule, cure });
  if (loss === null) {
    if (solver === 'ccd')
      refuse(
        { solver },
        "Solver 'ccd' must have another loss than 'mse'",
        "use solver: 'hals', or give the layer a loss",
      );
    return faults;
  }
  const { name } = loss;
  const own = { loss: name };
  const updates = powerOf(loss) === 1 ? " or 'mu'" : '';
  if (solver !== 'ccd' && !(solver === 'mu' && updates !== ''))
    refuse({ ...own, solver }, `Loss '${name}' must have solver 'ccd'${updates}`, "give the layer solver: 'ccd'");
  if (accelerate === 'her')
    refuse({ ...own, accelerate }, `Loss '${name}' must have no extrapolation`, "give the layer accelerate: 'none'");
  if (precision === 'f32' && !fits32(loss))
    refuse({ ...own, precision }, `Loss '${name}' must be fitted in 64 bits`, "give the layer precision: 'f64'");
  if (weights.some(({ balance }) => balance))
    refuse(
      { ...own, weight: 'balance' },
      `Loss '${name}' must have weights that are numbers`,
      'give each part a number',
    );
  for (const side of SIDES) {
    if (needsPositive(loss) && !factorTerms(spec, side).nonneg)
      refuse(
        { ...own, [`nonneg.${side}`]: false },
        `Loss '${name}' must have estimates above zero, and so two non-negative factors`,
        "leave nonneg at true, or use loss 'mse', 'huber' or 'mae'",
      );
  }
  return faults;
}

/** Data that a layer's loss forbids, each named where it enters, and embeddings that may hold such. */
export function lossDataFaults(of: string, node: NmfNode, { data }: Survey, contents: ReadonlyMap<Node, Contents>) {
  const loss = plannedLoss(node.spec.loss);
  const domain = loss === null ? null : domainOf(loss);
  if (loss === null || domain === null) return [];
  const faults: Fault[] = [];
  const look = (part: Node): void => {
    // Reported where the graph was collected.
    if (!isNode(part)) return;
    const found = data.get(part);
    // What is no matrix of numbers is found elsewhere.
    if (found !== undefined && 'facts' in found && found.facts.infinite === undefined) {
      const odd = firstOutside(found.matrix, domain.holds);
      const what = part.kind === 'input' ? `input '${labelOf(part)}'` : 'a condition';
      if (odd !== undefined)
        faults.push({
          code: 'invalid-data',
          of: `${what}, which ${of} reads with loss '${loss.name}',`,
          rule: domain.rule,
          got: `${odd.value} at row ${odd.row}, column ${odd.col}`,
          cure: domain.cure,
        });
    }
    if (part.kind !== 'layer') {
      upstream(part).forEach(look);
      return;
    }
    const holds = domain.holds(0) && domain.holds(0.5) && contents.get(part)?.negative !== true;
    if (holds) return;
    faults.push({
      code: 'incompatible-options',
      of,
      options: { loss: loss.name, input: labelOf(part) },
      rule: `Loss '${loss.name}' must read numbers that are ${domain.rule}, and an embedding may hold others`,
      cure: "use loss 'mse' or 'kl' on embeddings, or put the layer on an input",
    });
  };
  look(node.input);
  return faults;
}

/** Lists of parameters whose length isn't that of what a layer reads. */
export function lossListFaults(graph: Collected, { of: shapes }: Shapes): readonly GraphIssue[] {
  return graph.order.flatMap((node) => {
    if (node.kind !== 'layer' || node.method !== 'nmf') return [];
    const shape = shapes.get(node.input);
    // A loss with other faults is no list.
    // An untyped caller may have given no options; that is found elsewhere, too.
    const given = (node.spec as Partial<NmfSpec> | undefined)?.loss;
    const loss = given === undefined || lossFaults(given).length > 0 ? null : plannedLoss(given);
    if (shape === undefined || loss === null) return [];
    return (['dispersion', 'zeroInflation'] as const).flatMap((option) => {
      const parameter = loss[option];
      if (parameter === null || parameter.estimate || parameter.by === 'global') return [];
      const count = parameter.by === 'row' ? shape.rows : shape.cols;
      if (parameter.values.length === count) return [];
      const what = parameter.by === 'row' ? 'feature' : 'sample';
      const of = `layer '${labelOf(node)}'`;
      const rule = `${count} numbers, one for each ${what} that the layer reads`;
      const fault = { code: 'invalid-option', of, option: `loss.${option}.${parameter.by}`, rule, got: parameter.values.length }; // biome-ignore format: one thought
      return [{ ...fault, code: 'invalid-option' as const, at: graph.where(node) }];
    });
  });
}
