import { match } from 'ts-pattern';
import type { GraphConfig } from '../dsl/config.js';
import { type ConditionNode, type InputNode, type LayerNode, type Node, upstream } from '../dsl/node.js';
import { storedBytes, storedEntries } from '../matrix.js';
import type { Collected } from './collect.js';
import type { Compiled, FactorSlots, FitStep, Plan, SlotId, SplitPart, StartArgs } from './plan.js';
import { createPlanBuilder, type PlanBuilder } from './plan-builder.js';
import { factorTerms, resolveNmf, resolveSvd } from './resolve.js';
import type { Survey, Surveyed } from './survey.js';

/** How an upstream layer hands on its embedding: diag(d)·H, or H alone. */
type Mode = 'scaled' | 'normalized';

/** Rows that a node hands on, and what the W of the layer on top calls them. */
interface Block {
  readonly slot: SlotId;
  readonly part: SplitPart['part'];
  readonly name: string;
}

/** From a graph without faults to the plan that fits it: every node once, upstream first. */
export function lower(graph: Collected, data: Survey, config: GraphConfig): Compiled {
  const plan = createPlanBuilder();
  const wanted = modesWanted(graph);
  const blocks = new Map<Node, Map<Mode, readonly Block[]>>();
  const signed = signs(graph, data);
  let layers = 0;

  for (const node of graph.order) {
    const read = (part: Node, mode: Mode): readonly Block[] => blocks.get(part)?.get(mode) ?? [];
    if (node.kind === 'layer') {
      const input = read(node.input, node.spec.embedding ?? 'scaled');
      const slots = lowerLayer(plan, node, input, config, {
        seed: node.spec.seed ?? null,
        stream: node.spec.seed === undefined ? layers : 0,
      });
      layers++;
      if (signed.get(node.input) === true && isNonnegative(node)) {
        plan.note({ code: 'negative-data', layer: node.spec.name });
      }
      blocks.set(node, handedOn(plan, node, slots, wanted.get(node)));
      continue;
    }
    const own = new Map<Mode, readonly Block[]>();
    const loaded = node.kind === 'input' || node.kind === 'condition' ? load(plan, node, data.get(node)) : [];
    for (const mode of wanted.get(node) ?? []) {
      const from = (part: Node) => read(part, mode);
      own.set(mode, combine(plan, node, loaded, from));
    }
    blocks.set(node, own);
  }
  return plan.finish(config.seed ?? null, outputLayers(graph.output));
}

/** Which forms of each node its consumers ask for; asked of the output first. */
function modesWanted(graph: Collected): ReadonlyMap<Node, ReadonlySet<Mode>> {
  const wanted = new Map<Node, Set<Mode>>();
  const want = (node: Node, modes: Iterable<Mode>) => {
    const set = wanted.get(node) ?? new Set();
    for (const mode of modes) set.add(mode);
    wanted.set(node, set);
  };
  for (const node of graph.order.toReversed()) {
    if (node.kind === 'layer') want(node.input, [node.spec.embedding ?? 'scaled']);
    else for (const part of upstream(node)) want(part, wanted.get(node) ?? []);
  }
  return wanted;
}

/** Nodes that may hold negative numbers, which an NMF layer can only approach by zero. */
function signs(graph: Collected, data: Survey): ReadonlyMap<Node, boolean> {
  const signed = new Map<Node, boolean>();
  for (const node of graph.order) {
    const fromParts = upstream(node).some((part) => signed.get(part));
    signed.set(
      node,
      match(node)
        .with({ kind: 'layer', method: 'svd' }, () => true)
        .with({ kind: 'layer', method: 'nmf' }, ({ spec }) => !factorTerms(spec, 'H').nonneg)
        .otherwise((n) => fromParts || isNegative(data.get(n))),
    );
  }
  return signed;
}

const isNegative = (found: Surveyed | undefined): boolean =>
  found !== undefined && 'facts' in found && found.facts.negative;

/** Whether neither factor may be negative. */
const isNonnegative = (node: LayerNode): boolean =>
  node.method === 'nmf' && factorTerms(node.spec, 'W').nonneg && factorTerms(node.spec, 'H').nonneg;

/** The data of a node as a block; validation has turned away everything that is no matrix. */
function load(plan: PlanBuilder, node: InputNode | ConditionNode, found: Surveyed | undefined): readonly Block[] {
  if (found === undefined || !('facts' in found)) return [];
  const data = found.matrix;
  const name = node.kind === 'input' ? node.options.name : `condition ${plan.countConditions() + 1}`;
  const slot = plan.slot(name, data.rows, data.cols, storedEntries(data), storedBytes(data));
  plan.load({ op: 'load', source: node.kind, name, write: slot }, data);
  return [{ slot, part: node.kind === 'input' ? 'rest' : 'condition', name }];
}

