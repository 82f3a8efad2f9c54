import { type ZodError, type ZodObject, type ZodType, z } from 'zod';
import { GraphError } from '../errors.js';
import type { Fault } from '../issues.js';

/** @throws GraphError with every fault in a set of options. */
export function checkOptions(schema: ZodType, options: unknown, of: string): void {
  const issues = optionFaults(schema, options, of).map((fault) => ({ ...fault, at: of }));
  if (issues.length > 0) throw new GraphError(issues);
}

/** Options against their schema. */
export function optionFaults(schema: ZodType, options: unknown, of: string): readonly Fault[] {
  const given = options === undefined ? {} : options;
  if (schema instanceof z.ZodObject && isSound(schema, given)) return [];
  const result = schema.safeParse(given);
  return result.success ? [] : result.error.issues.flatMap((issue) => optionFault(issue, schema, options, of));
}

/**
 * Whether each option that is given is as its schema has it, and each that must be given is there. Of forty options a call
 * gives three or four, and zod looks at all; so these are looked at alone, and what isn't sound zod tells of as a whole.
 * No schema has checks of options together.
 */
function isSound(schema: ZodObject, options: unknown): boolean {
  if (typeof options !== 'object' || options === null || Object.getPrototypeOf(options) !== Object.prototype)
    return false;
  const { shape } = schema;
  for (const [key, value] of Object.entries(options))
    if (!Object.hasOwn(shape, key) || !shape[key].safeParse(value).success) return false;
  return neededIn(schema).every((key) => Object.hasOwn(options, key));
}

/** The options that must be given, of schemas that have been asked for them. */
const needed = new WeakMap<ZodObject, readonly string[]>();

function neededIn(schema: ZodObject): readonly string[] {
  const known = needed.get(schema);
  if (known !== undefined) return known;
  const { shape } = schema;
  const keys = Object.keys(shape).filter((key) => !shape[key].safeParse(undefined).success);
  needed.set(schema, keys);
  return keys;
}

type ZodIssue = ZodError['issues'][number];

function optionFault(issue: ZodIssue, schema: ZodType, options: unknown, of: string): readonly Fault[] {
  // `side` is how W() and H() mark what they made: to the user the fault is in the slot.
  const keys = issue.path.at(-1) === 'side' ? issue.path.slice(0, -1) : issue.path;
  const path = keys.map(String);
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(schema, path);
    return issue.keys.map((key) => ({ code: 'unknown-option', of, option: [...path, key].join('.'), known }));
  }
  const got = keys.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
    options,
  );
  const rule = path.length === 0 ? 'an object of options' : issue.message;
  return [{ code: 'invalid-option', of, option: path.join('.') || 'options', rule, got }];
}

/** The keys that the object at a path may have: into objects, through optionals, into the object among alternatives. */
function knownKeys(schema: unknown, path: readonly string[]): readonly string[] {
  if (schema instanceof z.ZodOptional) return knownKeys(schema.unwrap(), path);
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => knownKeys(option, path));
  if (schema instanceof z.ZodRecord) return knownKeys(schema.valueType, path.slice(1));
  if (!(schema instanceof z.ZodObject)) return [];
  return path.length === 0 ? Object.keys(schema.shape) : knownKeys(schema.shape[path[0]], path.slice(1));
}
