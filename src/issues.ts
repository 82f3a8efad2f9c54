import { ownName } from './other-names.js';

/** Everything that can be wrong with a graph, as data; the sentence is made last, by `describe`. */
export type Fault =
  | { readonly code: 'invalid-node'; readonly got: string }
  | { readonly code: 'cycle'; readonly nodes: readonly string[] }
  | { readonly code: 'invalid-output'; readonly got: string }
  | {
      readonly code: 'invalid-member';
      readonly node: string;
      readonly member: string;
      readonly rule: string;
      readonly cure: string;
    }
  | { readonly code: 'too-few-members'; readonly node: string; readonly got: number }
  | { readonly code: 'invalid-name'; readonly what: 'input' | 'layer'; readonly got: unknown }
  | { readonly code: 'reserved-name'; readonly what: 'input' | 'layer'; readonly name: string }
  | { readonly code: 'duplicate-name'; readonly what: 'input' | 'layer'; readonly name: string }
  | { readonly code: 'unknown-option'; readonly of: string; readonly option: string; readonly known: readonly string[] }
  | {
      readonly code: 'invalid-option';
      readonly of: string;
      readonly option: string;
      readonly rule: string;
      readonly got: unknown;
    }
  | {
      readonly code: 'incompatible-options';
      readonly of: string;
      readonly options: Readonly<Record<string, unknown>>;
      readonly rule: string;
      readonly cure: string;
    }
  | {
      readonly code: 'invalid-data';
      readonly of: string;
      readonly rule: string;
      readonly got: string;
      readonly cure?: string | undefined;
    }
  | {
      readonly code: 'non-finite';
      readonly of: string;
      readonly row: number;
      readonly col: number;
      readonly value: number;
    }
  | { readonly code: 'invalid-mask'; readonly of: string; readonly rule: string; readonly got: string }
  | { readonly code: 'invalid-weights'; readonly of: string; readonly rule: string; readonly got: string }
  | {
      readonly code: 'nothing-known';
      readonly of: string;
      readonly what: 'feature' | 'sample';
      /** The first such, from 0. */
      readonly index: number;
      /** How many there are. */
      readonly count: number;
    }
  | {
      readonly code: 'invalid-names';
      readonly of: string;
      readonly which: 'sampleNames' | 'featureNames';
      readonly rule: string;
      readonly got: string;
    }
  /** Parts of a node whose samples have names that don't go together. */
  | {
      readonly code: 'names-mismatch';
      readonly node: string;
      readonly rule: string;
      readonly got: string;
      readonly cure: string;
    }
  | { readonly code: 'value-range'; readonly of: string; readonly largest: number }
  | {
      readonly code: 'sample-mismatch';
      readonly node: string;
      readonly samples: readonly Counted[];
      /** Parts that would fit if their rows were samples. */
      readonly turned: readonly string[];
    }
  | { readonly code: 'rank-mismatch'; readonly ranks: readonly Counted[] };

/** What can be wrong with a graph file, or with the data that are given for it, beside its options. */
export type FileFault =
  | {
      readonly code: 'not-a-graph';
      readonly got: string;
      /** Where in a text that is not what it must be, from 1. */
      readonly line?: number;
      readonly column?: number;
    }
  | { readonly code: 'newer-version'; readonly version: number; readonly known: number }
  | { readonly code: 'duplicate-id'; readonly id: string }
  /** `known` are the ids of all nodes, those that come later too. */
  | { readonly code: 'unknown-node'; readonly id: string; readonly known: readonly string[] }
  | { readonly code: 'unused-node'; readonly id: string }
  | { readonly code: 'missing-data'; readonly name: string; readonly path: string | undefined }
  | { readonly code: 'unknown-data'; readonly name: string; readonly known: readonly string[] }
  | {
      readonly code: 'unreadable-data';
      readonly name: string;
      readonly path: string;
      readonly tensor: string;
      readonly got: string;
    };

/** What can be wrong with a sweep over graphs, beside its options and the graphs themselves. */
export type SweepFault =
  /** A parameter without a value, or no parameter at all. */
  | { readonly code: 'empty-space'; readonly param: string | undefined }
  | { readonly code: 'duplicate-value'; readonly param: string; readonly value: unknown }
  /** What a function of the caller made of a point is no graph, or no number. */
  | {
      readonly code: 'invalid-point';
      readonly of: 'layerFn' | 'complexity';
      readonly params: Readonly<Record<string, unknown>>;
      readonly got: string;
    }
  /** The inputs of two points can't be compared. */
  | {
      readonly code: 'different-inputs';
      readonly params: Readonly<Record<string, unknown>>;
      readonly rule: string;
      readonly got: string;
    }
  | { readonly code: 'nothing-held-out'; readonly input: string; readonly entries: number }
  /** A point that is asked for is none of the sweep. */
  | { readonly code: 'unknown-point'; readonly of: string; readonly params: unknown }
  /** What is asked for was not kept. */
  | {
      readonly code: 'not-kept';
      readonly what: string;
      readonly params: Readonly<Record<string, unknown>>;
      readonly cure: string;
    };

