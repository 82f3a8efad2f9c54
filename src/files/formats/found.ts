import type { Matrix } from '../../matrix.js';

/** What is known of the lines of a matrix: a text or a number for each. */
export type Column = readonly string[] | Float64Array;

/** What is called what along one side of a matrix. */
export interface Side {
  readonly names?: readonly string[] | undefined;
  readonly labels?: Readonly<Record<string, Column>> | undefined;
}

/** A matrix as a file holds it. */
export interface Found {
  readonly matrix: Matrix;
  /** Whether `matrix` is the other way round than the file says, since that is how it lies there. */
  readonly turned: boolean;
  /** How the matrix that the file says lies, where the format says that. */
  readonly lies?: 'features-by-samples' | 'samples-by-features' | undefined;
  /** Of the rows and columns that the file says. */
  readonly rows?: Side | undefined;
  readonly columns?: Side | undefined;
}
