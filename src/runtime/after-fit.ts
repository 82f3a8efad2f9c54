import type { LoadStep, Plan, SlotId } from '../compiler/plan.js';
import { checkOptions } from '../dsl/check-options.js';
import { projectOptions, reconstructOptions } from '../dsl/schemas.js';
import { GraphError } from '../errors.js';
import type { Kernels } from '../kernels/kernels.js';
import { column, type DenseMatrix, dense, row } from '../matrix.js';
import type { ProjectOptions, ReconstructOptions } from './fit.js';
import { type Given, newSamples } from './new-samples.js';
import { project } from './project.js';
import { estimates, fitted, multiply, partOf } from './reconstruct.js';
import { blocksIn, type RunState } from './state.js';

/** What a fit can be asked; see `GraphFit`. */
export function afterFit(plan: Plan, state: RunState, kernels: Kernels, threads: number | undefined) {
  return {
    async reconstruct(input: string, options: ReconstructOptions<string> = {}): Promise<DenseMatrix> {
      checkOptions(reconstructOptions, options, 'reconstruct');
      const load = inputOf(plan, input);
      if (load === undefined) throw rejected('reconstruct', 'input', 'the name of an input of the graph', input);
      const { through } = options;
      // Copies: the caller may write to these while the estimate is made.
      const [features, samples] = [copied(options.features), copied(options.samples)];
      if (through !== undefined && !knows(plan, through))
        throw rejected('reconstruct', 'through', layersOf(plan), through);
      const [rows, cols] = plan.slots[Number(load.write.slice(1))].shape;
      checkPlaces('features', features, rows);
      checkPlaces('samples', samples, cols);
      const found = await estimates(plan, state, fitted(state, through === undefined ? plan.output : [through]));
      const estimate = found.get(load.write);
      if (estimate === undefined)
        throw rejected('reconstruct', 'through', `a layer downstream of input '${input}'`, through);
      return multiply(partOf(estimate, features, samples));
    },

    async project(data: Given, options: ProjectOptions = {}): Promise<Readonly<Record<string, DenseMatrix>>> {
      checkOptions(projectOptions, options, 'project');
      const given = newSamples(plan, data, options, kernels);
      const { signal, threads: own = threads } = options;
      const found = await project(plan, state, given, kernels, { signal, threads: own });
      return Object.freeze(Object.fromEntries(found));
    },

    async loadings(layer: string): Promise<Readonly<Record<string, DenseMatrix>>> {
      const loaded = await loadingsOf(plan, state, layer, 'loadings');
      return Object.freeze(Object.fromEntries(loaded.map(({ name, L }) => [name, L])));
    },

    async explained(layer: string): Promise<Readonly<Record<string, Float64Array>>> {
      const loaded = await loadingsOf(plan, state, layer, 'explained');
      const result = state.results.get(layer);
      const found: [string, Float64Array][] = [];
      for (const { name, slot, L } of loaded) {
        if (result === undefined) break;
        const X = blocksIn(state, slot);
        const loss = (W: DenseMatrix, H: DenseMatrix) => kernels.mse({ X, W, H }, { threads });
        const total = await loss(dense(L.rows, 1), dense(1, result.H.cols));
        const each = new Float64Array(L.cols);
        for (let r = 0; r < each.length; r++) {
          const h = row(result.H, r).map((x) => x * result.d[r]);
          const left = await loss(dense(L.rows, 1, column(L, r)), dense(1, h.length, h));
          each[r] = total === 0 ? Number(left === 0) : 1 - left / total;
        }
        found.push([name, each]);
      }
      return Object.freeze(Object.fromEntries(found));
    },
  };
}

interface Loaded {
  readonly name: string;
  readonly slot: SlotId;
  /** features × k */
  readonly L: DenseMatrix;
}

/** A layer's factors in the features of each input. */
async function loadingsOf(plan: Plan, state: RunState, layer: string, of: string): Promise<readonly Loaded[]> {
  const output = plan.layers.find((candidate) => candidate.layer === layer);
  if (output === undefined) throw rejected(of, 'layer', layersOf(plan), layer);
  const [k] = plan.slots[Number(output.slots.H.slice(1))].shape;
  const found = await estimates(plan, state, { embeddings: new Map([[layer, unit(k)]]), linear: true });
  const loaded: Loaded[] = [];
  for (const step of plan.prepare) {
    if (step.op !== 'load' || step.source !== 'input') continue;
    const product = found.get(step.write);
    if (product !== undefined) loaded.push({ name: step.name, slot: step.write, L: await multiply(product) });
  }
  return loaded;
}

const inputOf = ({ prepare }: Plan, name: string): LoadStep | undefined =>
  prepare.find((step): step is LoadStep => step.op === 'load' && step.source === 'input' && step.name === name);

const knows = ({ layers }: Plan, name: string): boolean => layers.some(({ layer }) => layer === name);
const layersOf = ({ layers }: Plan): string => `one of the layers ${layers.map(({ layer }) => layer).join(', ')}`;

function checkPlaces(option: 'features' | 'samples', places: ArrayLike<number> | undefined, count: number): void {
  for (let p = 0; p < (places?.length ?? 0); p++) {
    const place = places?.[p];
    if (place === undefined || !Number.isInteger(place) || place < 0 || place >= count)
      throw rejected('reconstruct', option, `whole numbers from 0 to ${count - 1}`, place);
  }
}

const copied = (places: ArrayLike<number> | undefined): readonly number[] | undefined =>
  places === undefined ? undefined : Array.from(places);

const rejected = (of: string, option: string, rule: string, got: unknown) =>
  new GraphError([{ code: 'invalid-option', of, option, rule, got, at: 'fit' }]);

function unit(k: number): DenseMatrix {
  const out = dense(k, k);
  for (let r = 0; r < k; r++) out.data[r * (k + 1)] = 1;
  return out;
}
