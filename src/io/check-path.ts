import { GraphError } from '../errors.js';
import { isPath, PATH_RULE } from '../path.js';

/** @throws GraphError 'invalid-option' for a path that is none. */
export function checkPath(of: string, path: unknown): void {
  if (isPath(path)) return;
  throw new GraphError([{ code: 'invalid-option', of, option: 'path', rule: PATH_RULE, got: path, at: of }]);
}
