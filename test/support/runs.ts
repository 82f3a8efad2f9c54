/** How many random cases a property is tried on; FACTORLOOM_TEST_RUNS looks longer. */
export const runs = (usual: number): { readonly numRuns: number } => ({
  numRuns: Number(process.env.FACTORLOOM_TEST_RUNS ?? usual),
});
