/** Words that a fit uses itself, or that would make it behave as something else. */
export const RESERVED_LAYER_NAMES = [
  'summary',
  'then',
  'reconstruct',
  'project',
  'loadings',
  'explained',
  'report',
  'save',
  'toJSON',
  'constructor',
  '__proto__',
] as const;

export const RESERVED_INPUT_NAMES = ['then', 'toJSON', 'constructor', '__proto__'] as const;
