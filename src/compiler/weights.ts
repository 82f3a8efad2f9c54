import { match } from 'ts-pattern';
import type { NmfSpec, Weight } from '../dsl/config.js';
import type { Node, SharedNode } from '../dsl/node.js';
import { type Fault, LARGEST_VALUE } from '../issues.js';
import type { Matrix } from '../matrix.js';
import type { EntryWeights, Shares } from '../weights.js';
import type { Collected } from './collect.js';
import { type Contents, LARGEST_VALUE_32 } from './contents.js';
import { labelOf, titleOf } from './nodes.js';
import { plannedLoss } from './planned-loss.js';
import { factorTerms } from './resolve.js';
import type { Surveyed } from './survey.js';

/** How much a block counts, but for its weights by feature, sample and entry. */
interface Counted {
  readonly weight: number;
  readonly balance: boolean;
}

/** A block that a layer reads, and how much it counts. */
export interface Weighed extends Counted, Shares<Matrix> {
  readonly of: string;
  /** The largest magnitude, where that is known before a fit. */
  readonly largest: number | undefined;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

/** A weight that an option gives; what is none is found with the options. */
const readWeight = (value: unknown): Weight | undefined =>
  value === 'balance' || (typeof value === 'number' && value > 0 && Number.isFinite(value)) ? value : undefined;

/** The weights of the blocks that layers read, in order; of none where no node of the graph gives one. */
export function weightsOf(
  graph: Collected,
  data: ReadonlyMap<Node, Surveyed>,
  own: ReadonlyMap<Node, EntryWeights>,
): ReadonlyMap<Node, readonly Weighed[]> {
  const read = new Map<Node, readonly Weighed[]>();
  if (!graph.order.some(givesWeights)) return read;
  const blocks = new Map<Node, readonly Weighed[]>();
  const of = (node: Node) => blocks.get(node) ?? [];
  const block = (node: Node, name: string): Weighed => {
    const found = data.get(node);
    const largest = found !== undefined && 'facts' in found ? found.facts.largest : undefined;
    const { scale = 1, shares } = own.get(node) ?? {};
    return { of: name, weight: scale, balance: false, largest, ...shares };
  };
  for (const node of graph.order) {
    const found = match(node)
      .with({ kind: 'input' }, (n) => [times(block(n, `input '${labelOf(n)}'`), n.options?.weight)])
      .with({ kind: 'condition' }, (n) => [...of(n.input), times(block(n, 'a condition'), n.options?.weight)])
      .with({ kind: 'shared' }, (n) => n.inputs.flatMap((part) => of(part).map((b) => times(b, sharedWeight(n, part)))))
      .with({ kind: 'concat' }, (n) => n.inputs.flatMap(of))
      .with({ kind: 'add' }, (n) => [block(n, titleOf(n))])
      .with({ kind: 'layer' }, (n) => {
        read.set(n, of(n.input));
        return [block(n, `layer '${labelOf(n)}'`)];
      })
      .exhaustive();
    blocks.set(node, found);
  }
  return read;
}

function givesWeights(node: Node): boolean {
  const options: unknown = 'options' in node ? node.options : undefined;
  return isObject(options) && (options.weight !== undefined || options.weights !== undefined);
}

/** What a factorShared says of one of its members. */
function sharedWeight({ options }: SharedNode, member: Node): unknown {
  const weights: unknown = options?.weights;
  const name = labelOf(member);
  return isObject(weights) ? (Object.hasOwn(weights, name) ? weights[name] : undefined) : weights;
}

function times(block: Weighed, option: unknown): Weighed {
  const by = readWeight(option);
  if (by === undefined) return block;
  return by === 'balance' ? { ...block, balance: true } : { ...block, weight: block.weight * by };
}

/** Whether rows of a block are fitted times something else than 1. */
const isScaled = ({ weight, balance, features }: Counted & Shares<unknown>): boolean =>
  balance || weight !== 1 || features !== undefined;

/** Whether the entries of a row count differently. */
const byEntry = ({ samples, entries }: Shares<unknown>): boolean => samples !== undefined || entries !== undefined;

/** Whether a block counts otherwise than it would without weights. */
export const isWeighed = (block: Counted & Shares<unknown>): boolean => isScaled(block) || byEntry(block);

/** A weight as it is written; `of` says which matrix it is. */
export const weightOf = <T>(block: Counted & Shares<T>, of: (matrix: T) => string = () => ''): string => {
  const { weight, balance } = block;
  const parts = (['features', 'samples', 'entries'] as const).flatMap((part) => {
    const matrix = block[part];
    return matrix === undefined ? [] : [` by ${part}${of(matrix)}`];
  });
  const by = Number(weight.toPrecision(6));
  return `${balance ? `balanced${by === 1 ? '' : ` ×${by}`}` : by}${parts.join('')}`;
};

/** The largest magnitude of a block once it is weighed, as far as is known. */
const weighedSize = ({ weight, balance, largest }: Weighed): number =>
  Math.sqrt(weight) * (balance || largest === undefined ? 1 : largest);

/** What a layer reads, as it is fitted. */
export function weighedContents(input: Contents | undefined, weights: readonly Weighed[] = []): Contents | undefined {
  if (input === undefined || !weights.some(isWeighed)) return input;
  const byEntries = weights.some(byEntry);
  const fits32 = input.fits32 && weights.every((block) => isWithin(weighedSize(block), block, LARGEST_VALUE_32));
  return { ...input, fits32, held32: input.held32 && fits32, byEntry: byEntries };
}

const isWithin = (size: number, { largest }: Weighed, most: number): boolean =>
  largest === 0 || (size <= most && size >= 1 / most);

/** Blocks that weights make too large or too small to be squared. */
export const weightFaults = (weights: readonly Weighed[] = []): readonly Fault[] =>
  weights.flatMap((block) => {
    const largest = weighedSize(block);
    const sound = !isWeighed(block) || isWithin(largest, block, LARGEST_VALUE);
    return sound ? [] : [{ code: 'value-range', of: `${block.of} with its weight`, largest } as const];
  });

/** Bounds hold for what is fitted, which is W times the roots of weights, but for those by sample and entry. */
export function boundFaults(of: string, spec: NmfSpec, weights: readonly Weighed[] = []): readonly Fault[] {
  const { upperBound } = factorTerms(spec, 'W');
  const weighed = weights.find(isScaled);
  // With another loss weights are those of entries, and W is fitted as it is.
  if (upperBound === null || weighed === undefined || plannedLoss(spec.loss) !== null) return [];
  const options = { 'W.upperBound': upperBound, weight: weightOf(weighed) };
  const rule = 'A layer with an upper bound on W must have data without weights';
  return [{ code: 'incompatible-options', of, options, rule, cure: 'leave weights out below it, or bound H' }];
}

/** Weights for what is no member. */
export function weightNameFaults(node: SharedNode): readonly Fault[] {
  const weights: unknown = node.options?.weights;
  if (!isObject(weights) || Array.isArray(weights)) return [];
  const known = node.inputs.map(labelOf);
  return Object.keys(weights)
    .filter((name) => !known.includes(name))
    .map((name) => ({ code: 'unknown-option', of: 'factorShared', option: `weights.${name}`, known }));
}