/** The blocks of a node that is no layer. */
function combine(
  plan: PlanBuilder,
  node: Exclude<Node, LayerNode>,
  loaded: readonly Block[],
  read: (part: Node) => readonly Block[],
): readonly Block[] {
  return match(node)
    .with({ kind: 'input' }, () => loaded)
    .with({ kind: 'shared' }, (n) =>
      n.inputs.flatMap((part) => read(part).map((block) => ({ ...block, part: 'modality' as const }))),
    )
    .with({ kind: 'concat' }, (n) => n.inputs.flatMap(read))
    .with({ kind: 'condition' }, (n) => [...read(n.input), ...loaded])
    .with({ kind: 'add' }, (n) => {
      const reads = n.inputs.map((part) => plan.stack(read(part).map(({ slot }) => slot)));
      const [rows, cols] = plan.shape(reads[0]);
      const write = plan.slot('sum', rows, cols);
      plan.step({ op: 'add', reads, write });
      return [{ slot: write, part: 'rest', name: 'sum' } as const];
    })
    .exhaustive();
}

function lowerLayer(
  plan: PlanBuilder,
  node: LayerNode,
  input: readonly Block[],
  config: GraphConfig,
  start: StartArgs,
): FactorSlots {
  const { name, k } = node.spec;
  const read = plan.stack(input.map(({ slot }) => slot));
  const [m, n] = plan.shape(read);
  const write = { W: plan.slot(`${name}.W`, m, k), d: plan.slot(`${name}.d`, k, 1), H: plan.slot(`${name}.H`, k, n) };
  plan.step(
    match(node)
      .with(
        { method: 'nmf' },
        ({ spec }): FitStep => ({ op: 'nmf', layer: name, read, write, args: resolveNmf(spec, config, start) }),
      )
      .with(
        { method: 'svd' },
        ({ spec }): FitStep => ({ op: 'svd', layer: name, read, write, args: resolveSvd(spec, m, n, start) }),
      )
      .exhaustive(),
  );
  if (k > Math.min(m, n)) plan.note({ code: 'rank-above-size', method: node.method, layer: name, k, shape: [m, n] });
  const parts = splitParts(plan, name, k, input);
  if (parts.length > 0) plan.split({ op: 'splitRows', layer: name, read: write.W, parts });
  plan.layer({ layer: name, method: node.method, slots: write, split: parts.length > 0 });
  return write;
}

/** Which rows of W go to which part of the result; none when W stays whole. */
function splitParts(plan: PlanBuilder, layer: string, k: number, input: readonly Block[]): readonly SplitPart[] {
  if (input.every(({ part }) => part === 'rest')) return [];
  const gathered = new Map<string, { part: SplitPart['part']; name: string; rows: [number, number][] }>();
  let top = 0;
  for (const { slot, part, name } of input) {
    const [rows] = plan.shape(slot);
    const key = part === 'modality' ? `modality ${name}` : part;
    const entry = gathered.get(key) ?? { part, name: part === 'modality' ? name : part, rows: [] };
    entry.rows.push([top, top + rows]);
    gathered.set(key, entry);
    top += rows;
  }
  return [...gathered.values()].map(({ part, name, rows }) => {
    const count = rows.reduce((sum, [from, to]) => sum + to - from, 0);
    const label =
      part === 'modality' ? `${layer}.W.${name}` : part === 'condition' ? `${layer}.Wcondition` : `${layer}.W`;
    return { part, name, rows, write: plan.slot(label, count, k) };
  });
}

/** A layer's embedding in each form that is asked for. */
function handedOn(plan: PlanBuilder, node: LayerNode, slots: FactorSlots, modes: ReadonlySet<Mode> = new Set()) {
  const { name } = node.spec;
  const own = new Map<Mode, readonly Block[]>();
  const [k, n] = plan.shape(slots.H);
  if (modes.has('scaled')) {
    const write = plan.slot(`${name}.dH`, k, n);
    plan.step({ op: 'embed', layer: name, d: slots.d, H: slots.H, write });
    own.set('scaled', [{ slot: write, part: 'rest', name }]);
  }
  if (modes.has('normalized')) own.set('normalized', [{ slot: slots.H, part: 'rest', name }]);
  return own;
}

/** The layers at the top: the output itself, or those that an output made of several joins. */
function outputLayers(output: Node): Plan['output'] {
  const names = new Set<string>();
  const seen = new Set<Node>();
  const waiting = [output];
  for (let node = waiting.shift(); node !== undefined; node = waiting.shift()) {
    if (seen.has(node)) continue;
    seen.add(node);
    if (node.kind === 'layer') names.add(node.spec.name);
    else waiting.push(...upstream(node));
  }
  return [...names];
}
