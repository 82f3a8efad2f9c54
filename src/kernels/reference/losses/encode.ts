import { KernelError } from '../../../errors.js';
import { type KernelLoss, needsPositive } from '../../../loss.js';
import { column, type DenseMatrix, dense, transpose } from '../../../matrix.js';
import type { EncodeArgs } from '../../kernels.js';
import { blocksOf } from '../blocks.js';
import { createPause } from '../pause.js';
import type { Panel } from '../products.js';
import { dataOf, type Line } from './data.js';
import { along, improveLine, type LineProblem } from './line.js';
import { factsOf, modelOf } from './model.js';

/** A column is done once no coordinate moves by more than this part of its largest, or after so many rounds. */
const SETTLED = 1e-9;
const ROUNDS = 1000;
/** Sweeps of a round. */
const SWEEPS = 10;

/** Each column improved to its end, k × samples. */
export async function encodeByLoss(args: EncodeArgs, loss: KernelLoss): Promise<DenseMatrix> {
  const pause = createPause();
  const data = dataOf(blocksOf(args.X), args.weights);
  await factsOf(data, loss, pause);
  const partner = transpose(args.W);
  const by = loss.penalties;
  const terms = {
    ridge: args.ridge.map((x) => by * x),
    linear: args.linear.map((x) => by * x),
    coupling: args.coupling?.map((x) => by * x) ?? null,
  };
  const bounds = { nonneg: args.nonneg, upper: args.upperBound ?? Number.POSITIVE_INFINITY };
  const added = new Float64Array(partner.rows);
  const model = modelOf(loss);
  const H = dense(partner.rows, data.cols);
  for (let j = 0; j < data.cols; j++) {
    const line = data.column(j);
    const h = column(H, j);
    if (needsPositive(loss)) h.set(evenly(partner, line, terms.ridge, bounds.upper));
    toTheEnd({ partner, line, model: along(model, 'H', j), terms, added, bounds }, h);
    if (pause.due()) await pause.turn();
  }
  if (!H.data.every(Number.isFinite)) throw new KernelError('non-finite', 'the coefficients left the range of numbers');
  return H;
}

/** Equal coefficients whose estimates have the sum of a line; zero where there is nothing, and for what is dead. */
function evenly(partner: Panel, { at, x, weight }: Line, ridge: Float64Array, upper: number): Float64Array {
  let sum = 0;
  at.forEach((i, p) => {
    for (const w of column(partner, i)) sum += weight[p] * w;
  });
  const each = x.reduce((total, own, p) => total + weight[p] * own, 0) / sum;
  return ridge.map((own) => (Number.isFinite(own) && Number.isFinite(each) ? Math.min(each, upper) : 0));
}

function toTheEnd(problem: LineProblem, h: Float64Array): void {
  for (let round = 0; round < ROUNDS; round++) {
    const before = h.slice();
    improveLine(problem, h, { solver: 'ccd', sweeps: SWEEPS });
    let [moved, largest] = [0, 0];
    h.forEach((x, r) => {
      moved = Math.max(moved, Math.abs(x - before[r]));
      largest = Math.max(largest, Math.abs(x));
    });
    if (moved <= SETTLED * largest) return;
  }
}
