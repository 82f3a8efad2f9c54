/** What commands know of how they were called. */
export interface Context {
  /** What was typed after 'factorloom'. */
  readonly args: readonly string[];
  /** Does what such words say. */
  run(args: readonly string[]): Promise<void>;
}
