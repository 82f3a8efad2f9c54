// Starts the reader where it is TypeScript: in a clone of the project, from its sources. The built package has no need of it.
import { register } from 'tsx/esm/api';

// What is loaded before is not looked through for TypeScript: this one is large. Who needs it says that it is missing.
await import('h5wasm/node').catch(() => {});
register();
await import('./reader.ts');
