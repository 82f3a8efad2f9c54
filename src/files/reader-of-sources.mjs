// Starts the reader where it is TypeScript: in a clone of the project, from its sources. The built package has no need of it.
import { register } from 'tsx/esm/api';

register();
await import('./reader.ts');