/** A fault and its place: the way from the output to the node, as 'top ← joint ← rna', or the part of a file. */
export type GraphIssue = (Fault | FileFault | SweepFault) & { readonly at: string };

export interface Counted {
  readonly name: string;
  readonly count: number;
}

export type GraphIssueCode = GraphIssue['code'];

/** Largest magnitude a matrix may have; its square must stay a number. Also the smallest, upside down. */
export const LARGEST_VALUE = 1e140;

/** The issue as a sentence: rule; got; where. */
export function describe(issue: GraphIssue): string {
  return `${sentence(issue)} (at ${issue.at}).`;
}

function sentence(issue: GraphIssue): string {
  switch (issue.code) {
    case 'invalid-node':
      return `Every part of a graph must come from a factor… or …Layer function; got ${issue.got}`;
    case 'cycle':
      return `A graph must not lead back to itself; got ${issue.nodes.join(' ← ')}`;
    case 'invalid-output':
      return `The output of factorNet must be a layer, or a factorConcat or factorAdd of layers; got ${issue.got}`;
    case 'invalid-member':
      return `${issue.rule}; got ${issue.member} in ${issue.node}: ${issue.cure}`;
    case 'too-few-members':
      return `${issue.node} must have at least two members; got ${issue.got}`;
    case 'invalid-name':
      return `The name of ${article(issue.what)} must be a non-empty string that does not begin with '~' and holds no control characters; got ${show(issue.got)}`;
    case 'reserved-name':
      return `${article(issue.what, true)} must not be named '${issue.name}': the word is reserved; choose another name`;
    case 'duplicate-name':
      return `${issue.what === 'input' ? 'Inputs' : 'Layers'} must have different names; got two named '${issue.name}'`;
    case 'unknown-option':
      return `${issue.of} has no option '${issue.option}'${meant(issue.option, issue.known)}`;
    case 'invalid-option':
      return `${issue.option} of ${issue.of} must be ${issue.rule}; got ${show(issue.got)}`;
    case 'incompatible-options': {
      const got = Object.entries(issue.options).map(([option, value]) => `${option}: ${show(value)}`);
      return `${issue.rule}; got ${got.join(', ')} in ${issue.of}: ${issue.cure}`;
    }
    case 'invalid-data':
      return `The data of ${issue.of} must be ${issue.rule}; got ${issue.got}${issue.cure === undefined ? '' : `: ${issue.cure}`}`;
    case 'non-finite':
      return `The data of ${issue.of} must be finite; got ${issue.value} at row ${issue.row}, column ${issue.col}`;
    case 'invalid-mask':
      return `The mask of ${issue.of} must be ${issue.rule}; got ${issue.got}`;
    case 'invalid-weights':
      return `The weights of ${issue.of} must be ${issue.rule}; got ${issue.got}`;
    case 'nothing-known':
      return `Every ${issue.what} of ${issue.of} must have an entry that is known; got none for ${issue.what} ${issue.index}${
        issue.count > 1 ? ` and ${issue.count - 1} more` : ''
      }: leave ${issue.count > 1 ? 'them' : 'it'} out`;
    case 'invalid-names':
      return `${issue.which} of ${issue.of} must be ${issue.rule}; got ${issue.got}`;
    case 'names-mismatch':
      return `${issue.rule}; got ${issue.got} in ${issue.node}: ${issue.cure}`;
    case 'value-range':
      return `The largest magnitude in ${issue.of} must lie between ${1 / LARGEST_VALUE} and ${LARGEST_VALUE}, so that squares stay numbers; got ${issue.largest}: multiply the data by a power of ten first`;
    case 'sample-mismatch':
      return `All parts of ${issue.node} must have the same samples (columns); got ${counted(issue.samples, '')}${
        issue.turned.length === 0
          ? ''
          : `: the rows of ${issue.turned.join(' and ')} would fit; if they are samples, give orientation: 'samples-by-features'`
      }`;
    case 'rank-mismatch':
      return `Branches of factorAdd must have equal rank; got ${counted(issue.ranks, 'k=')}`;
    case 'not-a-graph':
      return `A graph file must be an object with format: 'factorloom-graph' and a version; got ${issue.got}`;
    case 'newer-version':
      return `A graph file must be of version ${issue.known} or before; got ${issue.version}: update factorloom`;
    case 'duplicate-id':
      return `Nodes must have different ids; got two of id '${issue.id}'`;
    case 'unknown-node':
      return `A node must stand after those it reads, so that no graph leads back to itself; got '${issue.id}', which is not before it${nearest(
        issue.id,
        issue.known.filter((id) => id !== issue.id),
      )}`;
    case 'unused-node':
      return `Every node must lead to the output; got '${issue.id}', which nothing reads`;
    case 'missing-data':
      return `Data must be given for '${issue.name}'${issue.path === undefined ? '' : `, or found by loadGraph in ${issue.path}`}; got none`;
    case 'unknown-data':
      return `Data must be given under a name that the graph asks for; got '${issue.name}'${nearest(issue.name, issue.known)}`;
    case 'empty-space':
      return issue.param === undefined
        ? 'A sweep must have a parameter; got params without any'
        : `A parameter must have a value to try; got none for '${issue.param}'`;
    case 'duplicate-value':
      return `The values of a parameter must be different; got ${show(issue.value)} twice for '${issue.param}'`;
    case 'invalid-point':
      return `${issue.of} must return ${issue.of === 'layerFn' ? 'a layer, or a factorConcat or factorAdd of layers,' : 'a finite number'} for every point; got ${issue.got} for ${pointText(issue.params)}`;
    case 'different-inputs':
      return `${issue.rule}, so that their errors can be compared; got ${issue.got} for ${pointText(issue.params)}`;
    case 'nothing-held-out':
      return `There must be entries that are held out and scored; got none of input '${issue.input}', ${issue.entries === 0 ? "which has only zeros: take holdOut 'entries'" : `of which ${issue.entries} can be: raise testFraction, or take another seed`}`;
    case 'unknown-point':
      return `${issue.of} must be given the values of a point of the sweep; got ${isRecord(issue.params) ? pointText(issue.params) : show(issue.params)}`;
    case 'not-kept':
      return `What is asked of a point must have been kept; got no ${issue.what} of ${pointText(issue.params)}: ${issue.cure}`;
    case 'unreadable-data':
      return `The data of '${issue.name}' must be tensor '${issue.tensor}' of a safetensors file, rows × columns, at ${issue.path}; got ${issue.got}`;
  }
}

