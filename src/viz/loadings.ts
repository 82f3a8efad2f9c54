import { show } from '../issues.js';
import type { Strongest } from '../runtime/fit.js';
import { checking } from './check.js';
import { SET2 } from './colours.js';
import { type Part, type Picture, panelTitle, picture } from './picture.js';

export interface LoadingsOptions {
  /** The factors shown, from 0, in this order; default: all. */
  readonly factors?: readonly number[] | undefined;
  /** Features of each, a whole number ≥ 1; default 10. */
  readonly n?: number | undefined;
  /** Default 'Strongest features'. */
  readonly title?: string | undefined;
}

/** What can be asked for the strongest features of its k factors: a layer of a fit, or some of its factors. */
export interface WithTop {
  readonly d: Float64Array;
  top(factor: number, n?: number): readonly Strongest[] | { readonly [modality: string]: readonly Strongest[] };
}

/**
 * Bars of the features that each factor is strongest in, as `top` finds them, one panel for each factor, and under a
 * `factorShared` one for each factor and modality.
 *
 * @param fit a layer of a fit, or what `subset` or `sorted` gives.
 * @throws GraphError 'invalid-data' for what has no factors, 'invalid-option' for a factor that isn't there, 'unknown-option'.
 * @example
 * await writeFile('parts.svg', await plotLoadings(fit.parts, { factors: [0, 1], n: 8 }).toSvg());
 */
export function plotLoadings(fit: WithTop, options: LoadingsOptions = {}): Picture {
  const check = checking('plotLoadings');
  const { factors, n = 10, title = 'Strongest features' } = check.options(options, ['factors', 'n', 'title']);
  const isFit = typeof fit?.top === 'function' && fit.d instanceof Float64Array;
  check.refuse('fit', isFit, 'a layer of a fit, or some of its factors', show(fit));
  const isList = factors === undefined || (Array.isArray(factors) && factors.length > 0);
  check.option('factors', isList, 'a list of factors, at least one', factors);
  check.option('n', Number.isInteger(n) && n >= 1, 'a whole number, at least 1', n);
  check.done();
  const k = fit.d.length;
  const asked = factors ?? Array.from(fit.d.keys());
  asked.forEach((factor, i) => { check.factor(`factors.${i}`, factor, k); }); // biome-ignore format: one thought
  check.done();
  const panels = asked.flatMap((factor) => {
    const top = fit.top(factor, n);
    if (isOne(top)) return [panel(`factor ${factor}`, top)];
    return Object.entries(top).map(([modality, own]) => panel(`factor ${factor}, ${modality}`, own));
  });
  const modalities = panels.length / asked.length;
  return picture(title, [], { concat: panels, columns: modalities > 1 ? modalities : Math.min(3, panels.length) });
}

// Of a layer whose modalities aren't known by type, it is one or the other.
const isOne = (top: ReturnType<WithTop['top']>): top is readonly Strongest[] => Array.isArray(top);

function panel(name: string, top: readonly Strongest[]): Part {
  if (top.length === 0)
    return {
      title: panelTitle(`${name}: all weights are 0`),
      width: 200,
      height: 40,
      data: { values: [{}] },
      mark: { type: 'point', opacity: 0 },
    };
  const values = top.map(({ feature, weight }) => ({ feature: String(feature), weight, sign: weight < 0 ? '−' : '+' }));
  return {
    title: panelTitle(name),
    ...{ width: 200, height: { step: 16 } },
    data: { values },
    mark: { type: 'bar', tooltip: true },
    encoding: {
      x: { field: 'weight', type: 'quantitative', title: 'weight', axis: { tickCount: 4 } },
      y: { field: 'feature', type: 'nominal', title: null, sort: null },
      color: {
        field: 'sign',
        type: 'nominal',
        scale: { domain: ['+', '−'], range: [SET2[0], SET2[1]] },
        legend: null,
      },
    },
  };
}
