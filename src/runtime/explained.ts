import type { Plan, SlotId } from '../compiler/plan.js';
import type { FactorLosses, FactorLossesArgs, Kernels } from '../kernels/kernels.js';
import { column, type DenseMatrix, dense, row, scaleRows } from '../matrix.js';
import { loadingsOf, meansBelow } from './loadings.js';
import { blocksIn, type RunState } from './state.js';
import { measuring } from './streams.js';

/** What a model of that loss explains of data of which a model of zeros has the other; all of nothing is nothing. */
export const explainedBy = (loss: number, nullLoss: number): number =>
  nullLoss === 0 ? Number(loss === 0) : 1 - loss / nullLoss;

export const eachExplainedBy = ({ nullLoss, factorLoss }: FactorLosses): Float64Array =>
  factorLoss.map((loss) => explainedBy(loss, nullLoss));

/** What each factor of a layer leaves of an input. */
interface LossesOfInput extends FactorLosses {
  readonly name: string;
  /** The form of the input. */
  readonly slot: SlotId;
  /** Both losses are of what is left once these are taken from each sample; undefined: of the input itself. */
  readonly means: DenseMatrix | undefined;
}

/** How far each input that a layer is made of is from each of the layer's factors by itself. */
export async function factorLossesOf(
  plan: Plan,
  state: RunState,
  layer: string,
  kernels: Kernels,
  threads: number | undefined,
): Promise<readonly LossesOfInput[]> {
  const result = state.results.get(layer);
  if (result === undefined) return [];
  const H = scaleRows(result.H, result.d);
  const losses: LossesOfInput[] = [];
  const meansOf = await meansBelow(plan, state, layer);
  for (const { name, slot, L } of await loadingsOf(plan, state, layer)) {
    const means = meansOf.get(slot);
    const stream = state.streams.get(slot);
    // No SVD reads what is streamed, and so nothing takes means out of it.
    if (stream !== undefined) {
      losses.push({ name, slot, means, ...(await measuring(stream, kernels, threads).factorLosses({ W: L, H })) });
      continue;
    }
    const X = blocksIn(state, slot);
    const found =
      means === undefined
        ? await kernels.factorLosses({ X, W: L, H }, { threads })
        : await lossesAbout(means, { X, W: L, H }, kernels, threads);
    losses.push({ name, slot, means, ...found });
  }
  return losses;
}

/** The same of what is left of X once means are taken from each sample. */
async function lossesAbout(
  means: DenseMatrix,
  { X, W, H }: FactorLossesArgs,
  kernels: Kernels,
  threads: number | undefined,
): Promise<FactorLosses> {
  const n = H.cols;
  const of = (w: Float64Array, h: Float64Array): Promise<number> => {
    const right = dense(
      2,
      n,
      Float64Array.from({ length: 2 * n }, (_, p) => (p % 2 === 0 ? 1 : h[(p - 1) / 2])),
    );
    return kernels.mse({ X, W: dense(W.rows, 2, beside(means.data, w)), H: right }, { threads });
  };
  const nullLoss = await of(new Float64Array(W.rows), new Float64Array(n));
  const factorLoss = new Float64Array(W.cols);
  for (let r = 0; r < W.cols; r++) factorLoss[r] = await of(column(W, r), row(H, r));
  return { nullLoss, factorLoss };
}

function beside(a: Float64Array, b: Float64Array): Float64Array {
  const out = new Float64Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}
