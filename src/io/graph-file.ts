import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { GraphConfig } from '../dsl/config.js';
import type { Ref } from '../dsl/expr.js';
import { GraphError } from '../errors.js';
import { writeWhole } from '../files/write-whole.js';
import type { JsonValue } from '../json.js';
import type { DenseData } from '../matrix.js';
import { checkPath } from './check-path.js';
import type { DataPlace } from './graph-schema.js';
import { assemble, type GraphData, placesIn, type ReadGraph } from './read-graph.js';
import { readWhole } from './read-whole.js';
import { fromBytes, type TensorFile } from './safetensors.js';
import { type GraphFileOptions, graphToJSON } from './write-graph.js';
import { readYaml, yamlText } from './yaml.js';

/** What a path to a graph file ends with, in JSON or YAML. */
export const isGraphFile = (path: string): boolean => /\.json$/i.test(path) || isYaml(path);
const isYaml = (path: string): boolean => /\.ya?ml$/i.test(path);

const FILE = 'the graph file';

/**
 * Writes a graph to a file, as `graphToJSON` puts it, laid out so that versions of it can be compared line by line: in YAML where
 * the path ends with .yaml or .yml, or else in JSON. A file that was there before stays whole until the new one is.
 *
 * @example
 * await saveGraph(output, 'graph.json', { seed: 1 });
 * @throws GraphError as `graphToJSON` does, and 'invalid-option' for a path that is none; what the system throws where the
 * file can't be written.
 * @throws MissingPeerError for YAML, where the optional package `yaml` isn't there.
 */
export async function saveGraph(
  output: Ref,
  path: string,
  config: GraphConfig = {},
  options: GraphFileOptions = {},
): Promise<void> {
  checkPath('saveGraph', path);
  // Through JSON, so that what is undefined is left out.
  const json: JsonValue = JSON.parse(JSON.stringify(graphToJSON(output, config, options)));
  const text = isYaml(path) ? await yamlText(json) : `${layOut(json)}\n`;
  await writeWhole(path, [new TextEncoder().encode(text)]);
}

/**
 * Reads a graph file, in YAML where the path ends with .yaml or .yml, or else in JSON. Data that aren't given are read from the files that it names, relative to its own
 * folder: safetensors, rows × columns of 64 or 32 bits; what is given goes before what it names.
 *
 * @example
 * const { output, config } = await loadGraph('graph.json', { rna: X });
 * @throws GraphError as `graphFromJSON` does, 'unreadable-data' for data that can't be read, and 'invalid-option' for a path
 * that is none.
 * @throws ModelFileError 'not-read' where there is no such file, or none that can be read.
 * @throws MissingPeerError for YAML, where the optional package `yaml` isn't there.
 */
export async function loadGraph(path: string, data: GraphData = {}): Promise<ReadGraph> {
  checkPath('loadGraph', path);
  const text = new TextDecoder().decode(await readWhole(path, 'A graph'));
  const json = isYaml(path) ? await readYaml(text, FILE) : parsed(text);
  const isGiven = (name: string) => Object.hasOwn(Object(data), name) && data[name] !== undefined;
  const { found, unread } = await readPlaces(placesIn(json), isGiven, dirname(path));
  return assemble(json, typeof data === 'object' && data !== null ? { ...data, ...found } : data, unread);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const got = error instanceof Error ? `no JSON (${error.message})` : 'no JSON';
    throw new GraphError([{ code: 'not-a-graph', got, at: FILE }]);
  }
}

/** The data that lie in files, but for what is given; each file is read once. */
async function readPlaces(
  places: Readonly<Record<string, DataPlace>>,
  isGiven: (name: string) => boolean,
  folder: string,
) {
  const files = new Map<string, TensorFile | string>();
  const found: Record<string, DenseData> = {};
  const unread: { code: 'unreadable-data'; name: string; path: string; tensor: string; got: string }[] = [];
  for (const [name, { path, tensor }] of Object.entries(places)) {
    if (isGiven(name)) continue;
    const place = resolve(folder, path);
    const file = files.get(place) ?? (await tensorsAt(place));
    files.set(place, file);
    const matrix = typeof file === 'string' ? file : matrixIn(file, tensor);
    if (typeof matrix === 'string') unread.push({ code: 'unreadable-data', name, path, tensor, got: matrix });
    else found[name] = matrix;
  }
  return { found, unread };
}

/** What a file holds, or why it can't be read. */
async function tensorsAt(path: string): Promise<TensorFile | string> {
  try {
    return fromBytes(await readFile(path));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function matrixIn({ tensors }: TensorFile, name: string): DenseData | string {
  const tensor = tensors.get(name);
  if (tensor === undefined)
    return `a file of ${[...tensors.keys()].map((key) => `'${key}'`).join(', ') || 'no tensors'}`;
  const [rows, cols] = tensor.shape;
  if (tensor.shape.length !== 2) return `a tensor of shape ${tensor.shape.join(' × ') || 'none'}`;
  return { kind: 'dense', rows, cols, order: 'rows', data: tensor.data };
}

/** Longest line that holds several things of different kinds. */
const LINE = 100;

/** JSON with lists of numbers and short objects on a line each. */
function layOut(json: JsonValue, margin = ''): string {
  const line = onOneLine(json);
  if (typeof json !== 'object' || json === null || line.length + margin.length <= LINE) return line;
  const inner = `${margin}  `;
  if (!Array.isArray(json)) {
    const entries = Object.entries(json).map(
      ([key, value]) => `${inner}${JSON.stringify(key)}: ${layOut(value, inner)}`,
    );
    return `{\n${entries.join(',\n')}\n${margin}}`;
  }
  if (json.every((part) => typeof part !== 'object' || part === null)) return line;
  return `[\n${json.map((part) => inner + layOut(part, inner)).join(',\n')}\n${margin}]`;
}

function onOneLine(json: JsonValue): string {
  if (Array.isArray(json)) return `[${json.map(onOneLine).join(', ')}]`;
  if (typeof json !== 'object' || json === null) return JSON.stringify(json);
  const entries = Object.entries(json).map(([key, value]) => `${JSON.stringify(key)}: ${onOneLine(value)}`);
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
}
