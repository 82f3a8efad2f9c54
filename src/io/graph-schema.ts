import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { nodeOptions, type OptionsKind } from '../dsl/node-options.js';
import { graphConfig } from '../dsl/schemas.js';
import type { JsonValue } from '../json.js';

/** The version of graph files that this version writes and reads. */
export const GRAPH_VERSION = 1;

/** Options as they are in the file: those of the builders, the matrices among them as `$dense`, `$csc` or `$name`. */
export interface JsonOptions {
  readonly [option: string]: JsonValue;
}

/** A node of a graph file; those that it reads stand before it. */
export type GraphFileNode =
  | { readonly id: string; readonly kind: 'input'; readonly options: JsonOptions }
  | {
      readonly id: string;
      readonly kind: 'shared' | 'concat' | 'add';
      readonly inputs: readonly string[];
      readonly options?: JsonOptions | undefined;
    }
  | { readonly id: string; readonly kind: 'nmf' | 'svd'; readonly input: string; readonly options: JsonOptions }
  | {
      readonly id: string;
      readonly kind: 'condition';
      readonly input: string;
      readonly Z: JsonValue;
      readonly options?: JsonOptions | undefined;
    };

/** Where data lie: a tensor of a safetensors file. */
export interface DataPlace {
  /** Relative to the folder of the graph file. */
  readonly path: string;
  /** The name of the tensor: rows × columns, numbers of 64 or 32 bits. */
  readonly tensor: string;
}

/** A graph as JSON; `graph.schema.json` of the package is its JSON Schema. */
export interface GraphFile {
  readonly format: 'factorloom-graph';
  readonly version: typeof GRAPH_VERSION;
  /** Upstream first. */
  readonly nodes: readonly GraphFileNode[];
  /** The id of the output. */
  readonly output: string;
  /** What `factorNet` takes beside it. */
  readonly config?: JsonOptions | undefined;
  /** Where to find what the nodes name, inputs and matrices; what isn't here is to be given. */
  readonly data?: { readonly [name: string]: DataPlace } | undefined;
}

const text = (rule: string) =>
  z
    .string(rule)
    .refine((word) => word !== '', rule)
    .meta({ minLength: 1 });
const id = text('the id of a node, a string');
const finite = z.number('a finite number');
/** A number, or null for one that is missing. */
const known = finite.nullable();
const precision = z.enum(['f64', 'f32'], "'f64' or 'f32'").optional();

const rows = z
  .array(z.array(known, 'rows of numbers or null'), 'rows of numbers or null')
  .refine((list) => list.every((row) => row.length === list[0].length), 'rows of equal length');
const denseForm = z.strictObject({ $dense: rows, order: z.enum(['columns', 'rows']).optional(), precision });
const places = z.array(
  z
    .int()
    .min(0)
    .max(2 ** 32 - 1),
);
const csc = z.strictObject({
  rows: z.int().min(0),
  cols: z.int().min(0),
  indptr: places,
  indices: places,
  values: z.array(known),
  unlisted: z.enum(['zero', 'missing']).optional(),
});
const cscForm = z.strictObject({ $csc: csc, precision });
const nameForm = z.strictObject({ $name: text('a name') });

/** A matrix within options, wherever one may be: its numbers, or the name they are given by. */
const matrix = z
  .union([denseForm, cscForm, nameForm], 'a matrix as { $dense: rows }, { $csc: … } or { $name: … }')
  .meta({ id: 'matrix' });

/** What an option may be of which the options' own schema says no more: a word, a number, a list, a matrix, or some of these by name. */
const item = z.union([z.string(), finite, z.boolean(), z.array(z.union([z.string(), z.boolean(), known])), matrix]);
const named = (part: z.ZodType) => z.record(z.string().regex(/^[^$]/), part);
const value = z
  .union(
    [item, rows, named(z.union([item, named(item)]))],
    'a word, numbers, a matrix as { $dense: rows }, { $csc: … } or { $name: … }, or an object of these',
  )
  .meta({ id: 'value' });

