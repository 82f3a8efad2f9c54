import { hashOfText } from '../../io/hash.js';
import type { Params } from '../space.js';
import type { Graph, Identity } from '../store/identity.js';
import { textOf } from '../store/text.js';

/** A point as it is known by: its values, and what its graph came to. */
export interface NamedPoint {
  readonly params: Params;
  readonly graph: Graph | null;
}

/** The names under which something is kept of points, of one sweep alone: hashes of all that decides it. */
export function namesIn(identity: Identity | null) {
  const nameOf = ({ params, graph }: NamedPoint, of: object): string =>
    hashOfText(textOf({ identity, params, graph, ...of }, true));
  return {
    /** Of the fit on a mask. */
    fit: (point: NamedPoint, replicate: number) => nameOf(point, { replicate }),
    /** Of what the fits on some masks say together. */
    diagnosis: (point: NamedPoint, replicates: readonly number[]) => nameOf(point, { replicates }),
  };
}

export type Names = ReturnType<typeof namesIn>;
