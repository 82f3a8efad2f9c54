import { type Alignment, alignColumns } from '../align.js';
import type { SharedOptions } from '../dsl/config.js';
import { type Node, type SharedNode, upstream } from '../dsl/node.js';
import { type Fault, type GraphIssue, show } from '../issues.js';
import type { Matrix } from '../matrix.js';
import { examine } from '../matrix-check.js';
import { unusable } from '../matrix-input.js';
import type { Collected } from './collect.js';
import { isNode, labelOf, named, titleOf } from './nodes.js';
import { sizeOf } from './shapes.js';
import type { Eyes, Surveyed } from './survey.js';

type List = readonly string[];

/** An input whose samples are brought into another order. */
export interface Aligned {
  readonly from: Alignment;
  readonly found: Surveyed;
}

/** What features and samples are called, and how members of each factorShared are brought together by that. */
export interface Names {
  readonly features: ReadonlyMap<Node, List>;
  /** Of all nodes whose samples have names. */
  readonly samples: ReadonlyMap<Node, List>;
  /** The inputs that a factorShared reads in another order than their own. */
  readonly aligned: ReadonlyMap<Node, ReadonlyMap<Node, Aligned>>;
  /** How many samples a factorShared has that brings its members together: theirs need not be as many. */
  readonly brought: ReadonlyMap<Node, number>;
  /** Nodes whose samples can't be told for a fault in names. */
  readonly broken: ReadonlySet<Node>;
  readonly issues: readonly GraphIssue[];
}

/** Which samples the parts of a node are brought to, or what is wrong. */
type Brought = { readonly names: List | undefined; readonly counted?: boolean } | { readonly faults: readonly Fault[] };

export function namesOf(graph: Collected, data: ReadonlyMap<Node, Surveyed>, eyes: Eyes): Names {
  const features = new Map<Node, List>();
  const samples = new Map<Node, List>();
  const aligned = new Map<Node, ReadonlyMap<Node, Aligned>>();
  const brought = new Map<Node, number>();
  const broken = new Set<Node>();
  const faulty = new Set<Node>();
  const issues: GraphIssue[] = [];
  const report = (node: Node, faults: readonly Fault[]) => {
    if (faults.length > 0) faulty.add(node);
    issues.push(...faults.map((fault) => ({ ...fault, at: graph.where(node) })));
  };

  for (const node of graph.order) {
    if (node.kind === 'input') {
      const size = sizeOf(data.get(node));
      const ofSamples = readNames(node, 'sampleNames', size?.cols);
      const ofFeatures = readNames(node, 'featureNames', size?.rows);
      if ('names' in ofFeatures) keep(features, node, ofFeatures.names);
      else issues.push(...ofFeatures.faults.map((fault) => ({ ...fault, at: graph.where(node) })));
      if ('names' in ofSamples) keep(samples, node, ofSamples.names);
      else report(node, ofSamples.faults);
      continue;
    }
    const parts = upstream(node).filter(isNode);
    const found: Brought = parts.some((part) => faulty.has(part)) ? { faults: [] } : bring(node, parts, samples);
    if ('faults' in found) {
      faulty.add(node);
      report(node, found.faults);
      if (found.faults.length > 0 || isBringing(wantedOf(node))) broken.add(node);
      continue;
    }
    keep(samples, node, found.names);
    if (found.names === undefined || found.counted !== true) continue;
    brought.set(node, found.names.length);
    aligned.set(node, alignedParts(parts, found.names, samples, data, eyes));
  }
  return { features, samples, aligned, brought, broken, issues };
}

function keep(lists: Map<Node, List>, node: Node, names: List | undefined): void {
  if (names !== undefined) lists.set(node, names);
}

/** The names among an input's options; undefined where there are none. */
function readNames(
  node: Extract<Node, { readonly kind: 'input' }>,
  which: 'sampleNames' | 'featureNames',
  count: number | undefined,
): Brought {
  const list: unknown = node.options?.[which];
  if (list === undefined) return { names: undefined };
  const wrong = (rule: string, got: string): Brought => {
    return { faults: [{ code: 'invalid-names', of: `input '${labelOf(node)}'`, which, rule, got }] };
  };
  if (!Array.isArray(list)) return wrong('an array of strings', show(list));
  const odd = list.findIndex((name) => typeof name !== 'string');
  if (odd >= 0) return wrong('an array of strings', `${show(list[odd])} at place ${odd}`);
  const places = new Map<unknown, number>();
  for (const [place, name] of list.entries()) {
    const before = places.get(name);
    if (before !== undefined) return wrong('all different', `${show(name)} at places ${before} and ${place}`);
    places.set(name, place);
  }
  const what = which === 'sampleNames' ? 'sample' : 'feature';
  if (count !== undefined && list.length !== count) return wrong(`${count}, one for each ${what}`, `${list.length}`);
  return { names: Object.isFrozen(list) ? list : Object.freeze([...list]) };
}

/** How a factorShared was asked to bring its members together; undefined where it wasn't, or not in words that it knows. */
const wantedOf = (node: Node): SharedOptions['samples'] => {
  const wanted = node.kind === 'shared' ? node.options?.samples : undefined;
  return wanted === 'identical' || isBringing(wanted) ? wanted : undefined;
};
const isBringing = (wanted: unknown): wanted is 'union' | 'intersection' =>
  wanted === 'union' || wanted === 'intersection';