/** The schema of options as a file holds them: where a matrix may be, its forms in the file. */
function inFile(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodOptional)
    return new z.ZodOptional({ type: 'optional', innerType: inFile(schema.unwrap()) });
  if (schema instanceof z.ZodObject) return schema.extend(shapeInFile(schema.shape));
  if (schema instanceof z.ZodUnion) return schema.clone({ ...schema.def, options: schema.options.map(inFile) });
  if (schema instanceof z.ZodUnknown) return value;
  return schema instanceof z.ZodCustom && schema.meta() === undefined ? value : schema;
}

const shapeInFile = (shape: Readonly<Record<string, z.core.$ZodType>>) =>
  Object.fromEntries(Object.entries(shape).map(([key, part]) => [key, inFile(part)]));

function optionsInFile(schema: z.ZodObject): z.ZodObject {
  const name = 'name' in schema.shape ? { name: text('a name, a string') } : {};
  return schema.extend({ ...shapeInFile(schema.shape), ...name });
}

const nodeInFile = <const K extends OptionsKind>(kind: K, links: Readonly<Record<string, z.ZodType>>) => {
  const options = optionsInFile(nodeOptions[kind]);
  const some = options.safeParse({}).success ? options.optional() : options;
  return z.strictObject({ id, kind: z.literal(kind), ...links, options: some }, 'an object, { id, kind, … }');
};
const list = { inputs: z.array(id, 'a list of ids') };
const one = { input: id };

/** The nodes of a file by their kind. */
export const fileNodes = {
  input: nodeInFile('input', {}),
  shared: nodeInFile('shared', list),
  concat: nodeInFile('concat', list),
  add: nodeInFile('add', list),
  nmf: nodeInFile('nmf', one),
  svd: nodeInFile('svd', one),
  condition: nodeInFile('condition', { ...one, Z: value }),
} as const satisfies Record<OptionsKind, z.ZodType>;

export const fileNode = z.discriminatedUnion(
  'kind',
  [
    fileNodes.input,
    fileNodes.shared,
    fileNodes.concat,
    fileNodes.add,
    fileNodes.nmf,
    fileNodes.svd,
    fileNodes.condition,
  ],
  Object.keys(fileNodes)
    .map((kind) => `'${kind}'`)
    .join(' or '),
);

const place = z.strictObject({
  path: text('the path of a file, relative to the graph file').refine(
    (path) => !isAbsolute(path) && !path.includes('\0'),
    'the path of a file, relative to the graph file',
  ),
  tensor: text('the name of a tensor'),
});
export const dataPlaces = z.record(z.string(), place, 'places of data by name');

/** What a file says of itself before anything else in it is looked at. */
export const claim = z.object({ format: z.literal('factorloom-graph'), version: z.int().min(1) });

/** A graph file, but for its nodes, which are looked at one by one. */
export const graphFrame = z.strictObject({
  format: z.literal('factorloom-graph'),
  version: z.literal(GRAPH_VERSION),
  nodes: z.array(z.unknown(), 'a list of nodes'),
  output: id,
  config: optionsInFile(graphConfig).optional(),
  data: dataPlaces.optional(),
});

/** What `graphToJSON` takes beside the graph. */
export const writeOptions = z.strictObject({
  data: dataPlaces.optional(),
  inline: z
    .number('a number, at least 0')
    .refine((count) => count >= 0, 'a number, at least 0')
    .optional(),
});

/** The JSON Schema (draft 2020-12) of graph files, which the package publishes. */
export function graphJsonSchema(): unknown {
  const file = graphFrame.extend({ nodes: z.array(fileNode) }).meta({
    title: `A graph of factorloom, version ${GRAPH_VERSION}`,
    description: 'Nodes stand after those they read, and refer to them by id; null is a missing entry.',
  });
  return z.toJSONSchema(file, { unrepresentable: 'any', io: 'input' });
}
