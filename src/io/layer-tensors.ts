import type { Plan, SlotId } from '../compiler/plan.js';
import { ModelFileError } from '../errors.js';
import type { By, KernelLoss, KernelParameter } from '../loss.js';
import { type DenseMatrix, dense, transpose } from '../matrix.js';
import type { LayerResult } from '../runtime/state.js';
import type { SavedLayer, SavedLoss } from './manifest.js';
import type { Tensor } from './safetensors.js';

/** Everything of a layer that is one number or word. */
export function savedLayer(layer: string, result: LayerResult): SavedLayer {
  const { loss, nullLoss, objective, iterations, stopped, kkt, restart, roots } = result;
  const measured = result.fittedLoss === undefined ? {} : { fittedLoss: savedLoss(result.fittedLoss, result.rms ?? 0) };
  return { layer, loss, nullLoss, objective, iterations, stopped, kkt, restart, roots, ...measured };
}

const savedLoss = ({ dispersion, zeroInflation, ...loss }: KernelLoss, rms: number): SavedLoss => ({
  ...loss,
  dispersion: dispersion?.by ?? null,
  zeroInflation: zeroInflation?.by ?? null,
  rms,
});

/** Everything of a layer that is many numbers. */
export function tensorsOf(result: LayerResult): readonly (readonly [string, Tensor])[] {
  const line = (data: Float64Array): Tensor => ({ shape: [data.length], data: data.slice() });
  const optional = (name: string, values: Float64Array | null) =>
    values === null ? [] : [[name, line(values)] as const];
  return [
    ['W', byRows(result.W)],
    ['d', line(result.d)],
    ['H', byRows(result.H)],
    ['loss-history', line(result.history.loss)],
    ['objective-history', line(result.history.objective)],
    ...optional('projection', 'projection' in result ? result.projection : null),
    ...optional('center', 'center' in result ? result.center : null),
    ...optional('scale', 'scale' in result ? result.scale : null),
    ...optional('left', 'left' in result ? result.left : null),
    ...optional('energy', result.energy ?? null),
    ...optional('factor-loss', result.factorLoss),
    ...optional('dispersion', result.fittedLoss?.dispersion?.values ?? null),
    ...optional('zero-inflation', result.fittedLoss?.zeroInflation?.values ?? null),
  ];
}

export const byRows = (matrix: DenseMatrix): Tensor => ({
  shape: [matrix.rows, matrix.cols],
  data: transpose(matrix).data,
});

/** The file that tensors come from, and the code for one whose tensors aren't those of its plan. */
export interface Origin {
  readonly path: string;
  readonly code: 'not-a-fit' | 'not-a-checkpoint';
}

function demand({ path, code }: Origin, tensor: Tensor | undefined, shape: readonly number[]): Float64Array {
  if (tensor?.data instanceof Float64Array && String(tensor.shape) === String(shape)) return tensor.data;
  throw new ModelFileError(code, path, 'The tensors of layers must have the shapes of their plan');
}

/** @throws ModelFileError for another shape. */
export const matrixIn = (from: Origin, tensor: Tensor | undefined, [rows, cols]: readonly number[]): DenseMatrix =>
  transpose(dense(cols, rows, demand(from, tensor, [rows, cols])));

export const shapeOf = (plan: Plan, slot: SlotId | undefined): readonly number[] =>
  plan.slots[Number(slot?.slice(1))]?.shape ?? [0, 0];

/** @throws ModelFileError for tensors that aren't those of the plan. */
export function resultOf(
  from: Origin,
  plan: Plan,
  saved: SavedLayer,
  tensors: ReadonlyMap<string, Tensor>,
): LayerResult {
  const { layer, roots = null, fittedLoss, ...scalars } = saved;
  const output = plan.layers.find((candidate) => candidate.layer === layer);
  const find = (name: string) => tensors.get(`${layer}/${name}`);
  const numbers = (name: string, count: number) => demand(from, find(name), [count]);
  const [m, k] = shapeOf(plan, output?.slots.W);
  const n = shapeOf(plan, output?.slots.H)[1];
  const history = {
    loss: numbers('loss-history', saved.iterations),
    objective: numbers('objective-history', saved.iterations),
  };
  const line = (name: string, length: number) => (find(name) === undefined ? null : numbers(name, length));
  const parameter = (name: string, by: By | null): KernelParameter | null =>
    by === null ? null : { by, estimate: false, values: numbers(name, { global: 1, row: m, column: n }[by]) };
  const measured = (): Pick<LayerResult, 'fittedLoss' | 'rms'> => {
    if (fittedLoss === undefined) return {};
    const { rms, dispersion, zeroInflation, ...loss } = fittedLoss;
    const parameters = {
      dispersion: parameter('dispersion', dispersion),
      zeroInflation: parameter('zero-inflation', zeroInflation),
    };
    return { fittedLoss: { ...loss, ...parameters }, rms };
  };
  const energy = find('energy') === undefined ? {} : { energy: numbers('energy', k) };
  const model = {
    ...scalars,
    roots,
    W: matrixIn(from, find('W'), [m, k]),
    d: numbers('d', k),
    H: matrixIn(from, find('H'), [k, n]),
    history,
    heldOut: null,
    factorLoss: line('factor-loss', k),
    ...energy,
    ...measured(),
  };
  if (output?.method === 'svd')
    return { ...model, center: line('center', m), scale: line('scale', m), left: line('left', k + 1) };
  return { ...model, projection: line('projection', k) };
}
