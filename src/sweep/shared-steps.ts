import type { LayerResult } from '../runtime/state.js';

/** What fits have cost, and what they would have cost each by itself. */
export interface Work {
  /** Layers asked for by all rows, and those that were fitted: the others were shared. */
  readonly asked: number;
  readonly fitted: number;
  /** Multiply-adds of the layers that were fitted, and of all that were asked for, by the plan's count for an iteration. */
  readonly multiplyAdds: number;
  readonly multiplyAddsAlone: number;
}

/** Layers that several points have in common: each is fitted when the first point comes to it. */
export class SharedSteps {
  readonly #wanted = new Map<string, number>();
  readonly #results = new Map<string, Promise<LayerResult>>();
  #work = { asked: 0, fitted: 0, multiplyAdds: 0, multiplyAddsAlone: 0 };

  get work(): Work {
    return Object.freeze({ ...this.#work });
  }

  /** Says that a row is going to want these. */
  expect(keys: Iterable<string>): void {
    for (const key of keys) this.#wanted.set(key, (this.#wanted.get(key) ?? 0) + 1);
  }

  /** The result of a layer, fitted now or by whoever came first; `cost` is that of an iteration. */
  async get(key: string, cost: number, fit: () => Promise<LayerResult>): Promise<LayerResult> {
    let found = this.#results.get(key);
    if (found === undefined) {
      found = fit();
      this.#results.set(key, found);
      this.#work.fitted++;
      const { iterations } = await found;
      this.#work.multiplyAdds += cost * iterations;
    }
    const result = await found;
    this.#work.asked++;
    this.#work.multiplyAddsAlone += cost * result.iterations;
    return result;
  }

  /** A row is done with these. */
  release(keys: Iterable<string>): void {
    for (const key of keys) {
      const left = (this.#wanted.get(key) ?? 1) - 1;
      if (left > 0) this.#wanted.set(key, left);
      else {
        this.#wanted.delete(key);
        this.#results.delete(key);
      }
    }
  }
}
