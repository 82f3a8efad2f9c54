import type { Plan } from '../compiler/plan.js';
import { checkOptions } from '../dsl/check-options.js';
import { projectOptions, reconstructOptions } from '../dsl/schemas.js';
import { GraphError } from '../errors.js';
import type { Kernels } from '../kernels/kernels.js';
import { type DenseMatrix, dense, named } from '../matrix.js';
import { eachExplainedBy, factorLossesOf } from './explained.js';
import type { ProjectOptions, ReconstructOptions } from './fit.js';
import { firstKnown, inputsOf } from './inputs.js';
import { loadingsOf } from './loadings.js';
import { namesIn } from './named.js';
import { type Given, newSamples } from './new-samples.js';
import { project } from './project.js';
import { estimates, fitted, multiply, partOf } from './reconstruct.js';
import type { RunState } from './state.js';

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
      checkLayer(plan, layer, 'loadings');
      const loaded = (await loadingsOf(plan, state, layer)).map(({ name, slot, L }) => {
        const { rowNames } = namesIn(plan, slot);
        // A copy: the caller may write to it.
        const own = dense(L.rows, L.cols, L.data.slice());
        return [name, named(own, rowNames === undefined ? {} : { rowNames })] as const;
      });
      return Object.freeze(Object.fromEntries(loaded));
    },

    async explained(layer: string): Promise<Readonly<Record<string, Float64Array>>> {
      checkLayer(plan, layer, 'explained');
      const found = await factorLossesOf(plan, state, layer, kernels, threads);
      return Object.freeze(Object.fromEntries(found.map(({ name, ...losses }) => [name, eachExplainedBy(losses)])));
    },
  };
}

function checkLayer(plan: Plan, layer: string, of: string): void {
  if (!knows(plan, layer)) throw rejected(of, 'layer', layersOf(plan), layer);
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
