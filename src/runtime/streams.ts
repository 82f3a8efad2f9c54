import { createHash } from 'node:crypto';
import { beyond32 } from '../compiler/combinations.js';
import { isWithin32 } from '../compiler/contents.js';
import { numberFaults } from '../compiler/data-faults.js';
import type { BoundStream, Compiled, Plan, SlotId } from '../compiler/plan.js';
import { GraphError } from '../errors.js';
import type { Fault } from '../issues.js';
import type { FactorLosses, FactorLossesArgs, Kernels, ListedCounts } from '../kernels/kernels.js';
import { type CscMatrix, type DenseMatrix, dense } from '../matrix.js';
import { type Entry, examine, type MatrixFacts } from '../matrix-check.js';
import { eachPanel, type StreamedMatrix, withPanels } from '../streamed.js';

/** An input that stays in its file, and what a walk through it has told. */
export interface SeenStream {
  readonly matrix: StreamedMatrix;
  /** Whether there is a number below zero. */
  readonly negative: boolean;
  /** What it lists where it is sparse. */
  readonly listed: ListedCounts | undefined;
  /** Of its shape and all its numbers. */
  readonly sha256: string;
}

export type SeenStreams = ReadonlyMap<SlotId, SeenStream>;

/**
 * Walks once through all that is streamed, and finds what `factorNet` finds in data that are in memory.
 *
 * @throws GraphError 'non-finite', 'invalid-data' for missing entries, 'value-range', 'incompatible-options' for numbers that 32 bits can't take.
 * @throws IoError
 */
export async function lookThrough(
  { plan, streams }: Compiled,
  { look }: Kernels,
  signal: AbortSignal | undefined,
): Promise<SeenStreams> {
  const seen = new Map<SlotId, SeenStream>();
  for (const [slot, bound] of streams) seen.set(slot, await lookAt(slot, bound, plan, look, signal));
  return seen;
}

async function lookAt(
  slot: SlotId,
  { matrix, at }: BoundStream,
  plan: Plan,
  look: Kernels['look'],
  signal: AbortSignal | undefined,
): Promise<SeenStream> {
  const { rows, cols, order, precision, together } = matrix;
  const of = `input '${plan.slots[Number(slot.slice(1))].label}'`;
  const stop = (faults: readonly Fault[]) => {
    if (faults.length > 0) throw new GraphError(faults.map((fault) => ({ ...fault, at })));
  };
  const title = order === 'columns' ? [order, precision] : [order, precision, together];
  const hash = createHash('sha256').update(JSON.stringify(['streamed', rows, cols, ...title]));
  const listed = order === 'csc' ? { byRow: new Uint32Array(rows), byColumn: new Uint32Array(cols) } : undefined;
  let [negative, largest] = [false, 0];
  await withPanels(matrix, (panels) =>
    eachPanel(matrix, panels, (panel, from) => {
      signal?.throwIfAborted();
      const facts = examine(panel, look);
      stop([...placed(of, facts, from), ...(facts.gap === undefined ? [] : [missing(of, facts.gap, from)])]);
      negative ||= facts.negative !== undefined;
      largest = Math.max(largest, facts.largest);
      if (panel.kind === 'csc' && listed !== undefined) count(panel, from, listed);
      const arrays = panel.kind === 'csc' ? [panel.indptr, panel.indices, panel.values] : [panel.data];
      for (const { buffer, byteOffset, byteLength } of arrays)
        hash.update(new Uint8Array(buffer, byteOffset, byteLength));
    }),
  );
  stop(numberFaults(of, { largest } as MatrixFacts)); // the rest was looked at panel by panel
  const narrow = plan.fit.filter((step) => step.op === 'nmf' && step.read === slot && step.args.precision === 'f32');
  if (!isWithin32(largest)) stop(narrow.map((step) => beyond32(`layer '${'layer' in step ? step.layer : ''}'`)));
  return { matrix, negative, listed, sha256: hash.digest('hex') };
}

/** Counts what columns from `from` on list. */
function count({ cols, indptr, indices }: CscMatrix, from: number, { byRow, byColumn }: ListedCounts): void {
  for (let j = 0; j < cols; j++) byColumn[from + j] = indptr[j + 1] - indptr[j];
  for (const i of indices) byRow[i]++;
}

/** What is infinite, at its place in the whole. */
function placed(of: string, { infinite, ...facts }: MatrixFacts, from: number): readonly Fault[] {
  if (infinite === undefined) return [];
  return numberFaults(of, { ...facts, infinite: { ...infinite, col: infinite.col + from } });
}

const missing = (of: string, { row, col }: Entry, from: number): Fault => ({
  code: 'invalid-data',
  of,
  rule: 'known whole where it is streamed',
  got: `NaN at row ${row}, column ${col + from}`,
  cure: 'read it into memory, where such entries are missing: leave out stream',
});

/** Columns of H, as those of a panel. */
const columnsOf = (H: DenseMatrix, from: number, to: number): DenseMatrix =>
  dense(H.rows, to - from, H.data.subarray(from * H.rows, to * H.rows));

type Estimate = Pick<FactorLossesArgs, 'W' | 'H'>;

/** What kernels measure of data in memory, of what is streamed: in one walk, panel by panel. */
export function measuring({ matrix }: SeenStream, kernels: Kernels, threads: number | undefined) {
  /** The mean of what each panel has, by its columns. */
  const mean = (count: number, of: (panel: FactorLossesArgs) => Promise<ArrayLike<number>>) => {
    return async ({ W, H }: Estimate): Promise<Float64Array> => {
      const sums = new Float64Array(count);
      await withPanels(matrix, (panels) =>
        eachPanel(matrix, panels, async (panel, from, to) => {
          const found = await of({ X: [panel], W, H: columnsOf(H, from, to) });
          for (let n = 0; n < count; n++) sums[n] += (found[n] * (to - from)) / matrix.cols;
        }),
      );
      return sums;
    };
  };
  return {
    mse: async (estimate: Estimate): Promise<number> =>
      (await mean(1, async (args) => [await kernels.mse(args, { threads })])(estimate))[0],
    factorLosses: async (estimate: Estimate): Promise<FactorLosses> => {
      const [nullLoss, ...factorLoss] = await mean(estimate.W.cols + 1, async (args) => {
        const found = await kernels.factorLosses(args, { threads });
        return [found.nullLoss, ...found.factorLoss];
      })(estimate);
      return { nullLoss, factorLoss: Float64Array.from(factorLoss) };
    },
  };
}