/** The samples of a node that is made of others. */
function bring(node: Node, parts: readonly Node[], samples: ReadonlyMap<Node, List>): Brought {
  switch (node.kind) {
    case 'input':
      return { names: undefined };
    case 'layer':
    case 'condition':
      return { names: samples.get(parts[0]) };
    case 'concat':
    case 'add': {
      const cure = 'give the inputs below in one order, or bring them together in a factorShared';
      return alike(node, parts, samples, () => cure);
    }
    case 'shared':
      return share(node, parts, samples);
  }
}

function share(node: SharedNode, parts: readonly Node[], samples: ReadonlyMap<Node, List>): Brought {
  const wanted = wantedOf(node);
  const unnamed = wanted === undefined ? [] : parts.filter((part) => !samples.has(part));
  if (unnamed.length > 0) {
    const rule = `Members of factorShared with samples: '${wanted}' must have sample names`;
    const cure = 'give sampleNames to the inputs it is made of, or leave samples out';
    return {
      faults: unnamed.map((part) => ({ code: 'invalid-member', node: titleOf(node), member: named(part), rule, cure })),
    };
  }
  if (!isBringing(wanted))
    return alike(node, parts, samples, (same) =>
      same
        ? "the names are the same: samples: 'intersection' (or 'union') aligns them"
        : "samples: 'union' keeps all and 'intersection' the common ones",
    );
  const lists = parts.map((part) => samples.get(part) ?? []);
  const all = lists.map((list) => new Set(list));
  const names = Object.freeze(
    wanted === 'union'
      ? [...new Set(lists.flat())]
      : (lists[0] ?? []).filter((name) => all.every((set) => set.has(name))),
  );
  if (names.length === 0) {
    const got = parts.map((part) => labelOf(part)).join(', ');
    const rule = "Members of factorShared with samples: 'intersection' must have a sample in common";
    return {
      faults: [
        {
          code: 'names-mismatch',
          node: titleOf(node),
          rule,
          got: `none among ${got}`,
          cure: "look at their sampleNames, or give samples: 'union'",
        },
      ],
    };
  }
  const alone = parts.filter(
    (_, i) => !lists[i].some((name) => all.some((set, other) => other !== i && set.has(name))),
  );
  if (alone.length > 0) {
    const rule = "Each member of factorShared with samples: 'union' must have a sample in common with another";
    const got = `none of ${alone.map((part) => labelOf(part)).join(', ')} among those of the others`;
    const cure = 'look at their sampleNames: is there a suffix?';
    return { faults: [{ code: 'names-mismatch', node: titleOf(node), rule, got, cure }] };
  }
  const fixed = parts.filter((part, i) => part.kind !== 'input' && !isSame(lists[i], names));
  const rule = `A layer in factorShared must have all samples that are wanted, in their order (only inputs are aligned)`;
  const cure = 'stack the inputs below it instead, give them in that order, or put it first';
  if (fixed.length > 0)
    return {
      faults: fixed.map((part) => ({ code: 'invalid-member', node: titleOf(node), member: named(part), rule, cure })),
    };
  return { names, counted: true };
}

/** Parts that must have the same samples in the same order, where all have names. */
function alike(
  node: Node,
  parts: readonly Node[],
  samples: ReadonlyMap<Node, List>,
  cure: (same: boolean) => string,
): Brought {
  const first = samples.get(parts[0]);
  const lists = parts.map((part) => samples.get(part));
  if (first === undefined || lists.includes(undefined)) return { names: undefined };
  for (const [i, list = []] of lists.entries()) {
    if (isSame(list, first)) continue;
    const place = first.findIndex((name, j) => name !== list[j]);
    const got =
      list.length !== first.length
        ? `${first.length} in ${labelOf(parts[0])} and ${list.length} in ${labelOf(parts[i])}`
        : `${show(first[place])} in ${labelOf(parts[0])} and ${show(list[place])} in ${labelOf(parts[i])} at place ${place}`;
    const rule = `All parts of ${titleOf(node)} must have the same sample names in the same order`;
    const known = new Set(first);
    const same = list.length === first.length && list.every((name) => known.has(name));
    return { faults: [{ code: 'names-mismatch', node: titleOf(node), rule, got, cure: cure(same) }] };
  }
  return { names: first };
}

/** Whether two lists hold the same names in the same order. */
export const isSame = (a: List, b: List): boolean =>
  a === b || (a.length === b.length && a.every((name, j) => name === b[j]));

/** The inputs that have their samples in another order than wanted. */
function alignedParts(
  parts: readonly Node[],
  wanted: List,
  samples: ReadonlyMap<Node, List>,
  data: ReadonlyMap<Node, Surveyed>,
  eyes: Eyes,
): ReadonlyMap<Node, Aligned> {
  const aligned = new Map<Node, Aligned>();
  for (const part of parts) {
    const own = samples.get(part) ?? [];
    const found = data.get(part);
    if (isSame(own, wanted) || found === undefined || !('facts' in found)) continue;
    const places = new Map(own.map((name, j) => [name, j]));
    const from = Object.freeze(wanted.map((name) => places.get(name) ?? -1));
    aligned.set(part, { from, found: alignedMatrix(found.matrix, from, eyes) });
  }
  return aligned;
}

function alignedMatrix(own: Matrix, from: Alignment, eyes: Eyes): Surveyed {
  try {
    const matrix = alignColumns(own, from);
    return { matrix, facts: examine(matrix, eyes) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { matrix: unusable('small enough for memory once it is aligned', error.message) };
  }
}
