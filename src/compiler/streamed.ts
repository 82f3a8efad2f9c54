import type { GraphConfig } from '../dsl/config.js';
import { type InputNode, type LayerNode, type Node, upstream } from '../dsl/node.js';
import type { Fault, GraphIssue } from '../issues.js';
import type { Collected } from './collect.js';
import { isNode, labelOf, titleOf } from './nodes.js';
import { plannedLoss } from './planned-loss.js';
import { methodOf } from './resolve.js';
import type { Survey } from './survey.js';
import { tiedForm } from './tied.js';

const CURE = 'read it into memory: leave out stream';

/** What can't be had of an input that stays in its file, and what isn't a file. */
export function streamFaults(graph: Collected, survey: Survey, config: GraphConfig): readonly GraphIssue[] {
  const isStreamed = (node: Node) => survey.data.get(node)?.matrix.kind === 'streamed';
  return graph.order.flatMap((node) => {
    const read = upstream(node).filter((part) => isNode(part) && isStreamed(part));
    const own = node.kind === 'input' ? inputFaults(node, isStreamed(node)) : [];
    const faults = read.length === 0 ? own : readerFaults(node, labelOf(read[0]), config);
    return faults.map((fault) => ({ ...fault, at: graph.where(node) }));
  });
}

function inputFaults(node: InputNode, streamed: boolean): readonly Fault[] {
  const { options, data } = node;
  const of = `input '${labelOf(node)}'`;
  if (!streamed) {
    if (options?.stream !== true || data.kind === 'unusable') return [];
    const rule = 'given with the path of an .npy or .spz file, and not with a matrix';
    return [{ code: 'invalid-option', of, option: 'stream', rule, got: true }];
  }
  const given = (['mask', 'weights', 'weight'] as const).filter((option) => options[option] !== undefined);
  const shown = Object.fromEntries(given.map((option) => [option, options[option]]));
  const rule = 'An input that is streamed must have neither mask nor weights';
  return given.length === 0 ? [] : [{ ...refusal(of, { stream: true, ...shown }, rule), cure: `leave ${given.join(' and ')} out, or ${CURE}` }]; // biome-ignore format: one thought
}

function refusal(of: string, options: Readonly<Record<string, unknown>>, rule: string) {
  return { code: 'incompatible-options', of, options, rule, cure: CURE } as const satisfies Fault;
}

/** What a node can't do with an input that it reads. */
function readerFaults(node: Node, input: string, config: GraphConfig): readonly Fault[] {
  const whole = { input, stream: true };
  if (node.kind !== 'layer') {
    const rule = 'An input that is streamed must be read by NMF layers, and by nothing between';
    return [refusal(titleOf(node), whole, rule)];
  }
  const of = `layer '${labelOf(node)}'`;
  const refuse = (options: Readonly<Record<string, unknown>>, must: string) =>
    refusal(of, { ...whole, ...options }, `A layer that reads a streamed input must ${must}`);
  return options(node, config).flatMap(({ found, must }) => (found === null ? [] : [refuse(found, must)]));
}

/** What a layer asks for that has to see all data at once. */
function options(node: LayerNode, config: GraphConfig) {
  // An untyped caller may have given no options; that is found elsewhere, too.
  if (node.spec === undefined) return [];
  if (node.method === 'svd') return [{ found: { method: 'svd' }, must: 'be an NMF layer' }];
  const { solver, start } = methodOf(node.spec, config, null);
  const form = tiedForm(node.spec);
  const loss = plannedLoss(node.spec.loss);
  const fromSvd = typeof start === 'string' && start !== 'random';
  return [
    { found: form === null ? null : { [form]: true }, must: 'have a W and an H of their own' },
    { found: loss === null ? null : { loss: loss.name }, must: "have loss 'mse'" },
    {
      found: loss === null && (solver === 'mu' || solver === 'ccd') ? { solver } : null,
      must: "have solver 'hals', 'bpp' or 'cholesky'",
    },
    { found: fromSvd ? { start } : null, must: "have start 'random' or { W, H }" },
    { found: config.training === 'joint' ? { training: 'joint' } : null, must: 'be trained by itself' },
  ];
}
