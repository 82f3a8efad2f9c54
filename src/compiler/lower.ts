import type { GraphConfig } from '../dsl/config.js';
import { type ConditionNode, type InputNode, type LayerNode, type Node, upstream } from '../dsl/node.js';
import { storedBytes, storedValues, toCsc } from '../matrix.js';
import { examine } from '../matrix-check.js';
import type { Side } from '../objective.js';
import type { Shares } from '../weights.js';
import type { Collected } from './collect.js';
import type { Contents } from './contents.js';
import type { Aligned, Names } from './names.js';
import type {
  BlockWeight,
  BoundStream,
  Compiled,
  FactorSlots,
  LoadStep,
  NmfStart,
  NmfStepArgs,
  Plan,
  PlannedTerms,
  Slot,
  SlotId,
  SplitPart,
  StartArgs,
} from './plan.js';
import { createPlanBuilder, type PlanBuilder } from './plan-builder.js';
import { factorTerms, methodOf, randomStart, resolveJoint, resolveNmf, resolveSvd } from './resolve.js';
import type { Survey, Surveyed } from './survey.js';
import { resolveTied, tiedForm } from './tied.js';
import { isWeighed, type Weighed, weighedContents } from './weights.js';

/** What is assumed of data that nothing is known of. */
const NOTHING = { held32: false, missing: 0 } as const;

/** How an upstream layer hands on its embedding: diag(d)·H, or H alone. */
type Mode = 'scaled' | 'normalized';

type NmfNode = Extract<LayerNode, { readonly method: 'nmf' }>;

/** Rows that a node hands on, and what the W of the layer on top calls them. */
interface Block {
  readonly slot: SlotId;
  readonly part: SplitPart['part'];
  readonly name: string;
  /** Its weights, where it is an input that has such. */
  readonly shares?: Shares<SlotId>;
}

/** What is known of a graph without faults. */
interface Known {
  readonly survey: Survey;
  readonly contents: ReadonlyMap<Node, Contents>;
}

