import type { Point } from './points.js';
import type { SweepRow } from './rows.js';
import type { Params } from './space.js';

/** A point on a mask and with a budget, whatever its place among the points. */
export interface RowId {
  readonly params: Params;
  /** The mask, from 0. */
  readonly replicate: number;
  /** Iterations that an NMF layer could take; null: all of its own. */
  readonly budget: number | null;
}

/** A row that is known; leave to make it; or none of these yet, for somebody else is at it. */
export type Claim = SweepRow | 'yours' | 'busy';

/** Where rows are kept, and who may make them: whoever claims one makes it, and nobody else does. */
export interface Ledger {
  /** Told of points before any of their rows is claimed. */
  enter(points: readonly Point[]): Promise<void>;
  claim(id: RowId): Promise<Claim>;
  /** The row that was claimed, made. */
  record(id: RowId, row: SweepRow): Promise<void>;
  /** The row that was claimed is not going to be made by us. */
  drop(id: RowId): Promise<void>;
  /** Nothing more is going to be asked. @returns whether nobody else is at work; false where that can't be told. */
  close(): Promise<boolean>;
}

/** For one sweep in one process: nothing is known before it is asked for. */
export function freshLedger(): Ledger {
  return {
    enter: async () => undefined,
    claim: async () => 'yours',
    record: async () => undefined,
    drop: async () => undefined,
    close: async () => true,
  };
}
