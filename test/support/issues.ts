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
