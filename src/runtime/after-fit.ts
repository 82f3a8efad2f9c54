import type { Plan, SlotId } from '../compiler/plan.js';
import { checkOptions } from '../dsl/check-options.js';
import { projectOptions, reconstructOptions } from '../dsl/schemas.js';
import { GraphError } from '../errors.js';
import type { Kernels } from '../kernels/kernels.js';
import { column, type DenseMatrix, dense, row } from '../matrix.js';
import type { ProjectOptions, ReconstructOptions } from './fit.js';
import { firstKnown, inputsOf } from './inputs.js';
import { named, namesIn } from './named.js';
import { type Given, newSamples } from './new-samples.js';
import { project } from './project.js';
import { estimates, fitted, multiply, partOf } from './reconstruct.js';
import { blocksIn, type RunState } from './state.js';

/** What a fit can be asked; see `GraphFit`. */
export function afterFit(plan: Plan, state: RunState, kernels: Kernels, threads: number | undefined) {
  return {
    async reconstruct(input: string, options: ReconstructOptions<string> = {}): Promise<DenseMatrix> {
      checkOptions(reconstructOptions, options, 'reconstruct');
      const planned = inputsOf(plan).find(({ name }) => name === input);
      if (planned === undefined) throw rejected('reconstruct', 'input', 'the name of an input of the graph', input);
      const { through } = options;
      // Copies: the caller may write to these while the estimate is made.
      const [features, samples] = [copied(options.features), copied(options.samples)];
      if (through !== undefined && !knows(plan, through))
        throw rejected('reconstruct', 'through', layersOf(plan), through);
      const found = await estimates(plan, state, fitted(state, through === undefined ? plan.output : [through]));
      const estimate = firstKnown(planned, found);
      if (estimate === undefined)
        throw rejected('reconstruct', 'through', `a layer downstream of input '${input}'`, through);
      const [rows, cols] = plan.slots[Number(estimate.slot.slice(1))].shape;
      checkPlaces('features', features, rows);
      checkPlaces('samples', samples, cols);
      const { rowNames, colNames } = namesIn(plan, estimate.slot);
      return named(await multiply(partOf(estimate.value, features, samples)), {
        ...(rowNames === undefined ? {} : { rowNames: namesAt(rowNames, features) }),
        ...(colNames === undefined ? {} : { colNames: namesAt(colNames, samples) }),
      });
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
  for (const input of inputsOf(plan)) {
    const product = firstKnown(input, found);
    if (product === undefined) continue;
    const { slot, value } = product;
    const { rowNames } = namesIn(plan, slot);
    loaded.push({
      name: input.name,
      slot,
      L: named(await multiply(value), rowNames === undefined ? {} : { rowNames }),
    });
  }
  return loaded;
}

const knows = ({ layers }: Plan, name: string): boolean => layers.some(({ layer }) => layer === name);
const layersOf = ({ layers }: Plan): string => `one of the layers ${layers.map(({ layer }) => layer).join(', ')}`;

function checkPlaces(option: 'features' | 'samples', places: ArrayLike<number> | undefined, count: number): void {
  for (let p = 0; p < (places?.length ?? 0); p++) {
    const place = places?.[p];
    if (place === undefined || !Number.isInteger(place) || place < 0 || place >= count)
      throw rejected('reconstruct', option, `whole numbers from 0 to ${count - 1}`, place);
  }
}

const namesAt = (names: readonly string[], places: readonly number[] | undefined): readonly string[] =>
  places === undefined ? names : Object.freeze(places.map((place) => names[place]));

const copied = (places: ArrayLike<number> | undefined): readonly number[] | undefined =>
  places === undefined ? undefined : Array.from(places);

const rejected = (of: string, option: string, rule: string, got: unknown) =>
  new GraphError([{ code: 'invalid-option', of, option, rule, got, at: 'fit' }]);

function unit(k: number): DenseMatrix {
  const out = dense(k, k);
  for (let r = 0; r < k; r++) out.data[r * (k + 1)] = 1;
  return out;
}
