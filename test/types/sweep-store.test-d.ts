import { expectTypeOf, test } from 'vitest';
import {
  type DenseMatrix,
  openSweep,
  type SavedFit,
  type StoredSweep,
  SweepStoreError,
  type SweepStoreErrorCode,
} from '../../src/index.js';

test('a store has the parameters that its reader says', async () => {
  const { best, rows, points } = await openSweep<{ k: number; by: 'rows' | 'cols' }>('sweep.db');
  expectTypeOf(best).toEqualTypeOf<{ k: number; by: 'rows' | 'cols' } | undefined>();
  expectTypeOf(rows[0].params.k).toEqualTypeOf<number>();
  expectTypeOf(points[0].params.by).toEqualTypeOf<'rows' | 'cols'>();
  // @ts-expect-error: no such parameter
  best?.L1;
  // @ts-expect-error: a row that failed has no loss
  rows[0].testLoss;
  const stored = await openSweep<{ k: number }>('sweep.db');
  expectTypeOf(await stored.fit({ k: 3 }, 1)).toEqualTypeOf<SavedFit>();
  expectTypeOf(await stored.consensus({ k: 3 }, 'a')).toEqualTypeOf<DenseMatrix>();
  // @ts-expect-error: no such parameter
  stored.fit({ L1: 3 });
  // @ts-expect-error: the path is needed
  openSweep();
});

test('a store whose parameters nobody has named', async () => {
  expectTypeOf(await openSweep('sweep.db')).toEqualTypeOf<StoredSweep>();
  expectTypeOf<StoredSweep['best']>().toEqualTypeOf<
    { readonly [name: string]: number | string | boolean | null } | undefined
  >();
});

test('codes are few', () => {
  expectTypeOf(new SweepStoreError('busy', 'sweep.db', '').code).toEqualTypeOf<SweepStoreErrorCode>();
  // @ts-expect-error: no such code
  new SweepStoreError('slow', 'sweep.db', '');
});
