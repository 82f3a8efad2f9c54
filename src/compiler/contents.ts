import { type LayerNode, type Node, upstream } from '../dsl/node.js';
import { storedValues } from '../matrix.js';
import { factorTerms, svdTerms } from './resolve.js';
import type { Survey, Surveyed } from './survey.js';

/** What the rows that a node hands on may hold. */
export interface Contents {
  /** Perhaps numbers below zero. */
  readonly negative: boolean;
  /** No magnitudes that products in 32 bits could not take; an embedding is as large as its data. */
  readonly fits32: boolean;
  /** Nothing but inputs and conditions in Float32Arrays, and they fit. */
  readonly held32: boolean;
  /** Entries that are missing. */
  readonly missing: number;
  /** Whether entries of one row count differently. */
  readonly byEntry?: boolean;
  /** How many entries of each column are known; undefined where some of the rows are known whole. */
  readonly known: Uint32Array | undefined;
}

/** Largest magnitude of data for 32 bits, and the smallest, upside down: products with factors must stay in range. */
export const LARGEST_VALUE_32 = 1e15;

export const isWithin32 = (largest: number): boolean =>
  largest === 0 || (largest <= LARGEST_VALUE_32 && largest >= 1 / LARGEST_VALUE_32);

const WHOLE = { missing: 0, known: undefined } as const;
const UNKNOWN: Contents = { negative: false, held32: false, fits32: true, ...WHOLE };

/** From what is known of the nodes upstream; `node` itself must be free of faults. */
export function contentsOf(node: Node, known: ReadonlyMap<Node, Contents>, { data, names }: Survey): Contents {
  const parts = upstream(node).map((part) => known.get(part) ?? UNKNOWN);
  const fits32 = parts.every((part) => part.fits32);
  switch (node.kind) {
    case 'layer':
      return { negative: mayBeNegative(node, parts), held32: false, fits32, ...WHOLE };
    case 'input':
    case 'condition':
      return joined([...parts, ofData(data.get(node))]);
    case 'shared': {
      const aligned = names.aligned.get(node);
      return joined(node.inputs.map((part, i) => (aligned?.has(part) ? ofData(aligned.get(part)?.found) : parts[i])));
    }
    case 'concat':
    case 'add':
      return joined(parts);
  }
}

/** Whether the embedding of a layer may hold numbers below zero. */
function mayBeNegative(node: LayerNode, read: readonly Contents[]): boolean {
  if (node.method === 'svd') return svdTerms(node.spec)?.H.nonneg !== true;
  // The H of a projective layer is WᵀX.
  if (node.spec.projective === true) return read.some(({ negative }) => negative);
  return !factorTerms(node.spec, 'H').nonneg;
}

function ofData(found: Surveyed | undefined): Contents {
  if (found === undefined) return UNKNOWN;
  if (!('facts' in found))
    return { ...UNKNOWN, held32: found.matrix.kind === 'streamed' && found.matrix.precision === 'f32' };
  const { matrix, facts } = found;
  const fits32 = isWithin32(facts.largest);
  const held32 = fits32 && storedValues(matrix) instanceof Float32Array;
  const { missing, known } = facts;
  return { negative: facts.negative !== undefined, fits32, held32, missing, known: known?.cols };
}

function joined(parts: readonly Contents[]): Contents {
  return {
    negative: parts.some(({ negative }) => negative),
    fits32: parts.every(({ fits32 }) => fits32),
    held32: parts.every(({ held32 }) => held32),
    missing: parts.reduce((sum, { missing }) => sum + missing, 0),
    known: addedCounts(parts.map(({ known }) => known)),
  };
}

/** Sums of counts; undefined where one of them is. */
export function addedCounts(counts: readonly (Uint32Array | undefined)[]): Uint32Array | undefined {
  const all = counts.filter((known) => known !== undefined);
  // Parts of different lengths are a fault that is found elsewhere.
  if (all.length === 0 || all.length < counts.length || all.some(({ length }) => length !== all[0].length))
    return undefined;
  return all[0].map((_, j) => all.reduce((sum, known) => sum + known[j], 0));
}
