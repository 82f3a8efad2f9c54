import type { InWork } from '../runtime/checkpoint.js';
import type { LayerResult } from '../runtime/state.js';

/** What fits have cost, and what they would have cost each by itself. */
export interface Work {
  /** Layers asked for by all rows, and those that were fitted or gone on with: the others were shared. */
  readonly asked: number;
  readonly fitted: number;
  /**
   * Multiply-adds of the iterations that were made, those of races between starts and of fits that only others start from
   * among them; and of the iterations of all that were asked for, each from its start, by the plan's count for an iteration.
   */
  readonly multiplyAdds: number;
  readonly multiplyAddsAlone: number;
}

/** Where a fit can be gone on from, whatever the layer is called. */
export type Left = Omit<InWork, 'layer'>;

/** What is asked for of a layer. */
export interface Wanted {
  /** Multiply-adds of an iteration. */
  readonly cost: number;
  /** How far the layers below had come: from another place it is another fit. */
  readonly below: string;
  /** Its last iterate, at the latest; null: where it ends by itself. */
  readonly end: number | null;
}

/** Fits a layer, from where it was left; what it leaves for later is told. */
export type GoOn = (left: Left | null, leave: (left: Left) => void) => Promise<LayerResult>;

/** Layers that several fits have in common. */
export interface Steps {
  /** The result of a layer of a row, fitted now or by whoever came first. */
  get(key: string, wanted: Wanted, goOn: GoOn): Promise<LayerResult>;
  /** The same where no row asks for it, but a layer that starts from it. */
  find(key: string, wanted: Wanted, goOn: GoOn): Promise<LayerResult>;
}

interface Entry {
  readonly wanted: Wanted;
  /** Null once it has been gone on from, or where it can't be. */
  left: Left | null;
  readonly result: Promise<LayerResult>;
}

/** Those of its races among them. */
const iterationsOf = ({ iterations, raced = 0 }: LayerResult): number => iterations + raced;

const endOf = ({ wanted: { end } }: Entry): number => end ?? Infinity;

/** Layers that several points have in common: each is fitted, or gone on with, when the first point comes to it. */
export class SharedSteps implements Steps {
  readonly #holders = new Map<string, number>();
  /** How far each has come: the furthest alone, or whatever has been asked for. */
  readonly #entries = new Map<string, readonly Entry[]>();
  readonly #keeps: 'furthest' | 'all';
  #work = { asked: 0, fitted: 0, multiplyAdds: 0, multiplyAddsAlone: 0 };

  /** All, where points ask for the same iterates of a layer one after the other. */
  constructor(keeps: 'furthest' | 'all' = 'furthest') {
    this.#keeps = keeps;
  }

  get work(): Work {
    return Object.freeze({ ...this.#work });
  }

  /** Says that a row is going to want these. */
  expect(keys: Iterable<string>): void {
    for (const key of keys) this.#holders.set(key, (this.#holders.get(key) ?? 0) + 1);
  }

  async get(key: string, wanted: Wanted, goOn: GoOn): Promise<LayerResult> {
    const result = await this.find(key, wanted, goOn);
    this.#work.asked++;
    this.#work.multiplyAddsAlone += wanted.cost * iterationsOf(result);
    return result;
  }

  async find(key: string, wanted: Wanted, goOn: GoOn): Promise<LayerResult> {
    const known = this.#entries.get(key) ?? [];
    const alike = known.filter(({ wanted: { below } }) => below === wanted.below);
    let entry = alike.find(({ wanted: { end } }) => end === wanted.end);
    if (entry === undefined) {
      const earlier = alike.filter((one) => endOf(one) < (wanted.end ?? Infinity));
      const before = earlier.reduce<Entry | undefined>(
        (furthest, one) => (furthest === undefined || endOf(one) > endOf(furthest) ? one : furthest),
        undefined,
      );
      entry = this.#entry(wanted, before, goOn);
      this.#entries.set(key, this.#keeps === 'all' ? [...known, entry] : [entry]);
    }
    return entry.result;
  }

  #entry(wanted: Wanted, before: Entry | undefined, goOn: GoOn): Entry {
    let entry: Entry | undefined;
    let left: Left | null = null;
    const leave = (found: Left | null) => {
      left = found;
      if (entry !== undefined) entry.left = found;
    };
    const made = async () => {
      const earlier = await before?.result;
      const from = before?.left ?? null;
      // Only the furthest is gone on with.
      if (before !== undefined) before.left = null;
      // One that stopped by itself, and not only in time, is done.
      if (before !== undefined && earlier?.stopped === 'converged' && earlier.iterations !== before.wanted.end) {
        leave(from);
        return earlier;
      }
      this.#work.fitted++;
      const result = await goOn(from, leave);
      this.#work.multiplyAdds += wanted.cost * (iterationsOf(result) - (from?.state.iterations ?? 0));
      // It goes on from a start that has been chosen before.
      return from === null ? result : { ...result, raced: earlier?.raced ?? 0 };
    };
    const result = made();
    entry = { wanted, result, left };
    return entry;
  }

  /** A row is done with these. */
  release(keys: Iterable<string>): void {
    for (const key of keys) {
      const count = (this.#holders.get(key) ?? 1) - 1;
      if (count > 0) this.#holders.set(key, count);
      else {
        this.#holders.delete(key);
        this.#entries.delete(key);
      }
    }
  }
}
