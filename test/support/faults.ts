import { expect } from 'vitest';
import * as factorloom from '../../src/index.js';
import { GraphError, type GraphIssue } from '../../src/index.js';
import { issuesOf } from './issues.js';

/** The library as plain JavaScript sees it: nothing is checked before it runs. */
// biome-ignore lint/suspicious/noExplicitAny: these tests stand for callers without types
export type Untyped = { readonly [name: string]: (...args: readonly any[]) => any };
export const untyped = factorloom as unknown as Untyped;

/** The one issue of a graph that has one. */
export function only(build: () => unknown): GraphIssue {
  const issues = issuesOf(build);
  expect(issues.map(({ code }) => code)).toHaveLength(1);
  return issues[0];
}

/** A fault: its code, how a graph that has it is made, some of its fields, and its sentence. */
export type FaultCase = readonly [GraphIssue['code'], () => unknown, object, RegExp];

/** The fault is the only one of its graph, has a place, and says what it should. */
export function expectFault([code, build, fields, words]: FaultCase): void {
  const issue = only(build);
  expect(issue).toMatchObject({ code, ...fields });
  expect(issue.at).not.toBe('');
  expect(() => build()).toThrow(words);
  expect(() => build()).toThrow(GraphError);
}
