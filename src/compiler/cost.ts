import { match } from 'ts-pattern';
import { isLinearAtZero } from '../loss.js';
import type { Plan, PlannedLoss, Slot, SlotId, Step, SvdStepArgs } from './plan.js';

/** What a step costs: once, or for each iteration of a layer. */
export interface Cost {
  readonly per: 'once' | 'iteration';
  readonly multiplyAdds: number;
  /** Bytes of data and factors read and written. */
  readonly bytes: number;
  /** Most iterations, where `per` is 'iteration'. */
  readonly iterations: number;
}

const once = (multiplyAdds: number, bytes: number): Cost => ({ per: 'once', multiplyAdds, bytes, iterations: 1 });

/** Multiply-adds and bytes of a step, from the shapes alone. */
export function costOf(step: Step, plan: Plan): Cost {
  const find = (id: SlotId): Slot => plan.slots[Number(id.slice(1))];
  return match(step)
    .with({ op: 'load' }, { op: 'stackRows' }, () => once(0, 0))
    .with({ op: 'align' }, ({ read, write }) => once(0, find(read).bytes + find(write).bytes))
    .with({ op: 'add' }, ({ reads, write }) => once(0, (reads.length + 1) * find(write).bytes))
    .with({ op: 'embed' }, ({ write }) => once(find(write).entries, 2 * find(write).bytes))
    .with({ op: 'splitRows' }, ({ read }) => once(0, 2 * find(read).bytes))
    .with({ op: 'nmf' }, ({ read, args: { k, solver, sweeps, precision, maxIter, loss } }) => {
      const X = find(read);
      const vectors = X.shape[0] + X.shape[1];
      // Estimates, and for each coordinate a slope, a curvature and the step: of every entry, zeros where they aren't linear.
      const visited = visitedBy(loss, X);
      if (solver === 'ccd')
        return {
          per: 'iteration',
          multiplyAdds: 2 * visited * k * (1 + 3 * sweeps),
          bytes: 2 * X.bytes + (precision === 'f32' ? 4 : 8) * 6 * vectors * k,
          iterations: maxIter,
        } as const;
      // For each column: so many sweeps, or a triangular solve with one matrix for all, or at least one of its own.
      const solve = { hals: sweeps * k * k, mu: sweeps * k * k, cholesky: k * k, bpp: k ** 3 / 6 + k * k }[solver];
      // Two products with the data, three Gram matrices, and the solves for both factors.
      const multiplyAdds = 2 * X.entries * k + vectors * (1.5 * k * k + solve);
      const bytes = 2 * X.bytes + (precision === 'f32' ? 4 : 8) * 6 * vectors * k;
      return { per: 'iteration', multiplyAdds, bytes, iterations: maxIter } as const;
    })
    .with({ op: 'tied' }, ({ read, args: { k, form, sweeps, maxIter, loss } }) => {
      const X = find(read);
      const [m, n] = X.shape;
      const bytes = (products: number) => products * X.bytes + 8 * 6 * (m + n) * k;
      if (loss !== undefined) {
        const [products, bends] = form === 'symmetric' ? [0, 0] : [3, 2];
        // A half-step of one factor, three looks, and for 'projective' slopes and curvatures by both, and products with the data.
        const passes = 1 + 3 * sweeps + 3 + 3 * bends;
        const multiplyAdds = visitedBy(loss, X) * k * passes + products * X.entries * k;
        return { per: 'iteration', multiplyAdds, bytes: bytes(4 + bends + products), iterations: maxIter } as const;
      }
      const products = form === 'symmetric' ? 1 : 2;
      // Products with the data; sweeps; Gram matrices of where W and H are, of where they go, and of both.
      const multiplyAdds = products * X.entries * k + m * k * k * sweeps + 4 * (m + (products - 1) * n) * k * k;
      return { per: 'iteration', multiplyAdds, bytes: bytes(products), iterations: maxIter } as const;
    })
    .with({ op: 'svd' }, ({ read, args }) => {
      const X = find(read);
      const [m, n] = X.shape;
      const { products, width } = svdWork(args, Math.min(m, n));
      // Products of vectors with the data, orthonormalising both sides twice, and what the model has of the data.
      const model = args.missing ? X.entries * args.k : 0;
      return {
        per: 'iteration',
        multiplyAdds: X.entries * products + 3 * (m + n) * width * width + model,
        bytes: Math.ceil(products / args.block) * X.bytes + 8 * 4 * (m + n) * width,
        iterations: args.maxIter,
      } as const;
    })
    .exhaustive();
}

/** Entries that a half-step by a loss looks at: of sparse data those that are stored, where zeros are linear. */
const visitedBy = (loss: PlannedLoss | undefined, { entries, shape: [m, n] }: Slot): number =>
  loss !== undefined && isLinearAtZero(loss) ? entries : m * n;

/** Vectors that an iteration of an SVD multiplies with the data, and those of the basis that it orthonormalises. */
function svdWork({ k, block, solver, terms, missing }: SvdStepArgs, most: number) {
  if (terms !== null) return { products: 2, width: 1 };
  const size = Math.min(Math.max(2 * k + 1, 20), most);
  return match(solver)
    .with('krylov', () => (missing ? { products: 3 * block, width: Math.min(2 * block, most) } : { products: 8 * block, width: Math.min(4 * block, most) })) // biome-ignore format: one thought
    .with('randomized', () => ({ products: 2 * block + k, width: block }))
    .with('lanczos', () => ({ products: 2 * size + k, width: size }))
    .exhaustive();
}
