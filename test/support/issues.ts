import { GraphError, type GraphIssue } from '../../src/index.js';

/** What is wrong, by whoever finds it. */
export function issuesOf(run: () => unknown): readonly GraphIssue[] {
  try {
    run();
  } catch (error) {
    if (error instanceof GraphError) return error.issues;
    throw error;
  }
  return [];
}

/** The same of what rejects. */
export async function issuesOfAsync(run: () => Promise<unknown>): Promise<readonly GraphIssue[]> {
  const error: unknown = await run().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return issuesOf(() => {
    if (error !== undefined) throw error;
  });
}
