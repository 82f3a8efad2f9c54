import { GraphError } from '../errors.js';

/** @throws GraphError 'invalid-option' for a path that is none. */
export function checkPath(of: string, path: unknown): void {
  if (typeof path === 'string' && path !== '' && !path.includes('\0')) return;
  const rule = 'the path of a file, a string';
  throw new GraphError([{ code: 'invalid-option', of, option: 'path', rule, got: path, at: of }]);
}