/** A point of a sweep, as it would be typed. */
export function pointText(params: Readonly<Record<string, unknown>>): string {
  const parts = Object.entries(params).map(([name, value]) => `${name}: ${show(value)}`);
  return `{ ${parts.join(', ')} }`;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const article = (what: 'input' | 'layer', capital = false): string => {
  const words = what === 'input' ? 'an input' : 'a layer';
  return capital ? words[0].toUpperCase() + words.slice(1) : words;
};

const counted = (list: readonly Counted[], sign: string): string =>
  list.map(({ name, count }) => `${name} ${sign}${count}`).join(', ');

/** Keys of an object that are named; a sparse matrix of scipy has fewer. */
const MOST_KEYS = 12;

/** A promise, or what `await` takes for one. */
export const isThenable = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';

/** A value as it would be typed, cut short. */
export function show(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return String(value);
  if (isThenable(value)) return 'a promise: await it';
  if (ArrayBuffer.isView(value)) return `a ${value.constructor.name}`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  const keys = Object.keys(value);
  const named = keys.length > MOST_KEYS ? [...keys.slice(0, MOST_KEYS), '…'] : keys;
  return `an object with ${keys.length === 0 ? 'no keys' : named.join(', ')}`;
}

/** The option that was probably meant, under whatever name, or all there are. */
function meant(option: string, known: readonly string[]): string {
  const own = ownName(option.slice(option.lastIndexOf('.') + 1), known);
  return own === undefined ? nearest(option, known) : didYouMean(own);
}

const didYouMean = (name: string): string => `; did you mean '${name}'?`;

/** The name that is written almost like it, or all there are. */
function nearest(option: string, known: readonly string[]): string {
  const close = closest(option, known);
  if (close !== undefined) return didYouMean(close);
  const listed = known.length > MOST_KNOWN ? [...known.slice(0, MOST_KNOWN), '…'] : known;
  return `; it has ${listed.join(', ') || 'none'}`;
}

/** The name that is written almost like it. */
export function closest(option: string, known: readonly string[]): string | undefined {
  const last = (path: string) => path.slice(path.lastIndexOf('.') + 1).toLowerCase();
  let close = { name: '', far: Infinity };
  for (const name of known) {
    const far = distance(last(name), last(option));
    if (far < close.far) close = { name, far };
  }
  return close.far <= Math.min(2, Math.floor(option.length / 2)) ? close.name : undefined;
}

/** Names that a message lists. */
const MOST_KNOWN = 40;

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length];
}