/** From a graph without faults to the plan that fits it: every node once, upstream first. */
export function lower(graph: Collected, { survey, contents }: Known, config: GraphConfig): Compiled {
  const plan = createPlanBuilder();
  const wanted = modesWanted(graph);
  const blocks = new Map<Node, Map<Mode, readonly Block[]>>();
  let layers = 0;

  for (const node of graph.order) {
    const read = (part: Node, mode: Mode): readonly Block[] => blocks.get(part)?.get(mode) ?? [];
    if (node.kind === 'layer') {
      const input = read(node.input, node.spec.embedding ?? 'scaled');
      const start = { seed: node.spec.seed ?? null, stream: node.spec.seed === undefined ? layers : 0 };
      const slots = lowerLayer(plan, node, input, {
        config,
        survey,
        start,
        holds: weighedContents(contents.get(node.input), survey.weights.get(node)),
      });
      layers++;
      blocks.set(node, handedOn(plan, node, slots, wanted.get(node)));
      continue;
    }
    const own = new Map<Mode, readonly Block[]>();
    const loaded = node.kind === 'input' || node.kind === 'condition' ? loadData(plan, node, survey, graph) : [];
    for (const mode of wanted.get(node) ?? []) {
      const from = (part: Node) => read(part, mode);
      own.set(mode, combine(plan, node, loaded, from, survey.names));
    }
    blocks.set(node, own);
  }
  return plan.finish(config.seed ?? null, outputLayers(graph.output), resolveJoint(config));
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

/** Whether neither factor may be negative; the H of a projective layer is what W makes of the data. */
const isNonnegative = (node: LayerNode): boolean =>
  node.method === 'nmf' &&
  node.spec.projective !== true &&
  factorTerms(node.spec, 'W').nonneg &&
  factorTerms(node.spec, 'H').nonneg;

/** Whether a start full of zeros meets updates that multiply. */
function zerosStay(node: LayerNode, config: GraphConfig): boolean {
  if (node.method !== 'nmf') return false;
  const { solver, start } = methodOf(node.spec, config, null);
  return solver === 'mu' && start === 'nndsvd';
}

/** The data of a node as a block. */
function loadData(
  plan: PlanBuilder,
  node: InputNode | ConditionNode,
  survey: Survey,
  graph: Collected,
): readonly Block[] {
  const { data, names, own: weights } = survey;
  const name = node.kind === 'input' ? node.options.name : `condition ${plan.countConditions() + 1}`;
  const called = node.kind === 'input' ? { rows: names.features.get(node), cols: names.samples.get(node) } : {};
  const found = data.get(node);
  if (found?.matrix.kind === 'streamed') {
    const write = loadStream(plan, name, { matrix: found.matrix, at: graph.where(node) }, called);
    return [{ slot: write, part: 'rest', name }];
  }
  const slots = load(plan, node.kind, name, found, called);
  if (node.kind === 'condition') return slots.map((slot) => ({ slot, part: 'condition', name }));
  const shares = eachShare(weights.get(node)?.shares ?? {}, (matrix, part) => {
    return load(plan, 'weights', `${name}'s weights by ${part}`, { matrix, facts: examine(matrix) })[0];
  });
  return slots.map((slot) => ({ slot, part: 'rest', name, shares }));
}

/** Made anew, as far as they are there. */
function eachShare<S, T>(shares: Shares<S>, make: (share: S, part: keyof Shares<S>) => T): Shares<T> {
  const parts = (['features', 'samples', 'entries'] as const).flatMap((part) => {
    const share = shares[part];
    return share === undefined ? [] : [[part, make(share, part)] as const];
  });
  return Object.fromEntries(parts);
}

/** What a plan keeps of how the blocks that a layer reads are weighed. */
const blockWeights = (weights: readonly Weighed[] = [], blocks: readonly Block[]): readonly BlockWeight[] | null =>
  weights.some(isWeighed)
    ? weights.map(({ weight, balance }, at) => ({ weight, balance, ...blocks[at].shares }))
    : null;

interface Called {
  readonly rows?: readonly string[] | undefined;
  readonly cols?: readonly string[] | undefined;
}

/** A slot for an input that stays in its file. */
function loadStream(plan: PlanBuilder, name: string, bound: BoundStream, called: Called): SlotId {
  const { rows, cols, order: layout, precision, bytes, entries = rows * cols } = bound.matrix;
  const named = { rowNames: plan.names(called.rows), colNames: plan.names(called.cols) };
  const write = plan.slot(name, rows, cols, { bytes, entries, ...named });
  plan.stream({ op: 'load', source: 'input', name, layout, precision, missing: 0, streamed: true, write }, bound);
  return write;
}

/** A slot that a matrix is bound to; validation has turned away everything that is none. */
function load(
  plan: PlanBuilder,
  source: LoadStep['source'],
  name: string,
  found: Surveyed | undefined,
  names: Called = {},
): readonly SlotId[] {
  if (found === undefined || !('facts' in found)) return [];
  const { matrix, facts } = found;
  const named = { rowNames: plan.names(names.rows), colNames: plan.names(names.cols) };
  const write = plan.slot(name, matrix.rows, matrix.cols, { ...storedIn(found), ...named });
  const layout = matrix.kind === 'csc' ? 'csc' : (matrix.order ?? 'columns');
  const precision = storedValues(matrix) instanceof Float32Array ? 'f32' : 'f64';
  plan.load({ op: 'load', source, name, layout, precision, missing: facts.missing, write }, matrix);
  return [write];
}

const storedIn = ({ matrix, facts }: Extract<Surveyed, { readonly facts: unknown }>) => ({
  entries: storedValues(matrix).length,
  nonzeros: facts.nonzeros,
  bytes: storedBytes(matrix),
});

/** The rows of a member of a factorShared, its samples in the order in which they are stacked. */
function member(plan: PlanBuilder, block: Block, aligned: Aligned | undefined, names: readonly string[] | undefined) {
  const modality = { ...block, part: 'modality' as const };
  if (aligned === undefined || !('facts' in aligned.found)) return modality;
  const { from, found } = aligned;
  const stored = { ...storedIn(aligned.found), colNames: plan.names(names) };
  const shares = eachShare(block.shares ?? {}, (read, part) =>
    // What an absent sample weighs says nothing: it is missing.
    part === 'features' ? read : plan.align({ read, from, missing: 0 }, {}),
  );
  return { ...modality, slot: plan.align({ read: block.slot, from, missing: found.facts.missing }, stored), shares };
}

/** The blocks of a node that is no layer. */
function combine(
  plan: PlanBuilder,
  node: Exclude<Node, LayerNode>,
  loaded: readonly Block[],
  read: (part: Node) => readonly Block[],
  names: Names,
): readonly Block[] {
  switch (node.kind) {
    case 'input':
      return loaded;
    case 'shared':
      return node.inputs.flatMap((part) =>
        read(part).map((block) => member(plan, block, names.aligned.get(node)?.get(part), names.samples.get(node))),
      );
    case 'concat':
      return node.inputs.flatMap(read);
    case 'condition':
      return [...read(node.input), ...loaded];
    case 'add': {
      const reads = node.inputs.map((part) => plan.stack(read(part).map(({ slot }) => slot)));
      const [rows, cols] = plan.shape(reads[0]);
      const write = plan.slot('sum', rows, cols);
      plan.step({ op: 'add', reads, ...(node.options?.align === true ? { align: true as const } : {}), write });
      return [{ slot: write, part: 'rest', name: 'sum' }];
    }
  }
}

/** Where an NMF layer begins; given factors are loaded like data. */
function lowerStart(plan: PlanBuilder, node: NmfNode, { config, survey, start }: Surroundings): NmfStart {
  const { spec } = node;
  const { start: from } = methodOf(spec, config, null);
  if (from === 'random') return randomStart(spec, config, start);
  if (typeof from === 'string') return { from, ...start };
  const given = survey.given.get(node);
  const [W] = load(plan, 'start', `start W of ${spec.name}`, given?.W.start);
  const [H] = load(plan, 'start', `start H of ${spec.name}`, given?.H.start);
  return { from: 'given', W, H };
}

/** The terms of a factor; their matrices are loaded like data, neighbours as a sparse matrix. */
function lowerTerms(plan: PlanBuilder, node: NmfNode, side: Side, survey: Survey): PlannedTerms {
  const { graph, target, ...terms } = factorTerms(node.spec, side);
  const given = survey.given.get(node)?.[side];
  const slotOf = (what: string, found: Surveyed | undefined): SlotId =>
    load(plan, 'term', `${side} ${what} of ${node.spec.name}`, found)[0];
  const neighbours = given?.graph;
  const sparse = neighbours && 'facts' in neighbours ? { ...neighbours, matrix: toCsc(neighbours.matrix) } : neighbours;
  return {
    ...terms,
    graph: graph === null ? null : { ...graph, adjacency: slotOf('graph', sparse) },
    target: target === null ? null : { ...target, matrix: slotOf('target', given?.target) },
  };
}

/** What a layer's step depends on beside the layer itself. */
interface Surroundings {
  readonly config: GraphConfig;
  readonly survey: Survey;
  readonly start: StartArgs;
  readonly holds: Contents | undefined;
}

function nmfArgs(
  plan: PlanBuilder,
  node: NmfNode,
  input: readonly Block[],
  X: Slot,
  around: Surroundings,
): NmfStepArgs {
  const start = lowerStart(plan, node, around);
  const terms = { W: lowerTerms(plan, node, 'W', around.survey), H: lowerTerms(plan, node, 'H', around.survey) };
  const args = resolveNmf(node.spec, around.config, X, around.holds ?? NOTHING, { start, terms });
  return { ...args, weights: blockWeights(around.survey.weights.get(node), input) };
}

function lowerLayer(plan: PlanBuilder, node: LayerNode, input: readonly Block[], around: Surroundings): FactorSlots {
  const { name, k } = node.spec;
  const read = plan.stack(input.map(({ slot }) => slot));
  const X = plan.find(read);
  const [m, n] = X.shape;
  const colNames = plan.names(around.survey.names.samples.get(node));
  const write = {
    W: plan.slot(`${name}.W`, m, k, { rowNames: X.rowNames }),
    d: plan.slot(`${name}.d`, k, 1),
    H: plan.slot(`${name}.H`, k, n, { colNames }),
  };
  if (node.method === 'svd') {
    const args = resolveSvd(node.spec, m, n, (around.holds?.missing ?? 0) > 0, around.start);
    plan.step({ op: 'svd', layer: name, read, write, args });
  } else {
    const form = tiedForm(node.spec);
    plan.step(
      form === null
        ? { op: 'nmf', layer: name, read, write, args: nmfArgs(plan, node, input, X, around) }
        : { op: 'tied', layer: name, read, write, args: resolveTied(form, node.spec, around.config, X, around.start) },
    );
  }
  if (k > Math.min(m, n)) plan.note({ code: 'rank-above-size', method: node.method, layer: name, k, shape: [m, n] });
  if (around.holds?.negative === true && isNonnegative(node)) plan.note({ code: 'negative-data', layer: name });
  if (zerosStay(node, around.config)) plan.note({ code: 'zeros-stay', layer: name });
  const parts = splitParts(plan, name, k, input);
  if (parts.length > 0) plan.split({ op: 'splitRows', layer: name, read: write.W, parts });
  plan.layer({ layer: name, method: node.method, slots: write, split: parts.length > 0 });
  return write;
}

/** Which rows of W go to which part of the result; none when W stays whole. */
function splitParts(plan: PlanBuilder, layer: string, k: number, input: readonly Block[]): readonly SplitPart[] {
  if (input.every(({ part }) => part === 'rest')) return [];
  const gathered = new Map<
    string,
    { part: SplitPart['part']; name: string; rows: [number, number][]; rowNames: number | undefined }
  >();
  let top = 0;
  for (const { slot, part, name } of input) {
    const { shape, rowNames } = plan.find(slot);
    const [rows] = shape;
    const key = part === 'modality' ? `modality ${name}` : part;
    const entry = gathered.get(key) ?? { part, name: part === 'modality' ? name : part, rows: [], rowNames };
    if (entry.rows.push([top, top + rows]) > 1) entry.rowNames = undefined;
    gathered.set(key, entry);
    top += rows;
  }
  return [...gathered.values()].map(({ part, name, rows, rowNames }) => {
    const count = rows.reduce((sum, [from, to]) => sum + to - from, 0);
    const label =
      part === 'modality' ? `${layer}.W.${name}` : part === 'condition' ? `${layer}.Wcondition` : `${layer}.W`;
    return { part, name, rows, write: plan.slot(label, count, k, { rowNames }) };
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
