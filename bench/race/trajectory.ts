import type { DenseMatrix } from '../../src/matrix.js';

/** A fit's loss after so many iterations, and roughly when it got there. */
export interface Point {
  readonly iterations: number;
  readonly loss: number;
  readonly seconds: number;
}

export interface Fitted {
  readonly seconds: number;
  readonly W: DenseMatrix;
  readonly d?: Float64Array;
  readonly H: DenseMatrix;
}

/** One way of timing a trajectory; all clocks of one see the same iterates. */
export interface Clock {
  readonly name: string;
  readonly threads: number;
  /** Its curve is drawn. */
  readonly charted: boolean;
  /** A whole fit from the start, of so many iterations. */
  fit(seed: number, iterations: number): Promise<Fitted>;
}

/** The iterates that one program goes through from each start, in one precision. */
export interface Trajectory {
  readonly program: 'factorloom' | 'scikit-learn';
  readonly precision: 'f64' | 'f32';
  /** The starts it is tried from. */
  readonly seeds: readonly number[];
  readonly clocks: readonly Clock[];
  /** Losses along the ladder, up to a limit in seconds; not the figures that are quoted. */
  explore(seed: number, ladder: readonly number[], limit: number): Promise<readonly Point[]>;
}
