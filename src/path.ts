/** What the path of a file must be. */
export const PATH_RULE = 'the path of a file, a string';

export const isPath = (path: unknown): path is string =>
  typeof path === 'string' && path !== '' && !path.includes('\0');
